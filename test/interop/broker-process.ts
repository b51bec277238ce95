// A real broker process for tests: started on free ports and a folder of its own, killed, stopped, and started again on the same.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ending, Program } from './program.ts';

/**
 * The command of the broker. `INTEROP_COMMAND` puts another in its place, with `{port}` and `{folder}` in it; it must print
 * `amqp://127.0.0.1:PORT` when it is ready.
 */
const command =
  process.env['INTEROP_COMMAND'] ?? 'node dist/cli/main.js start --port {port} --management-port 0 --data-dir {folder}';

const readyLine = /(?:AMQP on |amqp:\/\/)127\.0\.0\.1:(\d+)/;

export class BrokerProcess {
  readonly folder: string;
  /** Settings of the broker, as environment variables; they count from the next start. */
  env: Record<string, string>;
  #program: Program | undefined;
  #port = 0;

  private constructor(folder: string, env: Record<string, string>) {
    this.folder = folder;
    this.env = env;
  }

  /** Starts a broker on a free port with an empty folder; resolves when it takes connections. */
  static async start(env: Record<string, string> = {}): Promise<BrokerProcess> {
    const broker = new BrokerProcess(await mkdtemp(join(tmpdir(), 'leveret-interop-')), env);
    await broker.restart();
    return broker;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.#port}/%2F`;
  }

  /** What the process printed since its last start. */
  get lines(): readonly string[] {
    return this.#program?.lines ?? [];
  }

  get pid(): number {
    return this.#program!.pid;
  }

  /** Starts the process again on the same folder and port, after `kill` or `stop`. */
  async restart(): Promise<void> {
    this.#spawn();
    const [line] = await this.#program!.waitFor(readyLine, 1, 60_000);
    this.#port = Number(readyLine.exec(line!)![1]);
  }

  /** Starts the process again and kills it after `ms`, ready or not. */
  async restartAndKill(ms: number): Promise<void> {
    this.#spawn();
    await sleep(ms);
    await this.kill();
  }

  #spawn(): void {
    if (!process.env['INTEROP_COMMAND'] && !existsSync('dist/cli/main.js')) {
      throw new Error('no dist/cli/main.js: run `npm run build` first');
    }
    const [executable, ...parameters] = command
      .split(' ')
      .map(word => word.replace('{port}', String(this.#port)).replace('{folder}', join(this.folder, 'data')));
    this.#program = new Program(executable!, parameters, this.env);
  }

  /** kill -9, at once; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#program!.stop('SIGKILL');
  }

  /** SIGTERM; resolves with how the process ended. */
  async stop(): Promise<Ending> {
    return this.#program!.stop('SIGTERM');
  }

  /** Ends the process, however it is, and removes its folder. */
  async dispose(): Promise<void> {
    await this.#program!.stop('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The broker of a suite: a process of its own, or the one that `INTEROP_URL` names, which cannot be killed. */
export async function givenOrOwnBroker(): Promise<SuiteBroker> {
  const given = process.env['INTEROP_URL'];
  if (given) {
    const cannot = async () => {
      throw new Error(`${given} was given by INTEROP_URL and is not ours to kill`);
    };
    return { url: given, dispose: async () => {}, killAndRestart: cannot };
  }
  const broker = await BrokerProcess.start();
  return {
    url: broker.url,
    dispose: () => broker.dispose(),
    killAndRestart: async () => {
      await broker.kill();
      await broker.restart();
    },
  };
}

type SuiteBroker = { url: string; dispose: () => Promise<void>; killAndRestart: () => Promise<void> };

/** A name that no other test of this run uses. */
export function fresh(name: string): string {
  return `${name}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
}
