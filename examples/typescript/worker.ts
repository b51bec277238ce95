// Works through the queue, one task at a time, a second for each dot in it. Start as many of these as you like.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';

// How many tasks the broker may give us before we acknowledged the first. 0: as many as there are.
const prefetch = Number(process.env['PREFETCH'] ?? 1);

const connection = await connect(process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672/');
const channel = await connection.createChannel();
let interrupted = false;

await channel.assertQueue('task_queue', { durable: true });
await channel.prefetch(prefetch);

await channel.consume('task_queue', async message => {
  if (!message) throw new Error('the broker cancelled this consumer: was the queue deleted?');
  const task = message.content.toString();
  console.log(` [x] Received '${task}'${message.fields.redelivered ? ' (redelivered)' : ''}`);
  await sleep(1000 * (task.split('.').length - 1));
  // Ctrl-C came while we slept: the connection is closed and the task is another worker's now.
  if (interrupted) return;
  console.log(' [x] Done');
  // Only now the broker forgets the task. Had we died before this line, another worker would be given it.
  channel.ack(message);
});
console.log(' [*] Waiting for messages. To exit press CTRL+C');

process.once('SIGINT', async () => {
  interrupted = true;
  console.log(' [*] Interrupted');
  // The channel first: it goes after the last ack, which the end of the connection might overtake.
  await channel.close();
  await connection.close();
  process.exit(0);
});
