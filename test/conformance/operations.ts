// The operations of the random comparison: what they are, and how fast-check makes sequences of them.
import fc from 'fast-check';
import type { TableInput } from './wire-codec.ts';

/** Channels 0 and 2 are on one connection, 1 and 3 on another. Channels 0 and 1 take from queue 0, 2 and 3 from queue 1. */
export const channelCount = 4;

/** What a queue is declared with beside its flags. What dies in queue 0 goes to queue 1, or to exchange 1; what dies in queue 1 to exchange 2. */
export const abilities = [
  'plain',
  'drops',
  'drops bytes',
  'refuses',
  'refuses to the dead',
  'dead',
  'dead by exchange',
  'dead and drops',
  'lives long',
  'lives not',
  'lives not and dead',
  'levels',
  'levels and drops',
  'levels and refuses',
  'levels and dead',
  'single active',
  'single active and dead',
  'unused for long',
] as const;
export type Ability = (typeof abilities)[number];

/** One operation. Queues, exchanges and channels are numbers; `pick` chooses among what the channel holds. */
export type Operation =
  | { op: 'declare-queue'; ch: number; queue: number; durable: boolean; autoDelete: boolean; ability?: Ability }
  | { op: 'delete-queue'; ch: number; queue: number; ifUnused: boolean; ifEmpty: boolean }
  | { op: 'purge'; ch: number; queue: number }
  | { op: 'declare-exchange'; ch: number; exchange: number; type: string; alternate?: number | undefined }
  | { op: 'delete-exchange'; ch: number; exchange: number; ifUnused: boolean }
  | { op: 'bind' | 'unbind'; ch: number; queue: number; exchange: number; key: string; match?: TableInput | undefined }
  | { op: 'bind-exchange' | 'unbind-exchange'; ch: number; source: number; destination: number; key: string }
  | {
      op: 'publish';
      ch: number;
      exchange: number;
      key: string;
      mandatory: boolean;
      persistent: boolean;
      count: number;
      /** Milliseconds: at once, or never while the test runs. */
      expiration?: '0' | '3600000' | undefined;
      priority?: number | undefined;
      headers?: TableInput | undefined;
      copy?: string | undefined;
      blind?: string | undefined;
    }
  | { op: 'get'; ch: number; noAck: boolean }
  | { op: 'consume'; ch: number; tag: string; noAck: boolean; exclusive: boolean; priority?: number | undefined }
  | { op: 'cancel'; ch: number; tag: string }
  | { op: 'ack' | 'nack' | 'reject'; ch: number; pick: number; multiple: boolean; requeue: boolean; wild: boolean }
  | { op: 'recover'; ch: number; async: boolean }
  | { op: 'qos'; ch: number; count: number; global: boolean }
  | { op: 'confirm-select' | 'tx-select' | 'tx-commit' | 'tx-rollback' | 'close-channel'; ch: number }
  | { op: 'close-connection'; connection: number };

const ch = fc.nat({ max: channelCount - 1 });
const queue = fc.nat({ max: 1 });
const exchange = fc.nat({ max: 3 });
const key = fc.constantFrom('q0', 'q1', 'a', 'a.b', 'a.#', '*.b', '');
const tag = fc.constantFrom('one', 'two');
/** What a binding asks of headers, and headers that answer it. */
const match = fc.constantFrom<TableInput>(
  { 'x-match': 'all', a: 1, b: 'x' },
  { b: 'x', 'x-match': 'all', a: 1 },
  { 'x-match': 'any', a: 1, b: 'x' },
  { 'x-match': 'any', a: null },
  { a: 2 },
  { 'x-match': 'none', a: 1 },
  {},
);
const headers = fc.constantFrom<TableInput>(
  { a: 1 },
  { a: 2 },
  { a: 1, b: 'x' },
  [
    ['b', 'S', 'x'],
    ['a', 'd', 1],
  ],
  { b: 'y' },
  { a: null },
);
const rarely = fc.integer({ min: 1, max: 12 }).map(n => n === 1);

/** One time in four, one time in ten. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc
    .option(arbitrary, { nil: undefined, freq: 3 })
    .chain(value => (value === undefined ? fc.constant(undefined) : fc.constantFrom(undefined, undefined, value)));
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  arbitrary.chain(value => fc.constantFrom(value, ...new Array<undefined>(9).fill(undefined)));

const one = <const T extends string>(op: T) => fc.constant(op);
const publish = (to: fc.Arbitrary<number>, key: fc.Arbitrary<string>): fc.Arbitrary<Operation> =>
  fc.record({
    op: one('publish'),
    ch,
    exchange: to,
    key,
    mandatory: fc.boolean(),
    persistent: fc.boolean(),
    count: fc.integer({ min: 1, max: 4 }),
    expiration: sometimes(fc.constantFrom('0', '3600000')),
    priority: sometimes(fc.nat({ max: 7 })),
    headers: fc.option(headers, { nil: undefined, freq: 1 }),
    copy: seldom(fc.constantFrom('q0', 'q1', 'a.b')),
    blind: seldom(fc.constantFrom('q0', 'q1', 'a.b')),
  });
const ability = fc.constantFrom(...abilities);
const weighted: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Operation>])[] = [
  [1, fc.record({ op: one('declare-queue'), ch, queue, durable: fc.boolean(), autoDelete: rarely })],
  [
    4,
    fc.record({
      op: one('declare-queue'),
      ch,
      queue,
      durable: fc.constant(true),
      autoDelete: fc.constant(false),
      ability,
    }),
  ],
  [3, fc.record({ op: one('delete-queue'), ch, queue, ifUnused: fc.boolean(), ifEmpty: fc.boolean() })],
  [1, fc.record({ op: one('purge'), ch, queue })],
  [
    1,
    fc.record({
      op: one('declare-exchange'),
      ch,
      exchange,
      type: fc.constantFrom('direct', 'fanout', 'topic', 'headers'),
      alternate: sometimes(exchange),
    }),
  ],
  [1, fc.record({ op: one('delete-exchange'), ch, exchange, ifUnused: fc.boolean() })],
  [4, fc.record({ op: one('bind'), ch, queue, exchange, key })],
  [2, fc.record({ op: one('bind'), ch, queue, exchange: fc.constant(3), key, match: sometimes(match) })],
  [1, fc.record({ op: one('bind'), ch, queue, exchange, key, match })],
  [1, fc.record({ op: one('unbind'), ch, queue, exchange, key, match })],
  [2, fc.record({ op: one('unbind'), ch, queue, exchange, key })],
  [1, fc.record({ op: one('bind-exchange'), ch, source: exchange, destination: exchange, key })],
  [1, fc.record({ op: one('unbind-exchange'), ch, source: exchange, destination: exchange, key })],
  [18, publish(fc.constant(-1), fc.constantFrom('q0', 'q1'))],
  [8, publish(exchange, fc.constantFrom('q0', 'q1', 'a', 'a.b'))],
  [2, publish(fc.integer({ min: -1, max: 3 }), fc.constantFrom('a', 'nowhere', ''))],
  [8, fc.record({ op: one('get'), ch, noAck: rarely })],
  [
    8,
    fc.record({
      op: one('consume'),
      ch,
      tag,
      noAck: rarely,
      exclusive: rarely,
      priority: sometimes(fc.integer({ min: -1, max: 2 })),
    }),
  ],
  [2, fc.record({ op: one('cancel'), ch, tag })],
  ...(['ack', 'ack', 'nack', 'reject'] as const).map((op): readonly [number, fc.Arbitrary<Operation>] => [
    6,
    fc.record({
      op: one(op),
      ch,
      pick: fc.nat({ max: 9 }),
      multiple: fc.boolean(),
      requeue: fc.boolean(),
      wild: rarely,
    }),
  ]),
  [2, fc.record({ op: one('recover'), ch, async: fc.boolean() })],
  [4, fc.record({ op: one('qos'), ch, count: fc.nat({ max: 3 }), global: fc.boolean() })],
  [1, fc.record({ op: one('confirm-select'), ch })],
  [1, fc.record({ op: one('tx-select'), ch })],
  [3, fc.record({ op: one('tx-commit'), ch })],
  [1, fc.record({ op: one('tx-rollback'), ch })],
  [1, fc.record({ op: one('close-channel'), ch })],
  [1, fc.record({ op: one('close-connection'), connection: fc.nat({ max: 1 }) })],
];

/** The abilities that the queues of a sequence begin with. */
export const beginnings: fc.Arbitrary<readonly [Ability, Ability]> = fc.tuple(
  fc.constantFrom<Ability>('plain', 'plain', ...abilities),
  fc.constantFrom<Ability>('plain', 'plain', ...abilities),
);

/** What every sequence begins with, so that most operations find something to do. */
export const prelude = ([first, second]: readonly [Ability, Ability]): readonly Operation[] => [
  { op: 'declare-queue', ch: 0, queue: 0, durable: false, autoDelete: false, ability: first },
  { op: 'declare-queue', ch: 0, queue: 1, durable: true, autoDelete: false, ability: second },
  { op: 'declare-exchange', ch: 0, exchange: 0, type: 'direct' },
  { op: 'declare-exchange', ch: 0, exchange: 1, type: 'fanout' },
  { op: 'declare-exchange', ch: 0, exchange: 2, type: 'topic' },
  { op: 'declare-exchange', ch: 0, exchange: 3, type: 'headers' },
  { op: 'bind', ch: 0, queue: 0, exchange: 0, key: 'q0' },
  { op: 'bind', ch: 0, queue: 1, exchange: 1, key: '' },
  { op: 'bind', ch: 0, queue: 0, exchange: 1, key: '' },
  { op: 'bind', ch: 0, queue: 1, exchange: 2, key: 'a.#' },
  { op: 'bind', ch: 0, queue: 0, exchange: 3, key: '', match: { 'x-match': 'all', a: 1, b: 'x' } },
  { op: 'bind', ch: 0, queue: 1, exchange: 3, key: '', match: { 'x-match': 'any', a: 1, b: 'x' } },
];

/** Sequences of operations. */
export const sequences: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary }))),
  { minLength: 1, maxLength: 60, size: 'max' },
);
