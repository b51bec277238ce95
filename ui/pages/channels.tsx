// All channels.
import type { JSX } from 'preact';
import { api } from '../api.ts';
import { List, type ListFilter } from '../components/list.tsx';
import { Amount, Head, Tag } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { count, rate } from '../format.ts';
import { rateOf } from '../stats.ts';
import type { ChannelInfo } from '../types.ts';
import { link, view } from '../url.ts';
import type { WordId } from '../words.ts';

export const channelColumns: readonly Column<ChannelInfo>[] = [
  { id: 'name', title: 'Channel', sort: 'name', cell: ({ name }) => <a href={link(['channels', name])}>{name}</a> },
  { id: 'vhost', title: 'Virtual host', word: 'vhost', sort: 'vhost', extra: true, cell: ({ vhost }) => vhost },
  { id: 'user', title: 'User', sort: 'user', fields: ['user'], cell: ({ user }) => user },
  {
    id: 'mode',
    title: 'Mode',
    word: 'mode',
    fields: ['confirm', 'transactional'],
    cell: channel => <ChannelMode channel={channel} />,
  },
  {
    id: 'state',
    title: 'State',
    sort: 'state',
    fields: ['state', 'idle_since'],
    cell: channel => <ChannelState channel={channel} />,
  },
  number(
    'unconfirmed',
    'Unconfirmed',
    'messages_unconfirmed',
    ({ messages_unconfirmed }) => count(messages_unconfirmed),
    'unconfirmed',
  ),
  number('consumers', 'Consumers', 'consumer_count', ({ consumer_count }) => count(consumer_count)),
  number('prefetch', 'Prefetch', 'prefetch_count', prefetch, 'prefetch'),
  number(
    'unacked',
    'Unacked',
    'messages_unacknowledged',
    channel => <Amount of={channel.messages_unacknowledged} colour="unacked" />,
    'unacked',
  ),
  number(
    'uncommitted',
    'Uncommitted',
    'messages_uncommitted',
    ({ messages_uncommitted }) => count(messages_uncommitted),
    'uncommitted',
    true,
  ),
  number(
    'acks-uncommitted',
    'Acks uncommitted',
    'acks_uncommitted',
    ({ acks_uncommitted }) => count(acks_uncommitted),
    'uncommitted',
    true,
  ),
  speed('publish', 'Publish'),
  speed('confirm', 'Confirm'),
  speed('deliver_get', 'Deliver, get'),
  speed('ack', 'Ack'),
  speed('redeliver', 'Redelivered', true),
  speed('return_unroutable', 'Returned', true),
  speed('drop_unroutable', 'Dropped', true),
  { id: 'node', title: 'Node', sort: 'node', fields: ['node'], extra: true, cell: ({ node }) => node },
];

const channelFilters: readonly ListFilter[] = [
  {
    name: 'state',
    label: 'State',
    options: [
      ['running', 'running'],
      ['idle', 'idle'],
    ],
  },
  { name: 'user', label: 'User' },
];

export function ChannelsPage(): JSX.Element {
  const vhost = view.value.params['vhost'];
  return (
    <>
      <Head title="Channels" />
      <List
        key={vhost}
        path={vhost === undefined ? api`channels` : api`vhosts/${vhost}/channels`}
        noun="channel"
        columns={channelColumns}
        filters={channelFilters}
        fields={['name', 'vhost']}
        keyOf={channel => channel.name}
        empty={
          <Empty title="No channels" command="leveret consume --declare tasks -- cat">
            <p>A client opens one in its connection to publish or to consume. This does:</p>
          </Empty>
        }
      />
    </>
  );
}

export function ChannelMode({ channel }: { channel: ChannelInfo }): JSX.Element {
  return (
    <span class="tags">
      {channel.confirm && <Tag title="Publishes are confirmed">C</Tag>}
      {channel.transactional && <Tag title="It uses transactions">T</Tag>}
    </span>
  );
}

export function ChannelState({ channel }: { channel: ChannelInfo }): JSX.Element {
  if (channel.state && !['running', 'idle'].includes(channel.state)) return <Tag mood="warn">{channel.state}</Tag>;
  return channel.idle_since ? (
    <span class="muted" title={`Since ${channel.idle_since}`}>
      idle
    </span>
  ) : (
    <span>running</span>
  );
}

/** Per consumer, and for the whole channel where that is limited too. */
export function prefetch({ prefetch_count: each, global_prefetch_count: all }: ChannelInfo): string {
  return `${each ? count(each) : 'no limit'}${all ? `, ${count(all)} in all` : ''}`;
}

function number(
  id: string,
  title: string,
  field: keyof ChannelInfo,
  cell: Column<ChannelInfo>['cell'],
  word?: WordId,
  extra = false,
): Column<ChannelInfo> {
  const fields = id === 'prefetch' ? [field, 'global_prefetch_count'] : [field];
  return { id, title, number: true, sort: field, fields, cell, word, extra };
}

function speed(counter: string, title: string, extra = false): Column<ChannelInfo> {
  const field = `message_stats.${counter}_details.rate`;
  return {
    id: counter,
    title,
    number: true,
    sort: field,
    fields: [field],
    cell: ({ message_stats }) => rate(rateOf(message_stats, counter)),
    extra,
  };
}
