// How a queue was declared, what holds for it and says who, what died in it, and what it takes up.
import type { JSX } from 'preact';
import { Facts, Section } from '../components/parts.tsx';
import { Table } from '../components/table.tsx';
import { bytes, exact, sentence } from '../format.ts';
import { tableText } from '../stats.ts';
import { deathReasons } from '../story.ts';
import type { Queue } from '../types.ts';
import { EffectiveSettings, PolicyName } from './effective.tsx';
import { percent, QueueState } from './queues.tsx';

export function QueueSettings({ queue }: { queue: Queue }): JSX.Element {
  const rows = [
    { kind: 'Total', messages: queue.messages, size: queue.message_bytes },
    { kind: 'Ready', messages: queue.messages_ready, size: queue.message_bytes_ready },
    { kind: 'Unacked', messages: queue.messages_unacknowledged, size: queue.message_bytes_unacknowledged },
    { kind: 'In memory', messages: queue.messages_ram, size: queue.message_bytes_ram },
    { kind: 'Persistent', messages: queue.messages_persistent, size: queue.message_bytes_persistent },
  ];
  return (
    <div class="columns">
      <EffectiveSettings vhost={queue.vhost} effective={queue.effective} />
      <Declared queue={queue} />
      <Section title="Died, dropped, kept back">
        <Facts
          facts={[
            ...Object.entries(queue.deaths ?? {}).map(
              ([reason, number]) => [sentence(deathReasons[reason] ?? reason), exact(number)] as const,
            ),
            ['Dropped as duplicates', exact(queue.messages_deduplicated), 'deduplicated'],
            ['Wait to be tried again', exact(queue.messages_retrying)],
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

function Declared({ queue }: { queue: Queue }): JSX.Element {
  const { vhost, policy, operator_policy: operatorPolicy } = queue;
  const yes = (value: boolean | undefined): string => (value ? 'yes' : 'no');
  return (
    <Section title="Declared with">
      <Facts
        facts={[
          ['Virtual host', vhost, 'vhost'],
          ['Type', queue.type],
          ['Durable', yes(queue.durable), 'durable'],
          ['Auto-delete', yes(queue.auto_delete), 'autoDelete'],
          ['Exclusive', yes(queue.exclusive), 'exclusive'],
          ['Arguments', tableText(queue.arguments) || 'none'],
          ['Policy', policy ? <PolicyName key="policy" kind="policies" vhost={vhost} name={policy} /> : 'none'],
          [
            'Operator policy',
            operatorPolicy ? (
              <PolicyName key="operator" kind="operator-policies" vhost={vhost} name={operatorPolicy} />
            ) : (
              'none'
            ),
          ],
          ['State', <QueueState key="state" queue={queue} />],
          ['Consumers', exact(queue.consumers)],
          ['Consumer capacity', percent(queue.consumer_capacity), 'capacity'],
          ['Node', queue.node],
        ]}
      />
    </Section>
  );
}
