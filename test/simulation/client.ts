// A client over the wire: connects, does one thing after the other by chance, and takes what comes.
import type { ArgumentsToEncode, Method, MethodName } from '../../src/amqp/command.ts';
import { frameBody, frameHeader, frameMethod, protocolHeader } from '../../src/amqp/frame.ts';
import { decodeMethod } from '../../src/amqp/method.ts';
import { bool, Table } from '../../src/amqp/table.ts';
import { ClientChannel, type Mode } from './client-channel.ts';
import { bodyOf, type SentMessage } from './messages.ts';
import type { Receiver } from './network.ts';
import type { Observer } from './observer.ts';
import { contentFrames, FrameReader, methodFrame } from './wire.ts';

const clientProperties = Table.from({
  capabilities: {
    type: 'table',
    value: Table.from({ consumer_cancel_notify: bool(true), publisher_confirms: bool(true) }),
  },
});

/** The end of the wire that the client writes to. */
export interface Wire {
  send(bytes: Buffer): void;
  hangUp(): void;
}

export class Client implements Receiver {
  readonly name: string;
  readonly frameMax: number;
  readonly channels: Map<number, ClientChannel> = new Map();
  state: 'connecting' | 'open' | 'gone' = 'connecting';
  readonly #observer: Observer;
  readonly #trace: (line: string) => void;
  readonly #reader = new FrameReader();
  #wire: Wire | undefined;

  constructor(name: string, frameMax: number, observer: Observer, trace: (line: string) => void) {
    this.name = name;
    this.frameMax = frameMax;
    this.#observer = observer;
    this.#trace = trace;
  }

  connect(wire: Wire): void {
    this.#wire = wire;
    wire.send(protocolHeader);
  }

  /** Whether anything is still to come that must come. */
  get waits(): boolean {
    if (this.state === 'gone') return false;
    return this.state === 'connecting' || [...this.channels.values()].some(channel => channel.waits);
  }

  get waitingFor(): string {
    const each = [...this.channels.values()].filter(({ waits }) => waits);
    return `${this.name} (${this.state}): ${each.map(channel => `channel ${channel.number}: ${channel.waitingFor}`).join('; ')}`;
  }

  openChannel(number: number, mode: Mode): ClientChannel {
    const channel = new ClientChannel(number, mode, this.#observer);
    this.channels.set(number, channel);
    this.send(number, 'channel.open', {});
    channel.await('channel.open-ok');
    if (mode === 'confirm') {
      this.send(number, 'confirm.select', { noWait: false });
      channel.await('confirm.select-ok');
    } else if (mode === 'tx') {
      this.send(number, 'tx.select', {});
      channel.await('tx.select-ok');
    }
    return channel;
  }

  closeChannel(channel: ClientChannel): void {
    channel.closing = true;
    this.send(channel.number, 'channel.close', { replyCode: 200, replyText: '', classId: 0, methodId: 0 });
    channel.await('channel.close-ok', () => this.channels.delete(channel.number));
  }

  publish(channel: ClientChannel, message: SentMessage): void {
    const { exchange, routingKey, number, bodyBytes, persistent } = message;
    this.#trace(
      `${this.name}/${channel.number} publishes ${number} (${bodyBytes} B${persistent ? ', persistent' : ''}) to '${exchange}' '${routingKey}'`,
    );
    const method = methodFrame(channel.number, 'basic.publish', {
      exchange,
      routingKey,
      mandatory: false,
      immediate: false,
    });
    channel.published(message);
    this.#wire?.send(
      Buffer.concat([method, ...contentFrames(channel.number, message.header, bodyOf(message), this.frameMax)]),
    );
  }

  send<N extends MethodName>(channel: number, name: N, args: ArgumentsToEncode<N>): void {
    this.#trace(`${this.name}/${channel} sends ${name} ${short(args)}`);
    this.#wire?.send(methodFrame(channel, name, args));
  }

  hangUp(): void {
    this.#trace(`${this.name} hangs up`);
    this.lost();
    this.#wire?.hangUp();
  }

  lost(): void {
    this.state = 'gone';
    this.channels.clear();
  }

  receive(bytes: Buffer): void {
    for (const { type, channel, payload } of this.#reader.read(bytes)) {
      if (this.state === 'gone') return;
      if (type === frameMethod) this.#method(channel, decodeMethod(payload));
      else if (type === frameHeader) this.#channel(channel).header(payload);
      else if (type === frameBody) this.#channel(channel).body(payload);
    }
  }

  #channel(number: number): ClientChannel {
    const channel = this.channels.get(number);
    if (channel === undefined) throw new Error(`${this.name} got a frame for channel ${number}, which it has not open`);
    return channel;
  }

  #method(number: number, method: Method): void {
    if (number === 0) return this.#connectionMethod(method);
    const channel = this.#channel(number);
    this.#trace(`${this.name}/${number} gets ${method.name} ${short(method.args)}`);
    switch (method.name) {
      case 'basic.ack':
        return channel.confirm(method.args.deliveryTag, method.args.multiple);
      case 'basic.nack':
        return channel.refused(method.args.deliveryTag, method.args.multiple);
      case 'basic.deliver': {
        const { consumerTag, deliveryTag, redelivered } = method.args;
        // The tag says it all: the delivery may have been under way when the consumer was cancelled.
        const [, queue = '', noAck] = consumerTag.split('/');
        return channel.begin(queue, noAck === undefined ? deliveryTag : undefined, redelivered);
      }
      case 'basic.get-ok': {
        const { queue, noAck } = channel.gets.shift() as { queue: string; noAck: boolean };
        channel.answer('basic.get-ok');
        return channel.begin(queue, noAck ? undefined : method.args.deliveryTag, method.args.redelivered);
      }
      case 'basic.get-empty':
        channel.gets.shift();
        return channel.answer('basic.get-ok');
      case 'basic.return':
        return channel.begin('', undefined, false);
      case 'basic.cancel':
        channel.consumers.delete(method.args.consumerTag);
        return;
      case 'channel.close': {
        const { replyCode, replyText } = method.args;
        // Racing with others, a client may ask for what is gone, or settle what its own last word has settled on the way.
        const raced = replyCode === 404 || (replyCode === 406 && channel.settledAll);
        const partial = channel.mayBePartial && replyText === 'PRECONDITION_FAILED - partial tx completion';
        if (!raced && !partial) throw new Error(`${this.name}: the broker closes channel ${number}: ${replyText}`);
        this.send(number, 'channel.close-ok', {});
        if (channel.closing) channel.abandon();
        else this.channels.delete(number);
        return;
      }
      default:
        channel.answer(method.name);
    }
  }

  #connectionMethod(method: Method): void {
    switch (method.name) {
      case 'connection.start':
        return this.send(0, 'connection.start-ok', {
          clientProperties,
          mechanism: 'PLAIN',
          response: '\0guest\0guest',
          locale: 'en_US',
        });
      case 'connection.tune':
        this.send(0, 'connection.tune-ok', { channelMax: 16, frameMax: this.frameMax, heartbeat: 0 });
        return this.send(0, 'connection.open', { virtualHost: '/' });
      case 'connection.open-ok':
        this.state = 'open';
        return;
      case 'connection.close':
        if (method.args.replyCode !== 320)
          throw new Error(`${this.name}: the broker closes the connection: ${method.args.replyText}`);
        this.send(0, 'connection.close-ok', {});
        return this.lost();
      default:
        throw new Error(`${this.name} got ${method.name}`);
    }
  }
}

function short(args: object): string {
  return JSON.stringify(args, (_key, value) => (value instanceof Table || Buffer.isBuffer(value) ? undefined : value));
}
