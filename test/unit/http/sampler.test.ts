// Sampling in virtual time: pace, rates, histories, their bound, and slices between which everything else has its turn.
import { describe, expect, test } from 'vitest';
import { momentsMax } from '../../../src/http/history.ts';
import { BrokerSampler, type Sampled } from '../../../src/http/sampler.ts';

interface Thing {
  readonly name: string;
  count: number;
  length: number;
}

const counters = { count: (thing: Thing) => thing.count, length: (thing: Thing) => thing.length };
const bytesEach = momentsMax * 2 * 8;

/** Samples a set of things in time that the test moves. */
class Bench {
  readonly clock = { now: 1_700_000_000_000 };
  readonly things = new Set<Thing>();
  readonly pending: (() => void)[] = [];
  readonly sampler: BrokerSampler;
  samples = 0;

  constructor(history: Sampled<Thing>['history'] = 'with room', bytesMax?: number) {
    const averaged = { empty: (thing: Thing) => (thing.length < 0 ? Number.NaN : Number(thing.length === 0)) };
    const sampled: Sampled<Thing> = { objects: () => this.things, counters, averaged, history };
    this.sampler = new BrokerSampler([sampled], this.clock, run => this.pending.push(run), bytesMax);
    this.sampler.onSample(() => this.samples++);
  }

  add(name: string): Thing {
    const thing = { name, count: 0, length: 0 };
    this.things.add(thing);
    return thing;
  }

  /** Lets so many seconds pass, with what happens in each. */
  pass(seconds: number, each: () => void = () => {}): void {
    for (let i = 0; i < seconds; i++) {
      this.clock.now += 1000;
      each();
      this.sampler.tick();
      this.drain();
    }
  }

  drain(): void {
    for (let run = this.pending.shift(); run !== undefined; run = this.pending.shift()) run();
  }
}

test('what is averaged is the share of time in about the last minute, and begins anew where there is nothing to tell', () => {
  const bench = new Bench();
  const thing = bench.add('a');
  const average = () => bench.sampler.average(thing, 'empty');
  bench.pass(1);
  expect(average()).toBe(1);
  thing.length = 1;
  bench.pass(12, () => bench.sampler.look());
  expect(average()).toBeCloseTo((59 / 60) ** 12, 5);
  bench.pass(600, () => {
    bench.sampler.look();
    thing.length = bench.clock.now % 4000 === 0 ? 1 : 0;
  });
  expect(average()).toBeCloseTo(0.75, 1);
  thing.length = -1;
  bench.pass(5);
  expect(average()).toBe(0);
  thing.length = 0;
  bench.pass(5);
  expect(average()).toBe(1);
});

test('an object is idle since its counters are as they are, and after five seconds of that', () => {
  const bench = new Bench();
  const thing = bench.add('a');
  const idle = () => bench.sampler.idleSince(thing);
  bench.sampler.look();
  bench.pass(4);
  expect(idle()).toBeUndefined();
  bench.pass(2);
  expect(idle()).toBe(bench.clock.now - 5000);
  thing.count++;
  bench.pass(1, () => bench.sampler.look());
  expect(idle()).toBeUndefined();
  const changedAt = bench.clock.now;
  bench.pass(9);
  expect(idle()).toBe(changedAt);
  bench.things.delete(thing);
  bench.pass(5);
  expect(idle()).toBeUndefined();
});

describe('the pace', () => {
  test('is a second while somebody looks and for ten seconds after, five otherwise', () => {
    const bench = new Bench();
    bench.pass(1);
    expect(bench.samples).toBe(1);
    bench.pass(20);
    expect(bench.samples).toBe(5);
    bench.sampler.look();
    bench.pass(10);
    expect(bench.samples).toBe(15);
    bench.pass(20);
    expect(bench.samples).toBe(19);
  });

  test('stays when timers are late or early by a little', () => {
    const bench = new Bench();
    bench.pass(1);
    for (let i = 0; i < 10; i++) {
      bench.sampler.look();
      bench.clock.now += i % 2 === 0 ? 800 : 1200;
      bench.sampler.tick();
    }
    expect(bench.samples).toBe(11);
  });

  test('does not begin a sample while one is being taken', () => {
    const bench = new Bench();
    for (let i = 0; i < 1200; i++) bench.add(`${i}`);
    bench.sampler.look();
    bench.sampler.tick();
    bench.clock.now += 1000;
    bench.sampler.tick();
    expect(bench.pending).toHaveLength(1);
    bench.drain();
    expect(bench.samples).toBe(1);
  });
});

describe('rates', () => {
  test('are those between the last two samples', () => {
    const bench = new Bench();
    const thing = bench.add('a');
    thing.count = 100;
    bench.pass(1);
    expect(bench.sampler.rate(thing, 'count')).toBe(0);
    bench.pass(3, () => {
      thing.count += 50;
      thing.length -= 2;
    });
    expect(bench.sampler.rate(thing, 'count')).toBe(50);
    expect(bench.sampler.rate(thing, 'length')).toBe(-2);
    bench.pass(1);
    expect(bench.sampler.rate(thing, 'count')).toBe(0);
  });

  test('are 0 for what is not known', () => {
    const bench = new Bench();
    const thing = bench.add('a');
    bench.pass(2);
    expect(bench.sampler.rate(thing, 'nothing')).toBe(0);
    expect(bench.sampler.rate({}, 'count')).toBe(0);
    expect(bench.sampler.history({}, 'count', 60, 5)).toBeUndefined();
    expect(bench.sampler.history(thing, 'nothing', 60, 5)).toBeUndefined();
  });

  test('of an object that takes the place of one that is gone begin anew', () => {
    const bench = new Bench();
    const old = bench.add('old');
    bench.sampler.look();
    bench.pass(5, () => {
      old.count += 1000;
    });
    bench.things.delete(old);
    bench.pass(1);
    expect(bench.sampler.rate(old, 'count')).toBe(0);
    const next = bench.add('next');
    next.count = 7;
    bench.pass(1);
    expect(bench.sampler.rate(next, 'count')).toBe(0);
    bench.pass(1, () => {
      next.count += 3;
    });
    expect(bench.sampler.rate(next, 'count')).toBe(3);
  });
});

describe('histories', () => {
  test('have samples at the steps asked for, newest first, with their mean and slope', () => {
    const bench = new Bench();
    const thing = bench.add('a');
    bench.pass(40, () => {
      bench.sampler.look();
      thing.count += 10;
      thing.length = 4;
    });
    const history = bench.sampler.history(thing, 'count', 20, 5)!;
    expect(history.samples).toEqual(
      [0, 5, 10, 15, 20].map(back => ({ sample: 400 - back * 10, timestamp: bench.clock.now - back * 1000 })),
    );
    expect(history.avg).toBe(300);
    expect(history.avg_rate).toBe(10);
    expect(bench.sampler.history(thing, 'length', 20, 5)).toMatchObject({ avg: 4, avg_rate: 0 });
  });

  test.each([
    ['a minute', 60, 1],
    ['ten minutes', 600, 5],
    ['an hour', 3_600, 60],
    ['eight hours', 8 * 3_600, 300],
    ['a day', 24 * 3_600, 900],
  ])('go back %s', (_, ageS, incrS) => {
    const bench = new Bench();
    const thing = bench.add('a');
    bench.pass(ageS + 2 * incrS + 900, () => {
      bench.sampler.look();
      thing.count += 1;
    });
    const { samples } = bench.sampler.history(thing, 'count', ageS, incrS)!;
    expect(samples.length).toBeGreaterThanOrEqual(ageS / incrS - 1);
    for (const { sample, timestamp } of samples) {
      const age = (bench.clock.now - timestamp) / 1000;
      expect(Math.abs(thing.count - age - sample)).toBeLessThanOrEqual(Math.max(1, incrS));
    }
  });

  test('of an object first looked at begin then', () => {
    const bench = new Bench('looked at');
    const thing = bench.add('a');
    bench.pass(20);
    expect(bench.sampler.history(thing, 'count', 60, 1)).toEqual({ samples: [], avg: 0, avg_rate: 0 });
    bench.pass(3, () => {
      thing.count += 1;
    });
    expect(bench.sampler.history(thing, 'count', 60, 1)?.samples.map(({ sample }) => sample)).toEqual([3, 2, 1]);
  });

  test('keep to the bound of memory: what was looked at longest ago makes way', () => {
    const bench = new Bench('with room', 3.5 * bytesEach);
    const things = ['a', 'b', 'c', 'd', 'e'].map(name => bench.add(name));
    const known = (): string[] =>
      things
        .filter(thing => (bench.sampler.history(thing, 'count', 1, 1)?.samples.length ?? 0) > 0)
        .map(({ name }) => name);
    bench.pass(2);
    expect(bench.sampler.historyBytes).toBe(3 * bytesEach);
    bench.sampler.history(things[0]!, 'count', 1, 1);
    bench.sampler.history(things[4]!, 'count', 1, 1);
    expect(bench.sampler.historyBytes).toBe(3 * bytesEach);
    bench.pass(2);
    expect(bench.sampler.history(things[1]!, 'count', 1, 1)?.samples).toEqual([]);
    bench.pass(1);
    expect(known()).toEqual(['a', 'b']);
  });

  test('give their memory back with their object', () => {
    const bench = new Bench();
    const thing = bench.add('a');
    bench.add('b');
    bench.pass(2);
    bench.things.delete(thing);
    bench.pass(5);
    expect(bench.sampler.historyBytes).toBe(bytesEach);
  });

  test('answer with so many samples at most', () => {
    const bench = new Bench();
    const thing = bench.add('a');
    bench.pass(20);
    expect(bench.sampler.history(thing, 'count', 1e12, 1e-9)!.samples.length).toBeLessThanOrEqual(1000);
  });

  test('forget what came before when the clock is set back', () => {
    const bench = new Bench();
    const thing = bench.add('a');
    bench.pass(30, () => bench.sampler.look());
    bench.clock.now -= 3_600_000;
    bench.pass(3, () => bench.sampler.look());
    expect(bench.sampler.history(thing, 'count', 60, 1)?.samples.length).toBeLessThanOrEqual(3);
    bench.pass(5, () => {
      thing.count += 1;
    });
    expect(bench.sampler.rate(thing, 'count')).toBe(1);
  });
});

describe('slices', () => {
  test('leave the moment in hand unread until every object has its value', () => {
    const bench = new Bench();
    const things = Array.from({ length: 1100 }, (_, i) => bench.add(`${i}`));
    // Often enough that the rings have come round.
    bench.pass(70, () => bench.sampler.look());
    for (const thing of things) thing.count = 9;
    bench.clock.now += 1000;
    bench.sampler.tick();
    expect(bench.sampler.history(things[0]!, 'count', 0, 1)?.samples).toEqual([
      { sample: 0, timestamp: bench.clock.now - 1000 },
    ]);
    let slices = 1;
    for (let run = bench.pending.shift(); run !== undefined; run = bench.pending.shift()) {
      run();
      slices++;
    }
    expect(slices).toBeGreaterThanOrEqual(3);
    expect(bench.sampler.history(things[0]!, 'count', 0, 1)?.samples[0]?.sample).toBe(9);
    expect(bench.sampler.history(things[1099]!, 'count', 0, 1)?.samples[0]?.sample).toBe(9);
  });
});
