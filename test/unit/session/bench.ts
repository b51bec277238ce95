// One connection on stores that the test controls, without sockets: frames in, methods out.
import { Table } from '../../../src/amqp/table.ts';
import { Authority } from '../../../src/auth/authority.ts';
import { hashPassword } from '../../../src/auth/password.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { Memory } from '../../../src/broker/memory.ts';
import { Alarms } from '../../../src/session/alarms.ts';
import { Connection } from '../../../src/session/connection.ts';
import type { SessionContext } from '../../../src/session/context.ts';
import { closeWithOwners } from '../../../src/session/forced-close.ts';
import { BufferPool, type Transport } from '../../../src/session/output.ts';
import { decodeMethod, encodeFrame, encodeHeader, encodeMethod, type Fields } from '../../conformance/wire-codec.ts';
import { Shelf } from '../broker/shelf.ts';

const algorithm = 'rabbit_password_hashing_sha256';
const passwordHash = await hashPassword('guest', algorithm);

export class SessionBench {
  readonly memory: Memory;
  readonly journal: Shelf;
  readonly scratch: Shelf;
  readonly broker: Broker;
  readonly authority: Authority;
  readonly connection: Connection;
  readonly clock: { now: number } = { now: 0 };
  readonly random = { name: (): string => 'random', below: (): number => 0 };
  /** Methods that the broker has sent, as `channel name`, with their fields. */
  readonly sent: { readonly what: string; readonly fields: Fields }[] = [];
  paused = false;
  /** While it is a list, the client takes nothing: what it would have to take to go on. */
  stalled: (() => void)[] | undefined;
  /** Why the journal cannot be written. */
  trouble: string | undefined;
  readonly alarms: Alarms;

  private constructor(memoryBytes: number) {
    this.memory = new Memory(memoryBytes);
    this.journal = new Shelf(this.memory);
    this.scratch = new Shelf(this.memory);
    const { memory, journal, scratch, clock, random } = this;
    const later = (run: () => void): void => run();
    const unsettled = () => [...this.connection.channels.values()].map(channel => channel.unsettled);
    this.broker = new Broker({ journal, scratch, memory, clock, random, later, unsettled, damaged: () => {} });
    this.broker.createVhost('/');
    const authority = new Authority({ now: () => 0 });
    authority.apply({ type: 'user.put', name: 'guest', passwordHash, algorithm, tags: [] });
    authority.apply({ type: 'permission.put', user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' });
    const connections = new Set<Connection>();
    const log = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
    this.alarms = new Alarms({
      connections,
      log,
      nodeName: 'leveret@test',
      events: this.broker.events,
      trouble: () => this.trouble,
    });
    const context: SessionContext = {
      broker: this.broker,
      authority,
      clock,
      random,
      pool: new BufferPool(),
      limits: {
        frameMax: 131_072,
        channelMax: 64,
        heartbeat: 0,
        handshakeTimeoutMs: 10_000,
        messageBytesMax: 1 << 27,
        connectionsMax: 10,
        consumerTimeoutMs: Number.POSITIVE_INFINITY,
        channelsMax: Number.POSITIVE_INFINITY,
        consumersMax: Number.POSITIVE_INFINITY,
        outputTimeoutMs: 60_000,
      },
      nodeName: 'leveret@test',
      serverProperties: Table.empty,
      log,
      connections,
      alarms: this.alarms,
    };
    const transport: Transport = {
      write: (pieces, _, sent) => {
        this.#read(Buffer.concat(pieces));
        if (this.stalled === undefined) sent();
        else this.stalled.push(sent);
      },
      flushSoon: () => queueMicrotask(() => this.connection.output.flush()),
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
      end: () => {},
      reset: () => {},
    };
    const peer = { host: '127.0.0.1', port: 1, localHost: '127.0.0.1', localPort: 2, loopback: true };
    closeWithOwners(context.connections, this.broker, authority);
    this.authority = authority;
    this.connection = new Connection(context, transport, peer);
  }

  /** A connection with channel 1 open. */
  static async open(memoryBytes: number = 1 << 30, clientProperties: Fields = {}): Promise<SessionBench> {
    const bench = new SessionBench(memoryBytes);
    bench.connection.receive(Buffer.from('AMQP\0\0\x09\x01', 'latin1'));
    const response = Buffer.from('\0guest\0guest');
    bench.send(0, 'connection.start-ok', { mechanism: 'PLAIN', response, clientProperties });
    while (!bench.names().includes('0 connection.tune')) await new Promise(resolve => setImmediate(resolve));
    bench.send(0, 'connection.tune-ok', { channelMax: 64, frameMax: 131_072 });
    bench.send(0, 'connection.open', { virtualHost: '/' });
    bench.send(1, 'channel.open');
    bench.sent.length = 0;
    return bench;
  }

  send(channel: number, name: string, fields: Fields = {}): void {
    this.receive(encodeFrame(1, channel, encodeMethod(name, fields)));
  }

  publish(channel: number, routingKey: string, body: Buffer, deliveryMode: number = 1): void {
    this.receive(publishFrames(channel, routingKey, body, deliveryMode));
  }

  receive(bytes: Buffer): void {
    this.connection.receive(bytes);
    this.connection.output.flush();
  }

  names(): string[] {
    return this.sent.map(({ what }) => what);
  }

  #read(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const payload = bytes.subarray(at + 7, at + 7 + bytes.readUInt32BE(at + 3));
      if (bytes[at] === 1) {
        const { name, fields } = decodeMethod(payload);
        this.sent.push({ what: `${bytes.readUInt16BE(at + 1)} ${name}`, fields });
      }
      at += payload.length + 8;
    }
  }
}

export function publishFrames(channel: number, routingKey: string, body: Buffer, deliveryMode: number): Buffer {
  const frames = [
    encodeFrame(1, channel, encodeMethod('basic.publish', { routingKey })),
    encodeFrame(2, channel, encodeHeader(body.length, { deliveryMode })),
  ];
  for (let at = 0; at < body.length; at += 131_064)
    frames.push(encodeFrame(3, channel, body.subarray(at, at + 131_064)));
  return Buffer.concat(frames);
}
