// Starts the built broker as a process and passes one persistent, confirmed message through it and a restart.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';

const program = join(import.meta.dirname, '../dist/cli/main.js');
if (!existsSync(program)) {
  await import('../dist/index.js');
  console.log('There is no command line yet; the library can be imported.');
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'leveret-smoke-'));
const [port, managementPort] = [await freePort(), await freePort()];
const url = `amqp://guest:guest@127.0.0.1:${port}`;
try {
  await withBroker(async client => {
    const channel = await client.createConfirmChannel();
    await channel.assertQueue('smoke', { durable: true });
    channel.sendToQueue('smoke', Buffer.from('through a restart'), { persistent: true });
    await channel.waitForConfirms();
  });
  await withBroker(async client => {
    const channel = await client.createChannel();
    const message = await channel.get('smoke');
    const body = message ? message.content.toString() : 'nothing';
    if (!message || body !== 'through a restart') throw new Error(`the queue gave ${body} after the restart`);
    channel.ack(message);
    await channel.close();
  });
  console.log(`A message went through a restart of the broker on Node ${process.version}.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Starts a broker, gives a connection to `use`, and stops the broker, which must end with exit code 0.
 * @param {(client: import('amqplib').ChannelModel) => Promise<void>} use
 */
async function withBroker(use) {
  const options = ['--port', `${port}`, '--management-port', `${managementPort}`, '--data-dir', join(folder, 'data')];
  const broker = spawn(process.execPath, [program, 'start', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(broker, 'close');
  let output = '';
  for (const stream of [broker.stdout, broker.stderr]) stream.on('data', chunk => (output += chunk));
  try {
    const client = await connected(broker);
    await use(client);
    await client.close();
    broker.kill('SIGTERM');
    const [code] = await Promise.race([ended, timeout(10_000, 'the broker did not stop within 10 s of SIGTERM')]);
    if (code !== 0) throw new Error(`the broker ended with ${code}`);
  } catch (error) {
    throw new Error(`${error.message}\nThe broker said:\n${output}`);
  } finally {
    broker.kill('SIGKILL');
  }
}

/** @param {import('node:child_process').ChildProcess} broker */
async function connected(broker) {
  for (const until = Date.now() + 20_000; ; ) {
    try {
      return await connect(url);
    } catch (error) {
      if (broker.exitCode !== null) throw new Error(`the broker ended with ${broker.exitCode} at its start`);
      if (Date.now() > until) throw new Error(`no login within 20 s: ${error.message}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * @param {number} ms
 * @param {string} what
 * @returns {Promise<never>}
 */
function timeout(ms, what) {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(what)), ms).unref());
}
