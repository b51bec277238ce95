// The torture: a real broker is killed with -9 again and again under load, and after each kill everything in it is looked at.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connect } from 'amqplib';
import { BrokerProcess } from '../interop/broker-process.ts';
import { Churn } from './churn.ts';
import { consume, exchange, fanned, type Life, produce, queues, Sender, worked } from './client.ts';
import { diskBytes, inspect } from './inspection.ts';
import { Model } from './model.ts';
import { Random } from './random.ts';

export type TortureOptions = {
  kills: number;
  seed: number;
  /** The longest that the clients work between two kills, in milliseconds. */
  lifeMsMax: number;
  /** What the data folder may take beside twice the live bytes, in bytes. */
  diskAllowance: number;
  /** Hold settled acks and marks of redelivery to what Leveret promises; other brokers promise less. */
  strict: boolean;
  /** Told after each kill how it stands. */
  progress?: (line: string) => void;
};

/** How it went: one line for people, and what was wrong; nothing, when all is well. */
export type TortureReport = { summary: string; problems: string[] };

export async function torture(options: TortureOptions): Promise<TortureReport> {
  const run = new Run(options);
  // Small files, so that each life fills, seals and gives back many of them.
  const broker = await BrokerProcess.start({ LEVERET_SEGMENT_SIZE: '4MiB' });
  try {
    await run.setUp(broker);
    for (let kill = 1; kill <= options.kills && run.model.problems.length === 0; kill++) {
      await run.round(broker, kill).catch(error => run.model.problems.push(`after kill ${kill}: ${error.stack}`));
    }
    return run.report(broker.folder);
  } finally {
    // What went wrong can be looked at: the data of the broker, as the last kill left it.
    if (run.model.problems.length > 0) await broker.kill();
    else await broker.dispose();
  }
}

class Run {
  readonly model: Model;
  readonly #options: TortureOptions;
  readonly #random: Random;
  readonly #churn: Churn;
  readonly #producers: Sender[] = [0, 1, 2].map(number => new Sender(`p${number}`));
  readonly #consumers: { queue: string; sender: Sender }[];
  readonly #inspector: Sender = new Sender('inspector');
  /** What the broker logged as errors, the last of it; told with the problems. */
  #complaints: string[] = [];
  #kills = 0;
  #killsDuringStart = 0;
  #diskPeak = 0;
  #liveAtPeak = 0;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.model = new Model(queues, options.strict);
    this.#churn = new Churn(this.model.problems);
    this.#consumers = [...worked, ...worked, ...fanned].map((queue, number) => ({
      queue,
      sender: new Sender(`c${number}`),
    }));
  }

  async setUp(broker: BrokerProcess): Promise<void> {
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    for (const queue of queues) await channel.assertQueue(queue, { durable: true });
    await channel.assertExchange(exchange, 'fanout', { durable: true });
    for (const queue of fanned) await channel.bindQueue(queue, exchange, '');
    await this.#churn.setUp(channel);
    await connection.close();
  }

  /** The clients work; kill; start; look. */
  async round(broker: BrokerProcess, kill: number): Promise<void> {
    const life: Life = { url: broker.url, model: this.model, over: false };
    const random = this.#random.fork();
    const clients = [
      ...this.#producers.map(sender => produce(life, random.fork(), sender)),
      ...this.#consumers.map(({ queue, sender }) => consume(life, random.fork(), queue, sender)),
      this.#churn.run(life, random.fork()),
    ].map(client => client.catch(error => this.#judge(life, error)));
    await sleep(random.between(0, this.#options.lifeMsMax));
    life.over = true;
    await broker.kill();
    this.#complaints = [
      ...this.#complaints,
      ...broker.lines.filter(line => /"level":"(error|fatal)"/.test(line)),
    ].slice(-20);
    this.#kills++;
    // In half of the lives most of what waits is on the disk alone.
    broker.env['LEVERET_MEMORY_BUDGET'] = random.pick(['1MiB', '128MiB']);
    if (random.chance(0.25)) {
      await broker.restartAndKill(random.between(0, 600));
      this.#kills++;
      this.#killsDuringStart++;
    }
    await bounded(Promise.all(clients), 'the clients end when the broker is killed');
    await broker.restart();
    await bounded(inspect({ ...life, over: false }, this.#inspector), 'every queue is looked through');
    await bounded(this.#churn.inspect(broker.url), 'every binding is looked at');
    this.model.nextLife();
    await this.#checkDisk(broker);
    this.#options.progress?.(`kill ${kill}: ${this.#figures()}`);
  }

  report(folder: string): TortureReport {
    const { problems } = this.model;
    const verdict = problems.length === 0 ? 'nothing lost' : `${problems.length} PROBLEMS, see ${folder}`;
    const kills = `${this.#kills} kills, ${this.#killsDuringStart} of them during the start`;
    if (problems.length > 0) problems.push(...this.#complaints.map(line => `the broker's log has: ${line}`));
    return { summary: `torture: ${verdict}; ${kills}; ${this.#figures()}; seed ${this.#options.seed}`, problems };
  }

  #figures(): string {
    const { published, confirmed, delivered, redelivered, acked, surelyAcked } = this.model.counts;
    const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
    return [
      `${published} published, ${confirmed} confirmed`,
      `${delivered} delivered (${redelivered} again)`,
      `${acked} acked (${surelyAcked} for sure)`,
      `${this.#churn.operations} declarations and bindings`,
      `disk at most ${mb(this.#diskPeak)} MB with ${mb(this.#liveAtPeak)} MB live`,
    ].join(', ');
  }

  /** A client fails when the broker is killed. Before that it must not. */
  #judge(life: Life, error: Error): void {
    if (!life.over) this.model.problems.push(`a client failed before the kill: ${error.stack}`);
  }

  /**
   * The disk comes under its bound; compaction has a while for it. What is allowed beside twice the live bytes: two files of 4 MiB, the
   * one being written and the next, and 1 MB for what the file system adds.
   */
  async #checkDisk(broker: BrokerProcess): Promise<void> {
    const deadline = Date.now() + 15_000;
    const bound = 2 * this.model.liveBytes + this.#options.diskAllowance;
    let bytes = await diskBytes(broker.folder);
    if (bytes > this.#diskPeak) {
      this.#diskPeak = bytes;
      this.#liveAtPeak = this.model.liveBytes;
    }
    while (bytes > bound && Date.now() < deadline) {
      await sleep(100);
      bytes = await diskBytes(broker.folder);
    }
    if (bytes > bound)
      this.model.problems.push(`the data folder takes ${bytes} bytes, for ${this.model.liveBytes} live bytes`);
  }
}

/** Fails when `promise` takes more than a minute: something hangs, and says what. */
async function bounded<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within a minute: ${what}`)), 60_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `npm run torture -- --kills 100 --seed 7` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      'life-ms': { type: 'string', default: '2000' },
      'disk-allowance-mb': { type: 'string', default: '9.4' },
      lenient: { type: 'boolean', default: false },
    },
  });
  console.log(`torture: seed ${values.seed}`);
  const report = await torture({
    kills: Number(values.kills),
    seed: Number(values.seed),
    lifeMsMax: Number(values['life-ms']),
    diskAllowance: Number(values['disk-allowance-mb']) * 1e6,
    strict: !values.lenient,
    progress: line => console.log(line),
  });
  for (const problem of report.problems.slice(0, 50)) console.error(`PROBLEM ${problem}`);
  console.log(report.summary);
  process.exit(report.problems.length === 0 ? 0 : 1);
}

if (process.argv[1] === import.meta.filename) await main();
