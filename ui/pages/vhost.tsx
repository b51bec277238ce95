// One virtual host: its numbers, who may use it, and the end of it.
import type { JSX } from 'preact';
import { api, send, withQuery } from '../api.ts';
import { askDanger, openForm } from '../components/dialog.tsx';
import { LengthsChart, RatesChart } from '../components/messages-charts.tsx';
import { Head, RangePicker, Section, samplesOf, Tag } from '../components/parts.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { say } from '../components/toast.tsx';
import { plural } from '../format.ts';
import { useLive } from '../live.ts';
import { enter } from '../session.ts';
import type { Overview, Permission, VhostInfo } from '../types.ts';
import { go } from '../url.ts';
import { formatHash } from '../view-state.ts';
import { LimitsSection } from './limits.tsx';
import { PermissionTable, setPermission } from './permissions.tsx';
import { saidIn, vhostFields } from './vhosts.tsx';

export function VhostPage({ name }: { name: string }): JSX.Element {
  const live = useLive<VhostInfo & Overview['queue_totals']>(
    withQuery(api`vhosts/${name}`, samplesOf('lengths', 'msg_rates')),
  );
  const permissions = useLive<Permission[]>(api`vhosts/${name}/permissions`).data ?? [];
  const queues = useLive<{ total_count: number }>(
    withQuery(api`queues/${name}`, { page: 1, page_size: 1, columns: 'name' }),
  ).data;
  const vhost = live.data;
  return (
    <>
      <Head
        title={name}
        copy={name}
        trail={[{ title: 'Virtual hosts', path: ['admin', 'vhosts'] }]}
        actions={
          <>
            <a class="button" href={formatHash(['flow'], { vhost: name })}>
              Flow
            </a>
            <a class="button" href={formatHash(['queues'], { vhost: name })}>
              Queues
            </a>
            {vhost && (
              <button type="button" onClick={() => change(vhost)}>
                Describe
              </button>
            )}
            {vhost && (
              <button type="button" onClick={() => trace(vhost)}>
                {vhost.tracing ? 'Stop tracing' : 'Trace'}
              </button>
            )}
            {vhost && (
              <button type="button" class="danger" onClick={() => remove(vhost, queues?.total_count ?? 0)}>
                Delete
              </button>
            )}
          </>
        }
      />
      {live.error ? (
        <Fault error={live.error} />
      ) : !vhost ? (
        <Loading />
      ) : (
        <>
          {vhost.description && <p class="lead">{vhost.description}</p>}
          {(vhost.tracing || (vhost.tags && vhost.tags.length > 0)) && (
            <p class="tags">
              {vhost.tracing && (
                <Tag mood="warn" title="A copy of every message goes to amq.rabbitmq.trace">
                  traced
                </Tag>
              )}
              {vhost.tags?.map(tag => (
                <Tag key={tag}>{tag}</Tag>
              ))}
            </p>
          )}
          <div class="row end">
            <RangePicker />
          </div>
          <div class="charts">
            <LengthsChart totals={vhost} />
            <RatesChart stats={vhost.message_stats} />
          </div>
          <Section
            title="Who may use it"
            actions={
              <button type="button" onClick={() => setPermission({ vhost: name })}>
                Give permissions
              </button>
            }
          >
            {permissions.length === 0 ? (
              <Empty title="Nobody may use it">
                <p>Give a user permissions here, and clients can connect.</p>
              </Empty>
            ) : (
              <PermissionTable permissions={permissions} end="user" />
            )}
          </Section>
          <LimitsSection kind="vhost-limits" name={name} />
        </>
      )}
    </>
  );
}

function change(vhost: VhostInfo): void {
  openForm({
    title: `Describe the virtual host ${vhost.name}`,
    verb: 'Save it',
    fields: vhostFields(vhost),
    act: async values => {
      await send('PUT', api`vhosts/${vhost.name}`, saidIn(values));
      return `Changed the virtual host ${vhost.name}.`;
    },
  });
}

/** What is said of the vhost is sent along: without it, a change says that there is nothing to say. */
function trace(vhost: VhostInfo): void {
  const { name, description, tags, default_queue_type, tracing } = vhost;
  openForm({
    title: tracing ? `Stop tracing ${name}?` : `Trace ${name}?`,
    verb: tracing ? 'Stop tracing' : 'Trace it',
    intro: tracing ? (
      <p>Nothing more is then published to amq.rabbitmq.trace.</p>
    ) : (
      <p>
        A copy of every message that is published, delivered, acknowledged, returned or dead-lettered there goes to the
        exchange amq.rabbitmq.trace; bind a queue to it to see them. It costs speed for as long as it lasts.
      </p>
    ),
    fields: [],
    act: async () => {
      await send('PUT', api`vhosts/${name}`, { description, tags, default_queue_type, tracing: !tracing });
      return tracing ? `Stopped tracing ${name}.` : `${name} is traced.`;
    },
  });
}

/** A vhost is always much: its name has to be typed. */
function remove({ name, messages = 0 }: VhostInfo, queues: number): void {
  askDanger({
    title: `Delete the virtual host ${name}?`,
    verb: 'Delete the virtual host',
    name,
    loss: (
      <p>
        With it go <b>{plural(queues, 'queue')}</b> with <b>{plural(messages, 'message')}</b>, all its exchanges,
        bindings and permissions. Its connections are closed.
      </p>
    ),
    act: async () => {
      await send('DELETE', api`vhosts/${name}`);
      await enter();
      go(['admin', 'vhosts']);
      say(`Deleted the virtual host ${name}.`);
      return undefined;
    },
  });
}
