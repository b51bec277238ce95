// The producer of the demo: publishes persistent tasks and tells its parent which of them the broker confirmed.
import { connect } from 'amqplib';

const [url = '', queue = '', ...tasks] = process.argv.slice(2);
const connection = await connect(url);
const channel = await connection.createConfirmChannel();
await channel.assertQueue(queue, { durable: true });
for (const task of tasks) {
  channel.sendToQueue(queue, Buffer.from(task), { persistent: true }, error => {
    process.send?.(error ? { event: 'refused', task } : { event: 'confirmed', task });
  });
}
await channel.waitForConfirms();
await connection.close();
process.disconnect?.();
