// All consumers.
import type { JSX } from 'preact';
import { api } from '../api.ts';
import { List } from '../components/list.tsx';
import { Head, Tag } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { tableText } from '../stats.ts';
import type { ConsumerInfo } from '../types.ts';
import { link, view } from '../url.ts';

export const consumerColumns: readonly Column<ConsumerInfo>[] = [
  {
    id: 'tag',
    title: 'Consumer tag',
    word: 'tag',
    sort: 'consumer_tag',
    cell: ({ consumer_tag }) => <code>{consumer_tag}</code>,
  },
  {
    id: 'queue',
    title: 'Queue',
    sort: 'queue.name',
    cell: ({ queue }) => <a href={link(['queues', queue.vhost, queue.name], { tab: 'workers' })}>{queue.name}</a>,
  },
  {
    id: 'channel',
    title: 'Channel',
    sort: 'channel_details.name',
    cell: ({ channel_details: { name } }) => <a href={link(['channels', name])}>{name}</a>,
  },
  {
    id: 'user',
    title: 'User',
    sort: 'channel_details.user',
    extra: true,
    cell: ({ channel_details }) => channel_details.user,
  },
  {
    id: 'ack',
    title: 'Acknowledges',
    word: 'ackRequired',
    sort: 'ack_required',
    fields: ['ack_required'],
    cell: ({ ack_required }) => (ack_required ? 'yes' : 'no'),
  },
  {
    id: 'exclusive',
    title: 'Exclusive',
    sort: 'exclusive',
    fields: ['exclusive'],
    cell: ({ exclusive }) => (exclusive ? 'yes' : 'no'),
  },
  {
    id: 'prefetch',
    title: 'Prefetch',
    word: 'prefetch',
    number: true,
    sort: 'prefetch_count',
    fields: ['prefetch_count'],
    cell: ({ prefetch_count }) => prefetch_count || 'no limit',
  },
  {
    id: 'active',
    title: 'Active',
    sort: 'active',
    fields: ['active', 'activity_status'],
    cell: ({ active, activity_status }) =>
      active === false ? <Tag mood="warn">{activity_status ?? 'no'}</Tag> : 'yes',
  },
  { id: 'arguments', title: 'Arguments', fields: ['arguments'], cell: consumer => tableText(consumer.arguments) },
];

export function ConsumersPage(): JSX.Element {
  const vhost = view.value.params['vhost'];
  return (
    <>
      <Head title="Consumers" />
      <List
        key={vhost}
        path={vhost === undefined ? api`consumers` : api`consumers/${vhost}`}
        noun="consumer"
        columns={consumerColumns}
        fields={['consumer_tag', 'queue', 'channel_details']}
        keyOf={({ channel_details, consumer_tag }) => `${channel_details.name} ${consumer_tag}`}
        empty={
          <Empty title="Nobody consumes" command="leveret consume --declare tasks --prefetch 1 -- ./work.sh">
            <p>A worker is a consumer of a queue. This starts one:</p>
          </Empty>
        }
      />
    </>
  );
}
