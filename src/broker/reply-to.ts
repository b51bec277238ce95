// Direct reply-to: replies go straight to the channel that waits for them. There is no queue, so nothing is kept for who is gone.
import type { Message } from './message.ts';

/** What a requester consumes from and gives as reply_to; a name of its own, which begins with it, stands in what is sent. */
export const replyQueue = 'amq.rabbitmq.reply-to';
const prefix = `${replyQueue}.`;

/** A channel that waits for replies. */
export interface ReplyConsumer {
  reply(message: Message): void;
}

/** By the names that they were given. */
export type ReplyConsumers = Map<string, ReplyConsumer>;

/** Whether a routing key of the default exchange is meant for such a channel. */
export function isReplyKey(key: string): boolean {
  return key.startsWith(prefix);
}

/** Gives the message to each channel that its keys name. True when there was one. */
export function deliverReplies(consumers: ReplyConsumers, keys: readonly string[], message: Message): boolean {
  let found = false;
  for (const key of keys.length === 1 ? keys : new Set(keys)) {
    const consumer = consumers.get(key);
    if (consumer === undefined) continue;
    consumer.reply(message);
    found = true;
  }
  return found;
}
