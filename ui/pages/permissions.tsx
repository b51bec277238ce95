// Who may do what in a vhost, as sentences, and how that is changed.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { askDanger, openForm } from '../components/dialog.tsx';
import { Table } from '../components/table.tsx';
import { vhosts } from '../session.ts';
import type { Permission } from '../types.ts';
import { link } from '../url.ts';
import { isEverything } from './users.tsx';

/** `end` is what differs from row to row. */
export function PermissionTable({
  permissions,
  end,
}: {
  permissions: readonly Permission[];
  end: 'user' | 'vhost';
}): JSX.Element {
  return (
    <Table
      label="Permissions"
      rows={permissions}
      keyOf={permission => `${permission.user} ${permission.vhost}`}
      columns={[
        {
          id: 'end',
          title: end === 'user' ? 'User' : 'Virtual host',
          cell: permission => (
            <a href={link(['admin', end === 'user' ? 'users' : 'vhosts', permission[end]])}>{permission[end]}</a>
          ),
        },
        { id: 'may', title: 'May', cell: permission => <Sentence permission={permission} /> },
        {
          id: 'act',
          title: 'Change',
          cell: permission => (
            <span class="row">
              <button type="button" class="small" onClick={() => setPermission(permission)}>
                Change
              </button>
              <button type="button" class="small danger" onClick={() => clear(permission)}>
                Take away
              </button>
            </span>
          ),
        },
      ]}
    />
  );
}

function Sentence({ permission }: { permission: Permission }): JSX.Element {
  if (isEverything(permission)) return <>do everything</>;
  const parts = [
    ['declare and delete', permission.configure],
    ['publish to', permission.write],
    ['consume from', permission.read],
  ] as const;
  return (
    <>
      {parts.map(([what, pattern], index) => (
        <span key={what}>
          {index > 0 && '; '}
          {what}{' '}
          {pattern === '' || pattern === '^$' ? 'nothing' : pattern === '.*' ? 'everything' : <code>{pattern}</code>}
        </span>
      ))}
    </>
  );
}

/** Asks for the three patterns, and for the end that is not known. */
export function setPermission(known: Partial<Permission>): void {
  openForm({
    title: `Permissions${known.user ? ` of ${known.user}` : ''}${known.vhost ? ` in ${known.vhost}` : ''}`,
    verb: 'Set permissions',
    intro: (
      <p>
        Each is a regular expression over names of exchanges and queues. “.*” is all of them, and nothing typed is none.
      </p>
    ),
    fields: [
      ...(known.user === undefined ? [{ name: 'user', label: 'User', kind: 'text' as const, required: true }] : []),
      ...(known.vhost === undefined
        ? [
            {
              name: 'vhost',
              label: 'Virtual host',
              kind: 'select' as const,
              options: vhosts.value.map(name => ({ value: name, label: name })),
            },
          ]
        : []),
      {
        name: 'configure',
        label: 'Configure',
        kind: 'text',
        value: known.configure ?? '.*',
        hint: 'May declare and delete what matches.',
      },
      {
        name: 'write',
        label: 'Write',
        kind: 'text',
        value: known.write ?? '.*',
        hint: 'May publish to and bind what matches.',
      },
      {
        name: 'read',
        label: 'Read',
        kind: 'text',
        value: known.read ?? '.*',
        hint: 'May consume from, get from and purge what matches.',
      },
    ],
    act: async ({ configure, write, read, ...ends }) => {
      const { user = '', vhost = '' } = { ...ends, ...known } as Partial<Permission>;
      await send('PUT', api`permissions/${vhost}/${user}`, { configure, write, read });
      return `Set the permissions of ${user} in ${vhost}.`;
    },
  });
}

function clear({ user, vhost }: Permission): void {
  askDanger({
    title: `Take all permissions of ${user} in ${vhost} away?`,
    verb: 'Take them away',
    loss: (
      <p>
        Clients can then not connect to {vhost} as {user}.
      </p>
    ),
    act: async () => {
      await send('DELETE', api`permissions/${vhost}/${user}`);
      return `Took the permissions of ${user} in ${vhost} away.`;
    },
  });
}
