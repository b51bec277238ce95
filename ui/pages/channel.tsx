// One channel: what it does, for whom, and how fast.
import type { JSX } from 'preact';
import { api, withQuery } from '../api.ts';
import { Breakdown } from '../components/breakdown.tsx';
import { RatesChart } from '../components/messages-charts.tsx';
import { Facts, Figures, Head, RangePicker, Section, samplesOf } from '../components/parts.tsx';
import { Fault, Loading } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { count, exact, rate } from '../format.ts';
import { useLive } from '../live.ts';
import { exchangeName, rateOf } from '../stats.ts';
import type { ChannelInfo } from '../types.ts';
import { link } from '../url.ts';
import { ChannelMode, ChannelState, prefetch } from './channels.tsx';
import { consumerColumns } from './consumers.tsx';

export function ChannelPage({ name }: { name: string }): JSX.Element {
  const live = useLive<ChannelInfo>(withQuery(api`channels/${name}`, samplesOf('msg_rates')));
  const channel = live.data;
  return (
    <>
      <Head title={name} copy={name} trail={[{ title: 'Channels', path: ['channels'] }]} />
      {live.error ? (
        <Fault error={live.error} />
      ) : !channel ? (
        <Loading />
      ) : (
        <>
          <Figures
            figures={[
              { name: 'Unacked', value: count(channel.messages_unacknowledged), word: 'unacked', colour: 'unacked' },
              { name: 'Unconfirmed', value: count(channel.messages_unconfirmed), word: 'unconfirmed' },
              { name: 'Publish', value: rate(rateOf(channel.message_stats, 'publish')), colour: 'in' },
              { name: 'Deliver, get', value: rate(rateOf(channel.message_stats, 'deliver_get')), colour: 'out' },
              { name: 'Prefetch', value: prefetch(channel), word: 'prefetch' },
            ]}
          />
          <div class="row end">
            <RangePicker />
          </div>
          <RatesChart stats={channel.message_stats} />
          <Consumers channel={channel} />
          <Breakdowns channel={channel} />
          <Section title="Details">
            <ChannelFacts channel={channel} />
          </Section>
        </>
      )}
    </>
  );
}

function ChannelFacts({ channel }: { channel: ChannelInfo }): JSX.Element {
  const connection = channel.connection_details?.name;
  return (
    <Facts
      facts={[
        [
          'Connection',
          connection && (
            <a key="connection" href={link(['connections', connection])}>
              {connection}
            </a>
          ),
        ],
        ['User', channel.user],
        ['Virtual host', channel.vhost, 'vhost'],
        [
          'Mode',
          channel.confirm || channel.transactional ? <ChannelMode key="mode" channel={channel} /> : 'plain',
          'mode',
        ],
        ['State', <ChannelState key="state" channel={channel} />],
        ['Consumers', count(channel.consumer_count)],
        ['Messages uncommitted', exact(channel.messages_uncommitted), 'uncommitted'],
        ['Acks uncommitted', exact(channel.acks_uncommitted), 'uncommitted'],
        ['Node', channel.node],
      ]}
    />
  );
}

function Consumers({ channel }: { channel: ChannelInfo }): JSX.Element | null {
  const consumers = channel.consumer_details ?? [];
  if (consumers.length === 0) return null;
  return (
    <Section title="Consumers">
      <Table
        label="Consumers"
        rows={consumers}
        keyOf={consumer => consumer.consumer_tag}
        columns={consumerColumns.filter(({ id }) => id !== 'channel')}
      />
    </Section>
  );
}

/** RabbitMQ's breakdown: what went to which exchange, and what came from which queue. */
function Breakdowns({ channel }: { channel: ChannelInfo }): JSX.Element {
  return (
    <div class="columns">
      <Breakdown
        title="Publishes to"
        end="Exchange"
        rows={(channel.publishes ?? []).map(({ exchange: { name }, stats }) => ({
          name: exchangeName(name),
          href: link(['exchanges', channel.vhost, name]),
          stats,
        }))}
        counters={[
          ['publish', 'Published'],
          ['confirm', 'Confirmed'],
        ]}
      />
      <Breakdown
        title="Gets from"
        end="Queue"
        rows={(channel.deliveries ?? []).map(({ queue: { name, vhost }, stats }) => ({
          name,
          href: link(['queues', vhost, name]),
          stats,
        }))}
        counters={[
          ['deliver_get', 'Delivered'],
          ['ack', 'Acknowledged'],
        ]}
      />
    </div>
  );
}
