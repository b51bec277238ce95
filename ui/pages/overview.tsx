// Is all well: one sentence, the totals over time, what needs attention, and the node.
import type { JSX } from 'preact';
import { api, withQuery } from '../api.ts';
import { allIsWell, type Looked, type Trouble, troubles } from '../attention.ts';
import { LengthsChart, RatesChart } from '../components/messages-charts.tsx';
import { Facts, Figures, Head, RangePicker, Section, samplesOf } from '../components/parts.tsx';
import { Fault, Loading } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { bytes, count, duration, exact, rate } from '../format.ts';
import { Icon } from '../icons.tsx';
import { useLive } from '../live.ts';
import { isAdministrator, isMonitoring } from '../session.ts';
import { rateOf, totalOf } from '../stats.ts';
import type { Alarm, ConnectionInfo, NodeInfo, Overview, Queue } from '../types.ts';
import { link, view } from '../url.ts';
import { AlarmsSection } from './alarms.tsx';

/** The deepest queues and the connections by their state: what there is to complain of is among them. */
const deepest = {
  page: 1,
  page_size: 100,
  sort: 'messages',
  sort_reverse: 'true',
  columns: 'name,vhost,messages,messages_details.rate,consumers,oldest_message_age_ms',
};
const byState = { page: 1, page_size: 100, sort: 'state', columns: 'name,state' };

export function OverviewPage(): JSX.Element {
  const vhost = view.value.params['vhost'];
  const live = useLive<Overview>(withQuery(api`overview`, { vhost, ...samplesOf('lengths', 'msg_rates') }));
  const queues = useLive<{ items: readonly Queue[] }>(
    withQuery(vhost === undefined ? api`queues` : api`queues/${vhost}`, deepest),
  );
  const connections = useLive<{ items: readonly ConnectionInfo[] }>(withQuery(api`connections`, byState));
  const nodes = useLive<NodeInfo[]>(isMonitoring.value ? api`nodes` : undefined);
  const alarms = useLive<readonly Alarm[]>(api`alarms`).data ?? [];
  const overview = live.data;
  return (
    <>
      <Head
        title="Overview"
        actions={
          isAdministrator.value && (
            <a class="button" href={link(['admin', 'definitions'])}>
              Export or import definitions
            </a>
          )
        }
      />
      {live.error ? (
        <Fault error={live.error} />
      ) : !overview ? (
        <Loading rows={10} />
      ) : (
        <>
          <Health
            looked={{
              overview,
              queues: queues.data?.items ?? [],
              connections: connections.data?.items ?? [],
              alarms,
            }}
          />
          <Totals overview={overview} />
          <div class="row end">
            <RangePicker />
          </div>
          <div class="charts">
            <LengthsChart totals={overview.queue_totals} />
            <RatesChart stats={overview.message_stats} />
          </div>
          <div class="columns">
            <AlarmsSection alarms={alarms} />
            {nodes.data?.map(node => (
              <NodeFacts key={node.name} node={node} />
            ))}
            <Section title="Broker">
              <Facts
                facts={[
                  ['Product', `Leveret ${overview.leveret_version ?? overview.product_version ?? ''}`],
                  ['Speaks like', overview.rabbitmq_version && `RabbitMQ ${overview.rabbitmq_version}`],
                  ['Cluster name', overview.cluster_name],
                  ...(overview.listeners ?? []).map(
                    ({ protocol, ip_address, port }) => [`Listens for ${protocol}`, `${ip_address}:${port}`] as const,
                  ),
                ]}
              />
            </Section>
            <Churn overview={overview} />
          </div>
        </>
      )}
    </>
  );
}

const SHOWN = 12;

function Health({ looked }: { looked: Looked }): JSX.Element {
  const found = troubles(looked);
  if (found.length === 0) {
    return (
      <p class="verdict good">
        <Icon name="check" />
        <span>All is well: {allIsWell(looked)}.</span>
      </p>
    );
  }
  const [worst, ...others] = found.slice(0, SHOWN) as [Trouble, ...Trouble[]];
  return (
    <div class="verdict bad">
      <Icon name="warn" />
      <div>
        <p>
          <a href={link(worst.path)}>{worst.text}</a>
        </p>
        {others.length > 0 && (
          <ul>
            {others.map(({ text, path }) => (
              <li key={text}>
                <a href={link(path)}>{text}</a>
              </li>
            ))}
          </ul>
        )}
        {found.length > SHOWN && <p>and {exact(found.length - SHOWN)} more</p>}
      </div>
    </div>
  );
}

function Totals({ overview }: { overview: Overview }): JSX.Element {
  const { object_totals: totals, queue_totals: lengths, message_stats: stats } = overview;
  return (
    <Figures
      figures={[
        { name: 'Ready', value: count(lengths?.messages_ready), word: 'ready', colour: 'ready' },
        { name: 'Unacked', value: count(lengths?.messages_unacknowledged), word: 'unacked', colour: 'unacked' },
        { name: 'In', value: rate(rateOf(stats, 'publish')), word: 'in', colour: 'in' },
        { name: 'Out', value: rate(rateOf(stats, 'deliver_get')), word: 'out', colour: 'out' },
        { name: 'Queues', value: count(totals?.queues) },
        { name: 'Connections', value: count(totals?.connections) },
        { name: 'Channels', value: count(totals?.channels) },
        { name: 'Consumers', value: count(totals?.consumers) },
      ]}
    />
  );
}

function alarm(where: 'above' | 'below', limit = 0, on = false): string {
  if (on) return ', ALARM: publishers are blocked';
  return limit > 0 ? `, alarm ${where} ${bytes(limit)}` : '';
}

function NodeFacts({ node }: { node: NodeInfo }): JSX.Element {
  return (
    <Section title={`Node ${node.name}`}>
      <Facts
        facts={[
          ['Up for', duration(node.uptime)],
          ['Memory', `${bytes(node.mem_used)}${alarm('above', node.mem_limit, node.mem_alarm)}`],
          [
            'Disk free',
            node.disk_free
              ? `${bytes(node.disk_free)}${alarm('below', node.disk_free_limit, node.disk_free_alarm)}`
              : undefined,
          ],
          ['Open files', `${exact(node.fd_used)} of ${exact(node.fd_total)}`],
          ['Processors', node.processors],
        ]}
      />
    </Section>
  );
}

const churned: readonly (readonly [counter: string, title: string])[] = [
  ['connection_created', 'Connections opened'],
  ['connection_closed', 'Connections closed'],
  ['channel_created', 'Channels opened'],
  ['channel_closed', 'Channels closed'],
  ['queue_declared', 'Queues declared'],
  ['queue_created', 'Queues created'],
  ['queue_deleted', 'Queues deleted'],
];

function Churn({ overview: { churn_rates: churn } }: { overview: Overview }): JSX.Element | null {
  if (!churn) return null;
  const columns: Column<(typeof churned)[number]>[] = [
    { id: 'what', title: 'Since the start', word: 'churn', cell: ([, title]) => title },
    { id: 'total', title: 'Total', number: true, cell: ([counter]) => exact(totalOf(churn, counter)) },
    { id: 'rate', title: 'Rate', number: true, cell: ([counter]) => rate(rateOf(churn, counter)) },
  ];
  return (
    <Section title="Coming and going">
      <Table label="Coming and going" rows={churned} keyOf={([counter]) => counter} columns={columns} />
    </Section>
  );
}
