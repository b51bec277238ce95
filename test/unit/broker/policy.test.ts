// Policies: what they match, which one holds, what is refused, and that they hold at once and after a restart.
import { describe, expect, test } from 'vitest';
import type { RuleFact } from '../../../src/broker/facts.ts';
import { type ApplyTo, Policy, type PolicyOptions, PolicySet, type PolicyTarget } from '../../../src/broker/policy.ts';
import { checkPolicy, type GivenPolicy, type PolicyKind } from '../../../src/broker/policy-check.ts';
import { route } from '../../../src/broker/route.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';
import { House } from './house.ts';
import { Bench } from './shelf.ts';

const options = (more: Partial<PolicyOptions> = {}): PolicyOptions => ({
  name: 'p',
  pattern: '^q',
  applyTo: 'all',
  priority: 0,
  definition: { 'max-length': 5 },
  ...more,
});
const put = (more: Partial<PolicyOptions> = {}, kind: PolicyKind = 'policy'): RuleFact => ({
  type: `${kind}.put`,
  vhost: '/',
  ...options(more),
});

const classic: PolicyTarget = { kind: 'queue', name: 'q1', type: 'classic' };
const quorum: PolicyTarget = { kind: 'queue', name: 'q1', type: 'quorum' };
const exchange: PolicyTarget = { kind: 'exchange', name: 'q1' };

describe('a policy matches', () => {
  const cases: [ApplyTo, boolean[]][] = [
    ['all', [true, true, true]],
    ['queues', [true, true, false]],
    ['classic_queues', [true, false, false]],
    ['quorum_queues', [false, true, false]],
    ['streams', [false, false, false]],
    ['exchanges', [false, false, true]],
  ];
  test.each(cases)('with apply-to %s', (applyTo, expected) => {
    const policy = new Policy(options({ applyTo }));
    expect([classic, quorum, exchange].map(target => policy.matches(target))).toEqual(expected);
  });

  test('anywhere in a name, as PCRE is written', () => {
    const match = (pattern: string, name: string): boolean =>
      new Policy(options({ pattern })).matches({ ...classic, name });
    expect(match('b', 'abc')).toBe(true);
    expect(match('', 'abc')).toBe(true);
    expect(match('^(?!amq\\.).*', 'amq.x')).toBe(false);
    expect(match('(?i)^ORDERS\\-', 'orders-1')).toBe(true);
    expect(match('(', '(')).toBe(false);
  });

  test('no queue of a type that does not know one of its keys', () => {
    const policy = new Policy(options({ definition: { 'max-length': 5, 'queue-mode': 'lazy' } }));
    expect([classic, quorum, exchange].map(target => policy.matches(target))).toEqual([true, false, true]);
    expect(new Policy(options({ definition: { 'dead-letter-strategy': 'at-most-once' } })).matches(classic)).toBe(
      false,
    );
    expect(new Policy(options({ definition: { 'delivery-limit': 5 } })).matches(classic)).toBe(true);
  });
});

test('of several the one of the highest priority holds, then the first by name', () => {
  const set = new PolicySet();
  for (const [name, priority] of [
    ['b', 1],
    ['c', 1],
    ['a', -3],
    ['d', 0.5],
  ] as const)
    set.put(new Policy(options({ name, priority })));
  expect([...set].map(({ name }) => name)).toEqual(['b', 'c', 'd', 'a']);
  expect(set.match(classic)?.name).toBe('b');
  set.delete('b');
  set.put(new Policy(options({ name: 'c', priority: 1, pattern: 'other' })));
  expect(set.match(classic)?.name).toBe('d');
});

describe('a policy is refused', () => {
  const given = (more: Partial<GivenPolicy> = {}): GivenPolicy => ({
    name: 'p',
    pattern: '^q',
    definition: { expires: 1 },
    ...more,
  });
  const cases: [Partial<GivenPolicy>, string][] = [
    [{ definition: { 'message-ttl': 'abc' } }, '<<"abc">> is not a valid message TTL'],
    [{ definition: { 'message-ttl': 1.5 } }, '1.5 is not a valid message TTL'],
    [{ definition: { 'message-ttl': { a: 1 } } }, '#{<<"a">> => 1} is not a valid message TTL'],
    [{ definition: { expires: 0 } }, '0 is not a valid queue expiry'],
    [{ definition: { 'max-length': 'b', expires: 'a' } }, '<<"a">> is not a valid queue expiry'],
    [{ definition: { 'delivery-limit': -1 } }, '-1 is not a valid delivery limit'],
    [{ definition: { 'ha-mode': 'zz' } }, '<<"zz">> is not a valid ha-mode value'],
    [
      { definition: { foo: 1, bar: 'x', 'max-length': 5 } },
      '[{<<"bar">>,<<"x">>},{<<"foo">>,1}] are not recognised policy settings',
    ],
    [{ definition: { 'max-priority': 5 } }, '[{<<"max-priority">>,5}] are not recognised policy settings'],
    [{ definition: {} }, 'no policy provided'],
    [{ definition: [1] }, 'definition must be a dictionary: [1]'],
    [{ definition: null }, 'definition must be a dictionary: null'],
    [{ pattern: 5 }, 'pattern should be a binary but was 5'],
    [{ pattern: '(' }, 'pattern should be regular expression but is invalid: {"missing )",1}'],
    [{ pattern: 'a'.repeat(1025) }, 'pattern should have at most 1024 characters, it has 1025'],
    [{ priority: '7' }, 'priority should be a number, actually was <<"7">>'],
    [{ priority: null }, 'priority should be a number, actually was null'],
    [
      { 'apply-to': 'foo' },
      "apply-to 'foo' unrecognised; should be one of: 'queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges', or 'all'",
    ],
  ];
  test.each(cases)('for %j', (more, problem) => {
    expect(checkPolicy('policy', given(more))).toEqual([problem]);
  });

  test('for everything that is wrong with it', () => {
    const problems = checkPolicy('policy', given({ definition: 5, 'apply-to': 'x', pattern: '(', priority: 'y' }));
    expect((problems as string[]).map(problem => problem.split(' ')[0])).toEqual([
      'definition',
      'apply-to',
      'pattern',
      'priority',
    ]);
  });

  test('where an operator may not say it', () => {
    const problem = '[{<<"dead-letter-exchange">>,<<"x">>}] are not recognised policy settings';
    expect(checkPolicy('operator-policy', given({ definition: { 'dead-letter-exchange': 'x' } }))).toEqual([problem]);
    expect(checkPolicy('policy', given({ definition: { 'dead-letter-exchange': 'x' } }))).toMatchObject({ name: 'p' });
  });

  test('however deep it is', () => {
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
    expect((checkPolicy('policy', given({ definition: { expires: deep } })) as string[])[0]).toContain('[...]');
  });

  test('but takes RabbitMQ’s numbers and fills in what is left out', () => {
    const checked = checkPolicy(
      'policy',
      given({ definition: { 'message-ttl': 1e20, 'ha-mode': 'all' }, priority: 1.5 }),
    );
    expect(checked).toEqual({
      name: 'p',
      pattern: '^q',
      definition: { 'message-ttl': 1e20, 'ha-mode': 'all' },
      priority: 1.5,
      applyTo: 'all',
    });
  });
});

describe('a rule of a vhost', () => {
  const lengths = ({ queues }: Vhost): number[] => [...queues.values()].map(({ settings }) => settings.maxLength);

  test('holds at once for what is there, and for what comes', () => {
    const house = new House();
    house.declare('q1', { 'x-max-length': 7 });
    house.declare('other');
    house.vhost.setRule(put());
    house.declare('q2');
    expect(lengths(house.vhost)).toEqual([5, Number.POSITIVE_INFINITY, 5]);
    house.vhost.setRule(put({ definition: { 'max-length': 4 } }, 'operator-policy'));
    expect(lengths(house.vhost)).toEqual([4, Number.POSITIVE_INFINITY, 4]);
    house.vhost.setRule({ type: 'policy.delete', vhost: '/', name: 'p' });
    house.vhost.setRule({ type: 'operator-policy.delete', vhost: '/', name: 'p' });
    expect(lengths(house.vhost)).toEqual([7, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test('tells a queue once, and only when its policy is another one', () => {
    const house = new House();
    const queue = house.declare('q1');
    let told = 0;
    queue.configure = settings => {
      told++;
      queue.settings = settings;
    };
    house.vhost.setRule(put({ pattern: 'elsewhere' }));
    house.vhost.setRule(put({ name: 'weaker', priority: -1 }));
    house.vhost.setRule(put({ name: 'weakest', priority: -2 }));
    expect(told).toBe(1);
  });

  test('gives an exchange another alternate, and routes are looked up anew', () => {
    const house = new House();
    house.declare('left');
    house.declareExchange('q-x');
    house.declareExchange('alt');
    const [from, alternate] = ['q-x', 'alt'].map(name => house.vhost.exchange(name));
    house.vhost.bind(alternate!, house.vhost.queue('left', undefined), 'k', house.vhost.exchange('').arguments);
    const message = new Bench().message('x');
    const found = (): string[] => route(house.vhost, from!, message, ['k']).queues.map(({ name }) => name);
    expect(found()).toEqual([]);
    const { version } = house.vhost;
    house.vhost.setRule(put({ definition: { 'alternate-exchange': 'alt' } }));
    expect(found()).toEqual(['left']);
    expect(house.vhost.version).toBeGreaterThan(version);
    house.vhost.setRule({ type: 'policy.delete', vhost: '/', name: 'p' });
    expect(found()).toEqual([]);
  });

  test('is made again from the facts recorded, and from a snapshot', () => {
    const house = new House();
    house.vhost.setRule(put());
    house.vhost.setRule(put({ name: 'gone' }));
    house.vhost.setRule({ type: 'policy.delete', vhost: '/', name: 'gone' });
    house.declare('q1');
    house.vhost.setRule(put({ definition: { 'message-ttl': 9 } }, 'operator-policy'));
    house.vhost.setRule({ type: 'limit.put', vhost: '/', name: 'max-queues', value: 3 });
    house.vhost.setRule({ type: 'parameter.put', vhost: '/', component: 'shovel', name: 's', value: { uri: 'x' } });
    house.broker.setGlobalParameter({ type: 'global-parameter.put', name: 'g', value: [1] });
    for (const facts of [[...house.recorded], [...house.broker.facts()]]) {
      const again = new House();
      for (const fact of facts) again.broker.apply(fact);
      const vhost = again.broker.vhosts.get('/') as Vhost;
      expect(vhost.queue('q1', undefined).settings).toMatchObject({ maxLength: 5, messageTtlMs: 9 });
      expect([...vhost.rules.policies].map(({ name }) => name)).toEqual(['p']);
      expect(vhost.rules.limit('max-queues')).toBe(3);
      expect(vhost.rules.parameters.get('shovel')?.get('s')).toEqual({ uri: 'x' });
      expect(again.broker.globalParameters.get('g')).toEqual([1]);
      expect([...again.broker.facts()]).toEqual([...house.broker.facts()]);
    }
  });
});
