// One connection: who it is, how much it moves, its channels, and how to close it.
import type { JSX } from 'preact';
import { api, send, withQuery } from '../api.ts';
import { Chart } from '../components/chart.tsx';
import { openForm } from '../components/dialog.tsx';
import { Facts, Head, RangePicker, range, Section, samplesOf } from '../components/parts.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { say } from '../components/toast.tsx';
import { bytes, count, exact, moment, plural } from '../format.ts';
import { useLive } from '../live.ts';
import { rates } from '../series.ts';
import type { ChannelInfo, ConnectionInfo } from '../types.ts';
import { go } from '../url.ts';
import { channelColumns } from './channels.tsx';
import { ConnectionState, clientText, givenName, propertyFacts } from './connections.tsx';

export function ConnectionPage({ name }: { name: string }): JSX.Element {
  const live = useLive<ConnectionInfo>(withQuery(api`connections/${name}`, samplesOf('data_rates')));
  const channels = useLive<ChannelInfo[]>(api`connections/${name}/channels`).data ?? [];
  const connection = live.data;
  const unacked = channels.reduce((sum, channel) => sum + (channel.messages_unacknowledged ?? 0), 0);
  return (
    <>
      <Head
        title={connection ? givenName(connection) || name : name}
        copy={name}
        trail={[{ title: 'Connections', path: ['connections'] }]}
        actions={
          connection && (
            <button type="button" class="danger" onClick={() => close(connection, channels.length, unacked)}>
              Close
            </button>
          )
        }
      />
      {live.error ? (
        <Fault error={live.error} />
      ) : !connection ? (
        <Loading />
      ) : (
        <>
          <div class="row end">
            <RangePicker />
          </div>
          <Chart
            title="Data rates"
            unit="byteRate"
            rangeS={range().ageS}
            series={[
              { label: 'From client', colour: 'in', line: rates(connection.recv_oct_details) },
              { label: 'To client', colour: 'out', line: rates(connection.send_oct_details), dash: [6, 3] },
            ]}
          />
          <div class="columns">
            <Section title="Who">
              <ConnectionFacts connection={connection} />
            </Section>
            <Section title="What the client says of itself">
              <Facts facts={propertyFacts(connection.client_properties)} />
            </Section>
          </div>
          <Section title="Channels">
            {channels.length === 0 ? (
              <Empty title="No channels">
                <p>The client has connected and does nothing yet.</p>
              </Empty>
            ) : (
              <Table
                label="Channels"
                rows={channels}
                keyOf={channel => channel.name}
                columns={channelColumns.filter(({ extra, id }) => !extra && id !== 'user')}
              />
            )}
          </Section>
        </>
      )}
    </>
  );
}

function ConnectionFacts({ connection }: { connection: ConnectionInfo }): JSX.Element {
  return (
    <Facts
      facts={[
        ['Name', connection.name],
        ['State', <ConnectionState key="state" state={connection.state} />],
        ['User', connection.user],
        ['Virtual host', connection.vhost, 'vhost'],
        ['Client', clientText(connection)],
        ['Address', `${connection.peer_host}:${connection.peer_port}`],
        ['Connected at', moment(connection.connected_at)],
        ['Protocol', connection.protocol],
        ['TLS', connection.ssl ? 'yes' : 'no'],
        ['Mechanism', connection.auth_mechanism],
        ['Heartbeat', `${connection.timeout ?? 0} s`, 'heartbeat'],
        ['Frame max', bytes(connection.frame_max)],
        ['Channel max', exact(connection.channel_max)],
        ['Channels', count(connection.channels)],
        ['Received, sent', `${bytes(connection.recv_oct)}, ${bytes(connection.send_oct)}`],
      ]}
    />
  );
}

function close(connection: ConnectionInfo, channels: number, unacked: number): void {
  openForm({
    title: 'Close this connection?',
    verb: 'Close the connection',
    danger: true,
    intro: (
      <p>
        <b>{plural(channels, 'channel')}</b> will close
        {unacked > 0 && `, and ${plural(unacked, 'message')} in its hands go back to their queues`}. Most clients
        connect again by themselves.
      </p>
    ),
    fields: [
      { name: 'reason', label: 'Reason, told to the client', kind: 'text', value: 'Closed via management plugin' },
    ],
    act: async ({ reason }) => {
      await send('DELETE', api`connections/${connection.name}`, undefined, reason ? { 'x-reason': reason } : {});
      go(['connections']);
      say('Closed the connection.');
      return undefined;
    },
  });
}
