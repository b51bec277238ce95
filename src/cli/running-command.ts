// One run of a worker's command: the message on its input, what is known of the message in its environment.
import { type ChildProcess, spawn } from 'node:child_process';
import type { ConsumeMessage } from 'amqplib';

/** How a run ended. `notStarted` says why there was none. */
export interface CommandEnd {
  readonly good: boolean;
  readonly notStarted?: string;
}

/** A command at work on a message. Its output is that of this process. */
export class RunningCommand {
  /** Never rejects. */
  readonly ended: Promise<CommandEnd>;
  readonly #child: ChildProcess;

  constructor(command: readonly string[], queue: string, message: ConsumeMessage) {
    const [program = '', ...args] = command;
    // In a process group of its own: a Ctrl-C at the terminal is for the worker, which lets its commands finish.
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...process.env, ...environment(queue, message) },
      detached: true,
    });
    this.ended = new Promise(resolve => {
      this.#child.on('error', error => resolve({ good: false, notStarted: explain(error) }));
      this.#child.on('close', code => resolve({ good: code === 0 }));
    });
    // A command need not read its input; its exit code alone says whether the work is done.
    this.#child.stdin?.on('error', () => {});
    this.#child.stdin?.end(message.content);
  }

  /** Ends the command and what it started. */
  kill(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // It ended by itself a moment ago.
    }
  }
}

function environment(queue: string, { fields, properties }: ConsumeMessage): Record<string, string> {
  const known: Record<string, unknown> = {
    QUEUE: queue,
    ROUTING_KEY: fields.routingKey,
    EXCHANGE: fields.exchange,
    REDELIVERED: fields.redelivered,
    MESSAGE_ID: properties.messageId,
    CORRELATION_ID: properties.correlationId,
    REPLY_TO: properties.replyTo,
    CONTENT_TYPE: properties.contentType,
    CONTENT_ENCODING: properties.contentEncoding,
    TYPE: properties.type,
    APP_ID: properties.appId,
    TIMESTAMP: properties.timestamp,
    PRIORITY: properties.priority,
    EXPIRATION: properties.expiration,
    HEADERS: properties.headers && JSON.stringify(properties.headers),
  };
  // A zero byte cannot stand in an environment, and the message's sender decides what stands here.
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) =>
      value === undefined ? [] : [[`AMQP_${name}`, String(value).replaceAll('\0', '')]],
    ),
  );
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such program';
  if (error.code === 'EACCES') return 'it may not be run';
  return error.message;
}
