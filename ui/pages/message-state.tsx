// Whether a message waits or who has it, and whether it has died before.
import type { JSX } from 'preact';
import { Tag } from '../components/parts.tsx';
import { moment } from '../format.ts';
import { deathReasons } from '../story.ts';
import type { Message } from '../types.ts';

export function MessageState({ message }: { message: Message }): JSX.Element {
  const { worker, death } = message;
  return (
    <span class="tags">
      {worker ? (
        <span class="ink-unacked" title={`On ${worker.channel} since ${moment(worker.delivered_at)}`}>
          with {worker.consumer_tag || worker.channel}
        </span>
      ) : (
        <span class="ink-ready">ready</span>
      )}
      {message.redelivered && <Tag mood="warn">redelivered</Tag>}
      {death && (
        <Tag mood="bad" title={`Came from ${death.queue}: ${deathReasons[death.reason] ?? death.reason}`}>
          {death.reason} in {death.queue}
        </Tag>
      )}
    </span>
  );
}
