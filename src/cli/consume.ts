// `leveret consume`: a worker made of any command; its exit code decides what becomes of the message.
import type { Channel, ConsumeMessage } from 'amqplib';
import { Command, InvalidArgumentError } from 'commander';
import { brokerWords, closeQuietly, connectTo, URL_HELP } from './amqp-client.ts';
import { Failure } from './failure.ts';
import { RunningCommand } from './running-command.ts';

interface ConsumeOptions {
  readonly url?: string;
  readonly prefetch: number;
  readonly count?: number;
  readonly requeue?: true;
  readonly reject?: true;
  readonly requeueDelay: number;
  readonly declare?: true;
}

const NOTES = `
A command that exits with 0 acknowledges its message. Any other end, a signal included, gives it back to the queue after
--requeue-delay, so that a message that cannot be worked on does not keep the machine busy; with --reject it goes to the
queue's dead letter exchange, or is dropped where there is none.

The command has in its environment AMQP_ROUTING_KEY, AMQP_EXCHANGE, AMQP_REDELIVERED (true or false), AMQP_QUEUE and, where the
message has them, AMQP_MESSAGE_ID, AMQP_CORRELATION_ID, AMQP_REPLY_TO, AMQP_CONTENT_TYPE, AMQP_CONTENT_ENCODING, AMQP_TYPE,
AMQP_APP_ID, AMQP_TIMESTAMP, AMQP_PRIORITY, AMQP_EXPIRATION and AMQP_HEADERS (as JSON).

The first Ctrl-C or SIGTERM takes no more messages and lets the running commands finish; the second one ends them.

Examples:
  leveret consume task_queue --prefetch 4 -- ./resize.sh
  leveret consume task_queue --declare --count 1 -- cat
`;

/** The command. */
export function consumeCommand(): Command {
  return new Command('consume')
    .description("Runs COMMAND for every message of QUEUE, with the message on the command's standard input.")
    .usage('[options] QUEUE -- COMMAND [ARGUMENT...]')
    .argument('<queue>', 'queue to consume from')
    .argument('<command...>', 'what to run, after --')
    .option('--url <url>', URL_HELP)
    .option('--prefetch <n>', 'how many messages to work on at a time', positive, 1)
    .option('--count <n>', 'end after so many messages', positive)
    .option('--requeue', 'give a message back to the queue when the command fails (default)')
    .option('--reject', 'reject a message when the command fails')
    .option('--requeue-delay <seconds>', 'wait before giving a message back', seconds, 1)
    .option('--declare', 'make the queue, durable, when it is not there')
    .addHelpText('after', NOTES)
    .action(consume);
}

async function consume(queue: string, command: string[], options: ConsumeOptions): Promise<void> {
  if (options.requeue && options.reject) throw new Failure('give --requeue or --reject, not both', 2);
  const connection = await connectTo(options.url, 'leveret consume');
  try {
    const channel = await connection.createChannel();
    const worker = new Worker(channel, queue, command, options);
    await worker.run();
  } finally {
    await closeQuietly(connection);
  }
}

/** One consumer. It ends by its count, by a signal or by a failure, and always lets the running commands finish first. */
class Worker {
  readonly #channel: Channel;
  readonly #queue: string;
  readonly #command: string[];
  readonly #options: ConsumeOptions;
  readonly #running = new Map<RunningCommand, Promise<void>>();
  readonly #ended: Promise<Failure | undefined>;
  #end!: (failure?: Failure) => void;
  #ending = false;
  #channelOpen = true;
  #taken = 0;

  constructor(channel: Channel, queue: string, command: string[], options: ConsumeOptions) {
    this.#channel = channel;
    this.#queue = queue;
    this.#command = command;
    this.#options = options;
    this.#ended = new Promise(resolve => {
      this.#end = failure => {
        this.#ending = true;
        resolve(failure);
      };
    });
    let words = 'the connection to the broker was lost';
    channel.on('error', error => {
      words = `the broker closed the channel: ${brokerWords(error)}`;
    });
    channel.on('close', () => {
      this.#channelOpen = false;
      this.#end(new Failure(words));
    });
  }

  async run(): Promise<void> {
    this.#onSignals();
    const { count = Number.POSITIVE_INFINITY, prefetch, declare } = this.#options;
    let consumerTag: string;
    try {
      if (declare) await this.#channel.assertQueue(this.#queue, { durable: true });
      await this.#channel.prefetch(Math.min(prefetch, count));
      ({ consumerTag } = await this.#channel.consume(this.#queue, message => this.#receive(message)));
    } catch (error) {
      throw new Failure(this.#explain(error));
    }
    const failure = await this.#ended;
    if (this.#channelOpen) await this.#channel.cancel(consumerTag).catch(() => {});
    await Promise.all(this.#running.values());
    // Closing the channel sends the last acknowledgements before it and waits until the broker has read them.
    if (this.#channelOpen) await this.#channel.close().catch(() => {});
    if (failure) throw failure;
  }

  #receive(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#end(new Failure(`the broker ended the consumer: queue '${this.#queue}' was deleted or has moved`));
      return;
    }
    const { count = Number.POSITIVE_INFINITY } = this.#options;
    // Not acknowledged, what comes too late goes back to the queue when the channel closes.
    if (this.#ending || this.#taken >= count) return;
    this.#taken += 1;
    const command = new RunningCommand(this.#command, this.#queue, message);
    const work = this.#work(command, message).finally(() => {
      this.#running.delete(command);
      if (this.#taken >= count && this.#running.size === 0) this.#end();
    });
    this.#running.set(command, work);
  }

  async #work(command: RunningCommand, message: ConsumeMessage): Promise<void> {
    const result = await command.ended;
    if (result.notStarted) {
      this.#settle(() => this.#channel.nack(message, false, true));
      this.#end(new Failure(`cannot run ${this.#command[0]}: ${result.notStarted}`));
    } else if (result.good) {
      this.#settle(() => this.#channel.ack(message));
    } else if (this.#options.reject) {
      this.#settle(() => this.#channel.nack(message, false, false));
    } else {
      if (!this.#ending) await this.#pause(this.#options.requeueDelay * 1000);
      this.#settle(() => this.#channel.nack(message, false, true));
    }
  }

  /** On a channel that closed meanwhile the broker has taken the message back by itself. */
  #settle(send: () => void): void {
    if (this.#channelOpen) send();
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms);
      void this.#ended.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #onSignals(): void {
    for (const [signal, exitCode] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      process.on(signal, () => {
        if (this.#ending) {
          for (const command of this.#running.keys()) command.kill(signal);
          process.exit(exitCode);
        }
        this.#end();
      });
    }
  }

  #explain(error: unknown): string {
    const words = brokerWords(error);
    if (/^NOT_FOUND/.test(words)) return `there is no queue '${this.#queue}'; make it with --declare`;
    return `cannot consume from '${this.#queue}': ${words}`;
  }
}

function positive(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 65535) throw new InvalidArgumentError('It takes a whole number from 1 to 65535.');
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0 && value <= 86_400)) throw new InvalidArgumentError('It takes a number of seconds.');
  return value;
}
