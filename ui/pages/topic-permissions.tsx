// Which routing keys of topic exchanges a user may use, and how that is changed.
import type { JSX } from 'preact';
import { api, read, send, withQuery } from '../api.ts';
import { askDanger, openForm } from '../components/dialog.tsx';
import { Section } from '../components/parts.tsx';
import { Table } from '../components/table.tsx';
import { useLive } from '../live.ts';
import { vhosts } from '../session.ts';
import type { Exchange, TopicPermission } from '../types.ts';
import { link } from '../url.ts';
import { vhostField } from './queue-actions.tsx';

export function TopicPermissions({ user }: { user: string }): JSX.Element {
  const permissions = useLive<TopicPermission[]>(api`users/${user}/topic-permissions`).data ?? [];
  return (
    <Section
      title="Routing keys of topic exchanges"
      actions={
        <button type="button" onClick={() => void setTopicPermission({ user })}>
          Bound the routing keys
        </button>
      }
    >
      {permissions.length === 0 ? (
        <p class="muted">{user} may use every routing key, on every topic exchange that the permissions let through.</p>
      ) : (
        <Table
          label="Topic permissions"
          rows={permissions}
          keyOf={({ vhost, exchange }) => `${vhost} ${exchange}`}
          columns={[
            {
              id: 'exchange',
              title: 'Exchange',
              cell: ({ vhost, exchange }) => (
                <>
                  <a href={link(['exchanges', vhost, exchange])}>{exchange}</a>
                  <small class="muted">{vhost}</small>
                </>
              ),
            },
            { id: 'write', title: 'Publish with keys like', cell: ({ write }) => <Pattern pattern={write} /> },
            { id: 'read', title: 'Bind with keys like', cell: ({ read: pattern }) => <Pattern pattern={pattern} /> },
            {
              id: 'act',
              title: 'Change',
              cell: permission => (
                <span class="row">
                  <button type="button" class="small" onClick={() => void setTopicPermission(permission)}>
                    Change
                  </button>
                  <button type="button" class="small danger" onClick={() => clear(permission)}>
                    Lift
                  </button>
                </span>
              ),
            },
          ]}
        />
      )}
    </Section>
  );
}

function Pattern({ pattern }: { pattern: string }): JSX.Element {
  return pattern === '' || pattern === '^$' ? <>none</> : pattern === '.*' ? <>all</> : <code>{pattern}</code>;
}

async function setTopicPermission(known: Partial<TopicPermission>): Promise<void> {
  const { user = '', exchange: old } = known;
  const topics = old === undefined ? await topicExchanges() : [];
  openForm({
    title: `Routing keys of ${user}${old === undefined ? '' : ` on ${old}`}`,
    verb: 'Set it',
    intro: (
      <p>
        Each is a regular expression over routing keys. “.*” is all of them, and nothing typed is none. {'{username}'}{' '}
        and {'{vhost}'} stand for those of the connection.
      </p>
    ),
    fields: [
      ...(old !== undefined
        ? []
        : [
            vhostField(vhosts.value[0] ?? '/'),
            { name: 'exchange', label: 'Topic exchange', kind: 'text' as const, required: true, known: topics },
          ]),
      { name: 'write', label: 'Publish with keys like', kind: 'text', value: known.write ?? '.*' },
      { name: 'read', label: 'Bind with keys like', kind: 'text', value: known.read ?? '.*' },
    ],
    act: async ({ vhost = known.vhost ?? '', exchange = old, write, read: pattern }) => {
      await send('PUT', api`topic-permissions/${vhost}/${user}`, { exchange, write, read: pattern });
      return `Set which routing keys ${user} may use on ${exchange}.`;
    },
  });
}

/** Names that are offered; without an answer, none are. */
async function topicExchanges(): Promise<string[]> {
  const path = withQuery(api`exchanges`, { columns: 'name,type' });
  const exchanges = await read<readonly Exchange[]>(path).catch(() => []);
  return [...new Set(exchanges.filter(({ type }) => type === 'topic').map(({ name }) => name))].slice(0, 100);
}

function clear({ user, vhost, exchange }: TopicPermission): void {
  askDanger({
    title: `Let ${user} use every routing key on ${exchange}?`,
    verb: 'Lift the bounds',
    loss: (
      <p>
        {user} may then publish to {exchange} and bind it with any routing key, as far as the permissions in {vhost} let
        them.
      </p>
    ),
    act: async () => {
      await send('DELETE', api`topic-permissions/${vhost}/${user}/${exchange}`);
      return `Lifted the bounds of ${user} on ${exchange}.`;
    },
  });
}
