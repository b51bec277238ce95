import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FieldType, type MethodName, methodIds, methodNames, methodShape } from '../../../src/amqp/command.ts';
import { MalformedUtf8, SyntaxFault, TableFault, UnknownFieldTag, UnknownMethod } from '../../../src/amqp/faults.ts';
import { decodeMethod, encodeMethod } from '../../../src/amqp/method.ts';
import { Table } from '../../../src/amqp/table.ts';
import { tables } from './arbitraries.ts';

const shortText = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(text => Buffer.byteLength(text) <= 255);

const argument: Record<FieldType, fc.Arbitrary<unknown>> = {
  bit: fc.boolean(),
  octet: fc.nat(255),
  short: fc.nat(65535),
  long: fc.nat(4294967295),
  longlong: fc.maxSafeNat(),
  shortstr: shortText,
  longstr: fc.uint8Array().map(bytes => Buffer.from(bytes)),
  table: tables,
};

const calls: fc.Arbitrary<{ name: MethodName; args: Record<string, unknown> }> = fc
  .constantFrom(...methodNames)
  .chain(name =>
    fc.record({
      name: fc.constant(name),
      args: fc.record(Object.fromEntries(methodShape(name).fields.map(([field, type]) => [field, argument[type]]))),
    }),
  );

const encode = encodeMethod as (name: MethodName, args: Record<string, unknown>) => Buffer;

/** Tables compare by their bytes. */
function comparable(args: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, value instanceof Table ? value.encoded.toString('hex') : value]),
  );
}

describe('methods', () => {
  test('every method comes back as it was encoded, from anywhere in a buffer', () => {
    fc.assert(
      fc.property(calls, fc.uint8Array(), ({ name, args }, before) => {
        const payload = encode(name, args);
        const method = decodeMethod(
          Buffer.concat([before, payload, before]),
          before.length,
          before.length + payload.length,
        );
        expect(method.name).toBe(name);
        expect({ classId: method.classId, methodId: method.methodId }).toEqual(methodIds(name));
        expect(comparable(method.args)).toEqual(comparable(args));
      }),
      { numRuns: 500 },
    );
  });

  test('a truncated or lengthened payload is a syntax fault that carries ids and arguments', () => {
    fc.assert(
      fc.property(calls, fc.nat(), ({ name, args }, cut) => {
        const payload = encode(name, args);
        const { classId, methodId } = methodIds(name);
        const longer = Buffer.concat([payload, Buffer.from([0])]);
        const faulty = payload.length > 4 ? [longer, payload.subarray(0, 4 + (cut % (payload.length - 4)))] : [longer];
        for (const bytes of faulty) {
          const fault = faultOf(() => decodeMethod(bytes));
          expect(fault).toBeInstanceOf(SyntaxFault);
          expect(fault).toMatchObject({ classId, methodId, octets: bytes.subarray(4) });
        }
      }),
    );
  });

  test('the wire form of queue.declare and basic.nack is that of the specification', () => {
    const declare = encodeMethod('queue.declare', {
      queue: 'q',
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: true,
      arguments: Table.empty,
    });
    expect(declare.toString('hex')).toBe('0032000a000001711a00000000');
    const nack = encodeMethod('basic.nack', { deliveryTag: 258, multiple: true, requeue: true });
    expect(nack.toString('hex')).toBe('003c0078000000000000010203');
    const unbindOk = encodeMethod('exchange.unbind-ok', {});
    expect(unbindOk.toString('hex')).toBe('00280033');
  });

  test('unknown ids, bad UTF-8 and bad tables are told apart', () => {
    expect(faultOf(() => decodeMethod(Buffer.from([0, 60, 3, 231])))).toMatchObject({ classId: 60, methodId: 999 });
    expect(() => decodeMethod(Buffer.from([0, 61, 0, 10]))).toThrow(UnknownMethod);
    expect(() => decodeMethod(Buffer.from([0, 60, 0]))).toThrow(SyntaxFault);
    const flags = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false };
    const latin1 = Buffer.from([0xe4]);
    expect(() =>
      decodeMethod(encodeMethod('queue.declare', { queue: latin1, ...flags, arguments: Table.empty })),
    ).toThrow(MalformedUtf8);
    const publish = encodeMethod('basic.publish', {
      exchange: '',
      routingKey: latin1,
      mandatory: false,
      immediate: false,
    });
    expect(decodeMethod(publish)).toMatchObject({ name: 'basic.publish', args: { routingKey: '\ufffd' } });
    const declare = encodeMethod('queue.declare', { queue: 'q', ...flags, arguments: Table.empty });
    const table = (bytes: number[]) => Buffer.concat([declare.subarray(0, -1), Buffer.from([bytes.length, ...bytes])]);
    expect(() => decodeMethod(table([1, 97, 0x3f]))).toThrow(UnknownFieldTag);
    expect(() => decodeMethod(table([1, 97, 0x49, 0]))).toThrow(TableFault);
    expect(() => decodeMethod(Buffer.concat([table([1, 97, 0x3f]), latin1]))).toThrow(SyntaxFault);
  });

  test('a replacement character that the client itself sent is text', () => {
    const payload = encodeMethod('basic.cancel', { consumerTag: '\ufffd', noWait: false });
    expect(decodeMethod(payload)).toMatchObject({ args: { consumerTag: '\ufffd' } });
  });
});

function faultOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
