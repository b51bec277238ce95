// A broker process to do harm to, what its log says, what memory it takes, and a bystander who must not notice.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Channel, type LoginOptions, Wire } from '../conformance/wire.ts';
import { type Ending, Program } from '../interop/program.ts';

const readyLine = /AMQP on 127\.0\.0\.1:(\d+), management on http:\/\/127\.0\.0\.1:(\d+)/;

/** What a broker may be started with. */
export interface BrokerOptions {
  /** Further flags of `leveret start`. */
  readonly flags?: readonly string[];
  /** Settings that have no flag, as environment variables. */
  readonly env?: Record<string, string>;
  /** Keep data in the folder; without it everything is in memory. */
  readonly disk?: boolean;
  /** A folder that is there already. */
  readonly folder?: string;
  /** A command that runs the broker's command, which is appended to it. */
  readonly through?: readonly string[];
}

/** A `leveret start` of a test's own; it is killed when the test is over. */
export class Broker {
  readonly folder: string;
  readonly #options: BrokerOptions;
  #program!: Program;
  #port = 0;
  #managementPort = 0;

  private constructor(folder: string, options: BrokerOptions) {
    this.folder = folder;
    this.#options = options;
  }

  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'leveret-faults-')));
    const broker = new Broker(folder, options);
    onTestFinished(async () => {
      await broker.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    await broker.restart();
    return broker;
  }

  /** Starts the process, again on the same folder and port after `kill`. */
  async restart(): Promise<void> {
    const { through = [], flags = [], env = {}, disk = false } = this.#options;
    const place = disk ? ['--data-dir', join(this.folder, 'data')] : ['--memory'];
    const ports = ['--port', String(this.#port), '--management-port', String(this.#managementPort)];
    const [command, ...rest] = [
      ...through,
      process.execPath,
      'dist/cli/main.js',
      'start',
      ...ports,
      ...place,
      ...flags,
    ];
    this.#program = new Program(command!, rest, env);
    const [line] = await this.#program.waitFor(readyLine, 1, 30_000);
    const [, port, managementPort] = readyLine.exec(line!)!;
    this.#port = Number(port);
    this.#managementPort = Number(managementPort);
  }

  get port(): number {
    return this.#port;
  }

  get managementPort(): number {
    return this.#managementPort;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Resolves with the first lines of the log at that level whose message matches, as soon as there are so many. */
  async logged(level: 'info' | 'warning' | 'error', message: RegExp, count = 1): Promise<string[]> {
    const found = (): string[] =>
      this.#program.lines
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line) as { level: string; msg: string })
        .filter(line => line.level === level && message.test(line.msg))
        .map(line => line.msg);
    await this.#program.until(() => found().length >= count, `${count} ${level} lines that match ${message}`);
    return found();
  }

  /** Everything it printed since its last start. */
  get output(): string {
    return this.#program.lines.join('\n');
  }

  /** Memory of the process, MiB. */
  get rssMiB(): number {
    const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))!;
    return Number(kib) / 1024;
  }

  /** GET /api/health: status and body. */
  async health(): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${this.#managementPort}/api/health`);
    return { status: response.status, body: await response.json() };
  }

  /** A request to the API, by default as guest: status and body. */
  async ask(
    path: string,
    method = 'GET',
    body?: object,
    credentials = 'guest:guest',
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${this.#managementPort}/api${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  login(options?: LoginOptions): Promise<Wire> {
    return logIn(this.#port, options);
  }

  /** A channel of a new connection. */
  async channel(options?: LoginOptions): Promise<Channel> {
    return (await this.login(options)).channel();
  }

  async connect(): Promise<Wire> {
    const wire = await Wire.connect(this.#port);
    onTestFinished(() => wire.destroy());
    return wire;
  }

  /** kill -9, at once. */
  async kill(): Promise<Ending> {
    return this.#program.stop('SIGKILL');
  }

  async stop(): Promise<Ending> {
    return this.#program.stop('SIGTERM');
  }
}

async function logIn(port: number, options?: LoginOptions): Promise<Wire> {
  const wire = await Wire.login(port, options);
  onTestFinished(() => wire.destroy());
  return wire;
}

/** Somebody who publishes and consumes on a connection of their own, one message after the other, all the time. */
export class Bystander {
  readonly #channel: Channel;
  readonly #queue: string;
  #rounds = 0;
  #over = false;
  #failure: unknown;
  #watchers: (() => void)[] = [];
  readonly #running: Promise<void>;

  private constructor(channel: Channel, queue: string) {
    this.#channel = channel;
    this.#queue = queue;
    this.#running = this.#run();
  }

  static async on(broker: Broker): Promise<Bystander> {
    const channel = await broker.channel();
    const { queue } = await channel.call('queue.declare', { exclusive: true });
    await channel.consume(queue as string, 'bystander', { noAck: true });
    const bystander = new Bystander(channel, queue as string);
    onTestFinished(() => bystander.#stop());
    return bystander;
  }

  /** Fails unless all went well so far and so many more messages come through. */
  async unhurt(rounds = 20): Promise<void> {
    const goal = this.#rounds + rounds;
    while (this.#rounds < goal && this.#failure === undefined)
      await new Promise<void>(resolve => this.#watchers.push(resolve));
    assert.ifError(this.#failure);
  }

  async #run(): Promise<void> {
    try {
      while (!this.#over) {
        const text = `message ${this.#rounds}`;
        this.#channel.publish('', this.#queue, text);
        await this.#channel.delivered('bystander', this.#rounds + 1, this.#queue, text);
        this.#rounds++;
        this.#wake();
        await new Promise(resolve => setTimeout(resolve, 2));
      }
    } catch (error) {
      if (!this.#over) this.#failure = error;
      this.#wake();
    }
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  async #stop(): Promise<void> {
    this.#over = true;
    this.#channel.wire.destroy();
    await this.#running;
  }
}

/** Asks again and again until it holds; fails when it has not by then, with what it was last. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  holds: (value: T) => boolean,
  what: string,
  ms = 20_000,
): Promise<T> {
  for (const until = Date.now() + ms; ; ) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > until) throw new Error(`not within ${ms} ms: ${what}; it was ${JSON.stringify(value)}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
