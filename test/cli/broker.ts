// A broker process for the tests of the command line, the commands run against it, and a client beside them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { type Ending, Program, type ProgramOptions, run } from '../unit/cli/program.ts';

/** A broker of its own, with an empty folder. */
export class CliBroker {
  readonly folder: string;
  readonly amqpPort: number;
  readonly managementPort: number;
  readonly #program: Program;
  readonly #connections: ChannelModel[] = [];

  private constructor(folder: string, program: Program, amqpPort: number, managementPort: number) {
    this.folder = folder;
    this.amqpPort = amqpPort;
    this.managementPort = managementPort;
    this.#program = program;
  }

  static async start(): Promise<CliBroker> {
    const folder = mkdtempSync(join(tmpdir(), 'leveret-cli-'));
    const args = ['start', '--port', '0', '--management-port', '0', '--data-dir', join(folder, 'data')];
    const program = new Program(args, { limitMs: 120_000 });
    const [, amqp, management] = await program.sees(
      /AMQP on 127\.0\.0\.1:(\d+), management on http:\/\/127\.0\.0\.1:(\d+)/,
    );
    return new CliBroker(folder, program, Number(amqp), Number(management));
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** The management API with a user and a password. */
  url(user = 'guest', password = 'guest'): string {
    return `http://${user}:${password}@127.0.0.1:${this.managementPort}`;
  }

  /** Runs a command against this broker. */
  leveret(args: readonly string[], options: ProgramOptions = {}): Promise<Ending> {
    return run(args, { ...options, env: { LEVERET_URL: this.url(), ...options.env } });
  }

  /** What a command that must succeed prints. */
  async prints(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.leveret(args, { input: '' });
    if (code !== 0) throw new Error(`leveret ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** What a command that must succeed prints with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  async json(...args: readonly string[]): Promise<any> {
    return JSON.parse(await this.prints(...args, '--json'));
  }

  /** A connection of a client, closed with the broker. */
  async connect(name: string, user = 'guest:guest'): Promise<ChannelModel> {
    const url = `amqp://${user}@127.0.0.1:${this.amqpPort}`;
    const connection = await connect(url, { clientProperties: { connection_name: name } });
    connection.on('error', () => {});
    this.#connections.push(connection);
    return connection;
  }

  async stop(): Promise<void> {
    this.#program.child.kill('SIGKILL');
    await this.#program.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
