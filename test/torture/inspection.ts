// What a client sees in the queues after a restart, and what the data folder takes on the disk.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { backlog, exchange, type Life, queues, type Sender } from './client.ts';

/** The backlog is drained to this, head first, so that the disk has something to give back. */
const backlogKept = 400;

const waitMsMax = 30_000;

/** Reads every queue from head to tail, compares it with the model, and puts everything back by closing the connection. */
export async function inspect(life: Life, sender: Sender): Promise<void> {
  const connection = await connect(life.url);
  try {
    for (const queue of queues) {
      // A channel each: an ack with `multiple` is for all that its channel was given.
      const channel = await connection.createConfirmChannel();
      await channel.checkExchange(exchange);
      const { messageCount } = await channel.checkQueue(queue);
      const found = await readAll(channel, queue, messageCount);
      life.model.inspect(
        queue,
        messageCount,
        found.map(({ content, fields }) => ({ body: content, redelivered: fields.redelivered })),
      );
      if (queue === backlog) await drain(life, channel, found.slice(0, -backlogKept), sender);
    }
  } finally {
    await connection.close();
  }
}

/** All that a queue holds, not acknowledged; one more than was said would be seen, since the consumer stays for a round trip. */
async function readAll(channel: ConfirmChannel, queue: string, count: number): Promise<ConsumeMessage[]> {
  const found: ConsumeMessage[] = [];
  let enough = () => {};
  const all = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${queue}: ${found.length} of ${count} messages were delivered in ${waitMsMax} ms`));
    }, waitMsMax);
    enough = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  if (count === 0) enough();
  const { consumerTag } = await channel.consume(queue, delivery => {
    if (!delivery) return;
    found.push(delivery);
    if (found.length === count) enough();
  });
  await all;
  await channel.cancel(consumerTag);
  return found;
}

/** Acknowledges these, the first of the backlog, at one go; and for sure, since a publish after it is confirmed. */
async function drain(life: Life, channel: ConfirmChannel, first: ConsumeMessage[], sender: Sender): Promise<void> {
  const last = first.at(-1);
  if (!last) return;
  const messages = first.map(({ content }) => ({ key: content.toString('latin1', 0, content.indexOf(' ')) }));
  for (const message of messages) life.model.acked(backlog, message);
  channel.ack(last, true);
  sender.send(life, channel, backlog, 0, () => {
    for (const message of messages) life.model.settled(backlog, message);
  });
  await channel.waitForConfirms();
}

/** Bytes that a folder takes on the disk, blocks and not lengths, as `du` counts them. */
export async function diskBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // A file may go while we look.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    if (found) bytes += found.blocks * 512;
  }
  return bytes;
}
