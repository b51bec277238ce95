// `leveret publish`: messages from the command line or the standard input, done only when the broker has confirmed them all.
import { createInterface } from 'node:readline';
import type { ConfirmChannel, Options } from 'amqplib';
import { Command } from 'commander';
import { brokerWords, closeQuietly, connectTo, URL_HELP } from './amqp-client.ts';
import { Failure } from './failure.ts';

interface PublishOptions {
  readonly url?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly lines?: true;
  readonly persistent: boolean;
  readonly header?: Record<string, string>;
  readonly contentType?: string;
}

/** Messages on their way at a time: enough to keep a disk busy, few enough to keep memory flat. */
const UNCONFIRMED_MAX = 1000;

const EXAMPLES = `
Exits with 0 when every message was confirmed, with 1 when one was refused or there was no queue for it.

Examples:
  leveret publish task_queue 'resize cat.jpg'
  find . -name '*.jpg' | leveret publish --lines task_queue
  leveret publish --exchange logs --routing-key error.disk < report.txt
`;

/** The command. */
export function publishCommand(): Command {
  return new Command('publish')
    .description(
      'Publishes the BODY, or the standard input when there is none, and waits until the broker has it safely.',
    )
    .usage('[options] QUEUE [BODY]\n       leveret publish [options] [--exchange X] --routing-key K [BODY]')
    .argument('[words...]', 'QUEUE [BODY], or BODY alone with --exchange or --routing-key')
    .option('--url <url>', URL_HELP)
    .option('--exchange <name>', 'exchange to publish to, instead of straight to a queue')
    .option('--routing-key <key>', 'routing key')
    .option('--lines', 'one message for every line of the standard input')
    .option('--persistent', 'keep the message over a restart of the broker, where its queue is durable', true)
    .option('--no-persistent', 'do not keep the message over a restart of the broker')
    .option('--header <name=value>', 'header of the message; may be given more than once', addHeader)
    .option('--content-type <type>', 'content type of the message')
    .addHelpText('after', EXAMPLES)
    .action(publish);
}

async function publish(words: string[], options: PublishOptions): Promise<void> {
  const { exchange, routingKey, body } = destination(words, options);
  const properties: Options.Publish = {
    persistent: options.persistent,
    mandatory: true,
    ...(options.header && { headers: options.header }),
    ...(options.contentType !== undefined && { contentType: options.contentType }),
  };
  const connection = await connectTo(options.url, 'leveret publish');
  try {
    const outbox = new Outbox(await connection.createConfirmChannel());
    const publishAll = async (): Promise<void> => {
      for await (const content of bodies(body, options.lines === true)) {
        await outbox.send(exchange, routingKey, content, properties);
      }
      await outbox.settle();
    };
    // A failure is told at once, also while the next line of input is a long time coming.
    await Promise.race([publishAll(), outbox.failed]);
  } finally {
    await closeQuietly(connection);
  }
}

function destination(
  words: string[],
  options: PublishOptions,
): { exchange: string; routingKey: string; body: string | undefined } {
  const direct = options.exchange === undefined && options.routingKey === undefined;
  const [queue, body, ...more] = direct ? words : [options.routingKey ?? '', ...words];
  if (queue === undefined) throw new Failure('say which QUEUE, or give --exchange and --routing-key', 2);
  if (more.length > 0) throw new Failure('there are too many words; a body with spaces needs quotes', 2);
  if (body !== undefined && options.lines) throw new Failure('--lines reads the standard input; leave the body out', 2);
  return { exchange: options.exchange ?? '', routingKey: queue, body };
}

async function* bodies(body: string | undefined, lines: boolean): AsyncGenerator<Buffer> {
  if (body !== undefined) {
    yield Buffer.from(body);
  } else if (lines) {
    const input = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of input) yield Buffer.from(line);
  } else {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    yield Buffer.concat(chunks);
  }
}

function addHeader(given: string, headers: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined) throw new Failure(`--header takes name=value, not '${given}'`, 2);
  return { ...headers, [name]: value! };
}

/** Messages on their way. A message counts as failed when it was refused, returned, or the channel closed before its confirm. */
class Outbox {
  readonly #channel: ConfirmChannel;
  #unconfirmed = 0;
  #unroutable: { count: number; exchange: string; routingKey: string } | undefined;
  /** Rejects with the first failure. */
  readonly failed: Promise<never>;
  #failure: Failure | undefined;
  #reject!: (failure: Failure) => void;
  #wake: (() => void) | undefined;

  constructor(channel: ConfirmChannel) {
    this.#channel = channel;
    this.failed = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // It is awaited while messages are sent; a failure after that, as the channel closes, is none.
    this.failed.catch(() => {});
    channel.on('return', ({ fields }) => {
      const { exchange, routingKey } = fields;
      this.#unroutable = { count: (this.#unroutable?.count ?? 0) + 1, exchange, routingKey };
    });
    channel.on('error', error => this.#fail(`the broker refused it: ${brokerWords(error)}`));
    channel.on('close', () => this.#fail('the connection was lost before the broker confirmed'));
  }

  /** Sends when there is room. @throws Failure once anything failed. */
  async send(exchange: string, routingKey: string, content: Buffer, properties: Options.Publish): Promise<void> {
    while (this.#unconfirmed >= UNCONFIRMED_MAX && !this.#failure) await this.#change();
    if (this.#failure) throw this.#failure;
    this.#unconfirmed += 1;
    this.#channel.publish(exchange, routingKey, content, properties, error => {
      this.#unconfirmed -= 1;
      if (error && !this.#failure) this.#fail('the broker could not take it (basic.nack); see its log');
      this.#wake?.();
    });
  }

  /** Resolves when all are confirmed. @throws Failure when one was not, or had no queue. */
  async settle(): Promise<void> {
    while (this.#unconfirmed > 0 && !this.#failure) await this.#change();
    if (this.#failure) throw this.#failure;
    if (!this.#unroutable) return;
    const { count, exchange, routingKey } = this.#unroutable;
    const which = count === 1 ? 'the message' : `${count} messages`;
    throw new Failure(
      exchange === ''
        ? `${which} went nowhere: there is no queue '${routingKey}'; declare it, or let a consumer do so with --declare`
        : `${which} went nowhere: no queue is bound to exchange '${exchange}' for key '${routingKey}'`,
    );
  }

  #fail(message: string): void {
    this.#failure ??= new Failure(message);
    this.#reject(this.#failure);
    this.#wake?.();
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve;
    });
  }
}
