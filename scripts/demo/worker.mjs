// A worker of the demo: one task at a time, acknowledged when done; comes back when the broker does. Tells its parent what happens.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';

const [url = '', queue = '', workMs = '0'] = process.argv.slice(2);
/** @param {Record<string, unknown>} event */
const tell = event => process.send?.(event);
process.once('disconnect', () => process.exit(0));

for (;;) {
  await consume().catch(() => {});
  await sleep(150);
}

/** Consumes until the connection is lost. */
async function consume() {
  const connection = await connect(url);
  let lost = false;
  const end = new Promise(resolve => {
    connection.on('error', () => {});
    connection.on('close', resolve);
  });
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: true });
  await channel.prefetch(1);
  await channel.consume(queue, async message => {
    if (!message) return;
    const task = message.content.toString();
    tell({ event: 'received', task, redelivered: message.fields.redelivered });
    await sleep(Number(workMs));
    if (lost) return tell({ event: 'unacknowledged', task });
    channel.ack(message);
    tell({ event: 'done', task });
  });
  tell({ event: 'waiting' });
  await end;
  lost = true;
  tell({ event: 'disconnected' });
}
