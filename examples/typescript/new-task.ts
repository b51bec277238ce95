// Puts tasks into the work queue: ten of them, or one given as arguments. Each dot in a task is a second of work.
import { connect } from 'amqplib';

const given = process.argv.slice(2).join(' ');
const tasks = given ? [given] : Array.from({ length: 10 }, (_, number) => `Hello World: ${number}`);

const connection = await connect(process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672/');
const channel = await connection.createConfirmChannel();

// Durable: the queue itself is still there after the broker was restarted. Persistent (below): so are its messages.
await channel.assertQueue('task_queue', { durable: true });

for (const task of tasks) {
  channel.sendToQueue('task_queue', Buffer.from(task), { persistent: true });
  console.log(` [x] Sent '${task}'`);
}

// Returns when the broker has every one of them safely.
await channel.waitForConfirms();
await connection.close();
