// All connections.
import type { JSX } from 'preact';
import { api } from '../api.ts';
import { List, type ListFilter } from '../components/list.tsx';
import { Head, Tag } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { byteRate, bytes, count, exact, moment } from '../format.ts';
import { tableText } from '../stats.ts';
import type { ConnectionInfo } from '../types.ts';
import { link, view } from '../url.ts';

const columns: readonly Column<ConnectionInfo>[] = [
  {
    id: 'name',
    title: 'Name',
    sort: 'name',
    fields: ['user_provided_name', 'client_properties'],
    cell: connection => (
      <>
        <a href={link(['connections', connection.name])}>{givenName(connection) || connection.name}</a>
        {givenName(connection) && <small class="muted">{connection.name}</small>}
      </>
    ),
  },
  { id: 'vhost', title: 'Virtual host', word: 'vhost', sort: 'vhost', cell: ({ vhost }) => vhost },
  { id: 'user', title: 'User', sort: 'user', fields: ['user'], cell: ({ user }) => user },
  {
    id: 'state',
    title: 'State',
    sort: 'state',
    fields: ['state'],
    cell: connection => <ConnectionState state={connection.state} />,
  },
  { id: 'client', title: 'Client', fields: ['client_properties'], cell: clientText },
  { id: 'ssl', title: 'TLS', sort: 'ssl', fields: ['ssl'], extra: true, cell: ({ ssl }) => (ssl ? 'yes' : 'no') },
  {
    id: 'protocol',
    title: 'Protocol',
    sort: 'protocol',
    fields: ['protocol'],
    extra: true,
    cell: ({ protocol }) => protocol,
  },
  number('channels', 'Channels', ({ channels }) => count(channels)),
  number('channel_max', 'Channel max', ({ channel_max }) => exact(channel_max), true),
  number('frame_max', 'Frame max', ({ frame_max }) => bytes(frame_max), true),
  {
    id: 'auth',
    title: 'Mechanism',
    sort: 'auth_mechanism',
    fields: ['auth_mechanism'],
    extra: true,
    cell: ({ auth_mechanism }) => auth_mechanism,
  },
  {
    ...number('recv', 'From client', ({ recv_oct_details }) => byteRate(recv_oct_details?.rate)),
    sort: 'recv_oct_details.rate',
    fields: ['recv_oct_details'],
  },
  {
    ...number('send', 'To client', ({ send_oct_details }) => byteRate(send_oct_details?.rate)),
    sort: 'send_oct_details.rate',
    fields: ['send_oct_details'],
  },
  { ...number('timeout', 'Heartbeat', ({ timeout }) => `${timeout ?? 0} s`, true), word: 'heartbeat' },
  number('connected_at', 'Connected', ({ connected_at }) => moment(connected_at), true),
  { id: 'node', title: 'Node', sort: 'node', fields: ['node'], extra: true, cell: ({ node }) => node },
];

const connectionFilters: readonly ListFilter[] = [
  {
    name: 'state',
    label: 'State',
    options: [
      ['running', 'running'],
      ['closing', 'closing'],
    ],
  },
  { name: 'user', label: 'User' },
];

export function ConnectionsPage(): JSX.Element {
  const vhost = view.value.params['vhost'];
  return (
    <>
      <Head title="Connections" />
      <List
        key={vhost}
        path={vhost === undefined ? api`connections` : api`vhosts/${vhost}/connections`}
        noun="connection"
        columns={columns}
        filters={connectionFilters}
        fields={['name', 'vhost']}
        keyOf={connection => connection.name}
        empty={
          <Empty title="Nobody is connected" command="leveret consume --declare tasks -- cat">
            <p>Connect with a client library for AMQP 0-9-1, or try this:</p>
          </Empty>
        }
      />
    </>
  );
}

/** The name that the client gave itself. */
export function givenName(connection: ConnectionInfo): string {
  const named = connection.user_provided_name ?? connection.client_properties?.['connection_name'];
  return typeof named === 'string' ? named : '';
}

/** Library and version of the client. */
export function clientText({ client_properties: client }: ConnectionInfo): string {
  return [client?.['product'], client?.['version']].filter(part => typeof part === 'string').join(' ');
}

const states: Readonly<Record<string, string>> = {
  blocked: 'blocked: it publishes more than the broker can keep',
  blocking: 'blocked at its next publish',
  flow: 'slowed down: the disk is behind',
};

export function ConnectionState({ state }: { state: string | undefined }): JSX.Element {
  const words = states[state ?? ''];
  return words ? <Tag mood={state === 'flow' ? 'warn' : 'bad'}>{words}</Tag> : <span>{state}</span>;
}

function number(
  id: string,
  title: string,
  cell: Column<ConnectionInfo>['cell'],
  extra = false,
): Column<ConnectionInfo> {
  return { id, title, number: true, sort: id, fields: [id], cell, extra };
}

/** A client's properties as facts, what is nested as JSON. */
export function propertyFacts(properties: ConnectionInfo['client_properties']): (readonly [string, string])[] {
  return Object.entries(properties ?? {}).map(([name, value]) => [
    name,
    typeof value === 'object' && value !== null ? tableText(value as Record<string, unknown>) : String(value),
  ]);
}
