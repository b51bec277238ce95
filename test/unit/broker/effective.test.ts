// What holds of arguments, a policy and an operator policy that say the same thing differently.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveDefinition, effectiveValues, settingsOf } from '../../../src/broker/effective.ts';
import { Policy } from '../../../src/broker/policy.ts';
import { plainSettings } from '../../../src/broker/queue-settings.ts';
import { type Args, table } from './house.ts';

type Definition = Policy['definition'];

const policyOf = (definition: Definition | undefined): Policy | undefined =>
  definition && new Policy({ name: 'p', pattern: '', applyTo: 'all', priority: 0, definition });

function queue(args: Args, policy?: Definition, operator?: Definition): Parameters<typeof settingsOf>[0] {
  return { kind: 'queue', arguments: table(args), policy: policyOf(policy), operatorPolicy: policyOf(operator) };
}

const quorum = { 'x-queue-type': 'quorum' };
const lower: [string, string, keyof typeof plainSettings][] = [
  ['x-message-ttl', 'message-ttl', 'messageTtlMs'],
  ['x-max-length', 'max-length', 'maxLength'],
  ['x-max-length-bytes', 'max-length-bytes', 'maxLengthBytes'],
  ['x-delivery-limit', 'delivery-limit', 'deliveryLimit'],
  ['x-delayed-retry-max', 'delayed-retry-max', 'delayedRetryMaxMs'],
  ['x-expires', 'expires', 'expiresMs'],
];

describe('of numbers the lowest holds, whoever says it', () => {
  test.each(lower)('%s', (argument, key, setting) => {
    const maybe = fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined });
    fc.assert(
      fc.property(maybe, maybe, maybe, (a, p, o) => {
        const said = queue(
          a === undefined ? {} : { [argument]: a },
          p === undefined ? undefined : { [key]: p },
          o === undefined ? undefined : { [key]: o },
        );
        const all = [a, p, o].filter(value => value !== undefined);
        expect(settingsOf(said)[setting]).toBe(Math.min(...all));
        const value = effectiveValues(said).get(argument);
        const from = { argument: a, policy: p, 'operator policy': o };
        expect(value && from[value.from]).toBe(all.length === 0 ? undefined : Math.min(...all));
      }),
    );
  });
});

test('for the expiry of a quorum queue the policy holds, and of both policies the lower', () => {
  expect(settingsOf(queue({ ...quorum, 'x-expires': 5 }, { expires: 9 })).expiresMs).toBe(9);
  expect(settingsOf(queue({ ...quorum, 'x-expires': 5 }, { expires: 9 }, { expires: 7 })).expiresMs).toBe(7);
  expect(settingsOf(queue({ ...quorum, 'x-expires': 5 })).expiresMs).toBe(5);
});

test('a delivery limit below 0 is none, and any other one comes before it', () => {
  expect(settingsOf(queue({ 'x-delivery-limit': -1 })).deliveryLimit).toBe(Number.POSITIVE_INFINITY);
  expect(settingsOf(queue({ 'x-delivery-limit': -1 }, { 'delivery-limit': 3 })).deliveryLimit).toBe(3);
  expect(settingsOf(queue({ 'x-delivery-limit': 3 }, { 'delivery-limit': -1 })).deliveryLimit).toBe(3);
});

test('where dead letters go says the argument, each for itself', () => {
  const said = queue({ 'x-dead-letter-exchange': '' }, { 'dead-letter-exchange': 'p', 'dead-letter-routing-key': 'k' });
  expect(settingsOf(said)).toMatchObject({ deadLetterExchange: '', deadLetterRoutingKey: 'k' });
});

test('overflow: the argument of a classic queue, the policy of a quorum queue, and an operator before a policy', () => {
  const argument = { 'x-overflow': 'reject-publish' };
  const policy = { overflow: 'drop-head' };
  expect(settingsOf(queue(argument, policy)).overflow).toBe('reject-publish');
  expect(settingsOf(queue({ ...quorum, ...argument }, policy)).overflow).toBe('drop-head');
  expect(settingsOf(queue({}, policy, { overflow: 'reject-publish-dlx' })).overflow).toBe('reject-publish-dlx');
  expect(settingsOf(queue({ ...quorum, 'x-overflow': 'reject-publish-dlx' })).overflow).toBe('drop-head');
});

test('what a policy cannot say, it does not say', () => {
  const said = queue({}, { 'max-priority': 5, 'single-active-consumer': true }, { 'dead-letter-exchange': 'x' });
  expect(settingsOf(said)).toEqual(plainSettings);
  expect(settingsOf(queue({ 'x-max-priority': 3, 'x-single-active-consumer': true }))).toMatchObject({
    maxPriority: 3,
    singleActiveConsumer: true,
  });
});

test('without arguments and policies nothing is computed', () => {
  expect(settingsOf(queue({}))).toBe(plainSettings);
  expect(settingsOf(queue({ 'x-foo': 1 }))).toEqual(plainSettings);
});

test('an argument that was stored before it was checked means nothing', () => {
  const said = queue({ 'x-message-ttl': 'soon', 'x-max-length': 3 });
  expect(settingsOf(said)).toEqual({ ...plainSettings, maxLength: 3 });
});

test('both policies in one definition, by keys', () => {
  const [user, operator] = [
    policyOf({ 'max-length': 9, overflow: 'drop-head' }),
    policyOf({ expires: 4, 'max-length': 5 }),
  ];
  expect(effectiveDefinition(user, operator)).toEqual({ expires: 4, 'max-length': 5, overflow: 'drop-head' });
  expect(Object.keys(effectiveDefinition(user, operator))).toEqual(['expires', 'max-length', 'overflow']);
  expect(effectiveDefinition(undefined, undefined)).toEqual({});
});
