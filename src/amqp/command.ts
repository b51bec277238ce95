// Every method by its name, with its ids and the types of its arguments, derived from the tables in methods/.

import { access } from './methods/access.ts';
import { basic } from './methods/basic.ts';
import { channel } from './methods/channel.ts';
import { confirm } from './methods/confirm.ts';
import { connection } from './methods/connection.ts';
import { exchange } from './methods/exchange.ts';
import { queue } from './methods/queue.ts';
import { tx } from './methods/tx.ts';
import type { Table } from './table.ts';

type Classes = {
  readonly connection: typeof connection;
  readonly channel: typeof channel;
  readonly access: typeof access;
  readonly exchange: typeof exchange;
  readonly queue: typeof queue;
  readonly basic: typeof basic;
  readonly confirm: typeof confirm;
  readonly tx: typeof tx;
};
type ClassName = keyof Classes;
type Methods<C extends ClassName> = Classes[C]['methods'];

/** `queue.declare`, `queue.declare-ok`, ... */
export type MethodName = { [C in ClassName]: `${C}.${Extract<keyof Methods<C>, string>}` }[ClassName];

type Fields<N extends MethodName> = N extends `${infer C extends ClassName}.${infer M}`
  ? M extends keyof Methods<C>
    ? Methods<C>[M] extends { readonly fields: infer F }
      ? F
      : never
    : never
  : never;

/** The wire types of arguments, and what each is in a program. */
type Decoded = {
  readonly bit: boolean;
  readonly octet: number;
  readonly short: number;
  readonly long: number;
  /** A delivery tag: exact to 2^53. */
  readonly longlong: number;
  readonly shortstr: string;
  /** A view of the received bytes. */
  readonly longstr: Buffer;
  readonly table: Table;
};
type Encodable = Omit<Decoded, 'shortstr' | 'longstr'> & {
  readonly shortstr: string | Uint8Array;
  readonly longstr: string | Uint8Array;
};
export type FieldType = keyof Decoded;

type As<F, Types> = { readonly [K in keyof F]: F[K] extends keyof Types ? Types[F[K]] : never };

/** Arguments that AMQP reserves; they may be left out when encoding. */
type Reserved = 'ticket' | 'outOfBand' | 'channelId' | 'capabilities' | 'insist' | 'knownHosts' | 'clusterId';
type Relaxed<A> = Omit<A, Reserved> & Partial<Pick<A, Extract<keyof A, Reserved>>>;

/** The arguments of a method, decoded. */
export type Arguments<N extends MethodName> = As<Fields<N>, Decoded>;

/** The arguments of a method for encoding: strings may be text or bytes, reserved ones may be absent. */
export type ArgumentsToEncode<N extends MethodName> = Relaxed<As<Fields<N>, Encodable>>;

/** A decoded method; `name` discriminates. */
export type Method<N extends MethodName = MethodName> = {
  [K in N]: { readonly name: K; readonly classId: number; readonly methodId: number; readonly args: Arguments<K> };
}[N];

/** What the codec needs to know of a method. */
export interface MethodShape {
  readonly name: MethodName;
  readonly classId: number;
  readonly methodId: number;
  /** A content header and body follow it. RabbitMQ does not check the UTF-8 of its short strings. */
  readonly hasContent: boolean;
  /** In the order of the wire. */
  readonly fields: readonly (readonly [name: string, type: FieldType])[];
}

interface ClassTable {
  readonly id: number;
  readonly methods: Readonly<
    Record<
      string,
      { readonly id: number; readonly content?: boolean; readonly fields: Readonly<Record<string, FieldType>> }
    >
  >;
}

const classes: Readonly<Record<ClassName, ClassTable>> = {
  connection,
  channel,
  access,
  exchange,
  queue,
  basic,
  confirm,
  tx,
};

const shapes: readonly MethodShape[] = Object.entries(classes).flatMap(([className, table]) =>
  Object.entries(table.methods).map(([methodName, method]) => ({
    name: `${className}.${methodName}` as MethodName,
    classId: table.id,
    methodId: method.id,
    hasContent: method.content === true,
    fields: Object.entries(method.fields),
  })),
);

const byName = new Map<MethodName, MethodShape>(shapes.map(shape => [shape.name, shape]));
const byIds = new Map<number, MethodShape>(shapes.map(shape => [shape.classId * 65536 + shape.methodId, shape]));

/** The names of all methods. */
export const methodNames: readonly MethodName[] = shapes.map(shape => shape.name);

export function methodShape(name: MethodName): MethodShape {
  return byName.get(name)!;
}

/** The method with these ids, if there is one. */
export function findMethod(classId: number, methodId: number): MethodShape | undefined {
  return byIds.get(classId * 65536 + methodId);
}

/** Class and method id, for the ids in a close. */
export function methodIds(name: MethodName): { readonly classId: number; readonly methodId: number } {
  const { classId, methodId } = methodShape(name);
  return { classId, methodId };
}
