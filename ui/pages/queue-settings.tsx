// How a queue was declared, and what it takes up.
import type { JSX } from 'preact';
import { Facts, Section } from '../components/parts.tsx';
import { Table } from '../components/table.tsx';
import { bytes, exact } from '../format.ts';
import { tableText } from '../stats.ts';
import type { Queue } from '../types.ts';
import { percent, QueueState } from './queues.tsx';

export function QueueSettings({ queue }: { queue: Queue }): JSX.Element {
  const yes = (value: boolean | undefined): string => (value ? 'yes' : 'no');
  const rows = [
    { kind: 'Total', messages: queue.messages, size: queue.message_bytes },
    { kind: 'Ready', messages: queue.messages_ready, size: queue.message_bytes_ready },
    { kind: 'Unacked', messages: queue.messages_unacknowledged, size: queue.message_bytes_unacknowledged },
    { kind: 'In memory', messages: queue.messages_ram, size: queue.message_bytes_ram },
    { kind: 'Persistent', messages: queue.messages_persistent, size: queue.message_bytes_persistent },
  ];
  return (
    <div class="columns">
      <Section title="Declared with">
        <Facts
          facts={[
            ['Virtual host', queue.vhost, 'vhost'],
            ['Type', queue.type],
            ['Durable', yes(queue.durable), 'durable'],
            ['Auto-delete', yes(queue.auto_delete), 'autoDelete'],
            ['Exclusive', yes(queue.exclusive), 'exclusive'],
            ['Arguments', tableText(queue.arguments) || 'none'],
            ['Policy', queue.policy || 'none'],
            ['Effective definition', tableText(queue.effective_policy_definition ?? {}) || 'as declared'],
            ['State', <QueueState key="state" queue={queue} />],
            ['Consumers', exact(queue.consumers)],
            ['Consumer capacity', percent(queue.consumer_capacity), 'capacity'],
            ['Node', queue.node],
          ]}
        />
      </Section>
      <Section title="What it takes up">
        <Table
          label="Messages and bytes"
          rows={rows}
          keyOf={row => row.kind}
          columns={[
            { id: 'kind', title: 'Messages', cell: row => row.kind },
            { id: 'number', title: 'Number', number: true, cell: row => exact(row.messages) },
            { id: 'size', title: 'Bodies', number: true, cell: row => bytes(row.size) },
          ]}
        />
      </Section>
    </div>
  );
}
