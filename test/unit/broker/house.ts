// A broker without a disk, and declarations in it.
import { type FieldValue, Table } from '../../../src/amqp/table.ts';
import { Broker } from '../../../src/broker/broker.ts';
import type { MaySendOn } from '../../../src/broker/declaration.ts';
import type { Fact } from '../../../src/broker/facts.ts';
import { NoJournal } from '../../../src/broker/journal.ts';
import { Memory } from '../../../src/broker/memory.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';

/** A value as clients send it: whole numbers as `signedint` or `long`. */
function field(value: string | number | boolean): FieldValue {
  if (typeof value === 'string') return { type: 'longstr', value: Buffer.from(value) };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (!Number.isInteger(value)) return { type: 'double', value };
  const fits = Math.abs(value) < 2 ** 31;
  return fits ? { type: 'signedint', value } : { type: 'long', value: BigInt(value), tag: 'l' };
}

export type Args = Readonly<Record<string, string | number | boolean | FieldValue>>;

export function table(args: Args): Table {
  return Table.from(
    Object.entries(args).map(([name, value]) => [name, typeof value === 'object' ? value : field(value)] as const),
  );
}

export class House {
  readonly recorded: Fact[] = [];
  readonly broker: Broker;
  readonly vhost: Vhost;

  constructor() {
    const journal = new NoJournal(run => run());
    journal.record = (fact?: Fact) => void this.recorded.push(fact as Fact);
    const unsettled = (): [] => [];
    this.broker = new Broker({
      journal,
      scratch: undefined,
      memory: new Memory(1 << 20),
      clock: { now: 1 },
      random: { name: () => 'random', below: limit => limit - 1 },
      later: run => run(),
      damaged: () => {},
      unsettled,
    });
    this.vhost = this.broker.createVhost('/');
  }

  declare(name: string, args: Args = {}, flags: object = {}, maySendOn?: MaySendOn): Queue {
    const declaration = { durable: true, exclusive: false, autoDelete: false, ...flags, arguments: table(args) };
    return this.vhost.declareQueue(name, declaration, this, maySendOn);
  }

  declareExchange(name: string, args: Args = {}, maySendOn?: MaySendOn): void {
    const declaration = { type: 'direct', durable: true, autoDelete: false, internal: false, arguments: table(args) };
    this.vhost.declareExchange(name, declaration, maySendOn);
  }

  /** What a declaration is refused with, and that it changed nothing. */
  refusal(declare: () => unknown): string {
    const before = this.#state();
    try {
      declare();
    } catch (error) {
      if (this.#state() !== before) throw new Error('something changed', { cause: error });
      return (error as Error).message;
    }
    return 'none';
  }

  #state(): string {
    const { queues, exchanges, version } = this.vhost;
    return JSON.stringify([[...queues.keys()], [...exchanges.keys()], version, this.recorded.length]);
  }
}
