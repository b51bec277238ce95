// The segment files over a simulated disk: whatever stops them whenever, what was promised is there and nothing else.

import { expect, test } from 'vitest';
import type { Position } from '../../src/storage/log.ts';
import { SegmentFiles, type SyncMode } from '../../src/storage/segment-files.ts';
import { after, textBlock } from '../unit/storage/log-harness.ts';
import { SimulatedDisk, seededRandom } from './simulated-disk.ts';

const folder = '/data/segments';
const fileBytes = 32 * 1024;
const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 150);
const firstSeed = Number(process.env['SIMULATION_SEED'] ?? 1);

interface ModelSegment {
  readonly start: Position;
  readonly blocks: Map<Position, string>;
  index: Position | undefined;
  trim: 'no' | 'under way' | 'done';
}

/** What was promised so far, and one life of the log after the other on what the one before left. */
class Simulation {
  readonly random: () => number;
  /** How this life syncs. */
  sync: SyncMode = 'commit';
  readonly #modes: readonly SyncMode[];
  readonly faulty: boolean;
  disk: SimulatedDisk;
  tasks: (() => void)[] = [];
  segments: ModelSegment[] = [];
  dead: Map<Position, string> = new Map();
  inFlight: { position: Position; text: string; begins: boolean } | undefined;
  /** Segments whose first write was torn so that the block is there and the header is not. */
  readonly headless: Set<Position> = new Set();
  /** Damage that a power cut did to writes that were not synced. */
  readonly holes: Set<string> = new Set();
  next: Position = 0;
  texts = 0;
  error: unknown;
  reported = false;
  /** Whether all that was promised must be there: not after a power cut that unsynced writes were not safe from. */
  strict = true;
  /** Whether promised blocks may not be synced: from a life without commit on until the next claim has synced them. */
  unsynced = false;
  /** Set to end a life by killing the process now. */
  killed = false;
  counts = { blocks: 0, lives: 0, failed: 0, trims: 0 };

  constructor(seed: number, modes: readonly SyncMode[]) {
    this.random = seededRandom(seed);
    this.#modes = modes;
    // What an interval's failed sync dropped cannot be told from what it kept: no promise to test.
    this.faulty = this.random() < 0.5 && !modes.includes('interval');
    const capacity = this.random() < 0.3 ? fileBytes * (4 + this.#below(3)) : undefined;
    const schedule = (run: () => void) => void this.tasks.push(run);
    this.disk = new SimulatedDisk({ random: this.random, schedule, ...(capacity === undefined ? {} : { capacity }) });
  }

  #below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  async run(lives: number): Promise<void> {
    for (let life = 0; life < lives; life += 1) {
      this.counts.lives += 1;
      await this.#live(this.#below(this.random() < 0.2 ? 40 : 600));
      const lostPower = !this.killed && this.random() < 0.6;
      this.disk = lostPower ? this.disk.crash() : this.disk.kill();
      if (lostPower && this.unsynced) this.strict = false;
    }
    this.disk.capacity = Number.MAX_SAFE_INTEGER;
    await this.#live(Number.MAX_SAFE_INTEGER, true);
  }

  async #live(steps: number, last = false): Promise<void> {
    this.tasks = [];
    this.killed = false;
    this.sync = this.#modes[this.#below(this.#modes.length)]!;
    this.disk.fault = ({ kind }) => {
      return !last && this.faulty && kind !== 'read' && this.random() < 0.03 ? 'EIO' : undefined;
    };
    const log = new SegmentFiles({
      disk: this.disk,
      folder,
      fileBytes,
      sync: this.sync,
      syncIntervalMs: 3_600_000,
      lock: async () => ({ release: async () => {} }),
      report: error => {
        if (!this.faulty && (error as NodeJS.ErrnoException).code !== 'ENOSPC') this.error ??= error;
        this.reported = true;
      },
    });
    let ended = false;
    this.#work(log, last)
      .catch(error => {
        this.error ??= error;
      })
      .finally(() => {
        ended = true;
      });
    for (let step = 0; step < steps && !ended && !this.killed; step += 1) {
      await new Promise(resolve => setImmediate(resolve));
      if (this.tasks.length > 0) this.tasks.splice(this.#below(this.tasks.length), 1)[0]!();
    }
    this.error ??= this.disk.misuse;
    if (this.error !== undefined) throw this.error;
  }

  async #work(log: SegmentFiles, last: boolean): Promise<void> {
    try {
      await this.#recover(log);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== undefined && this.faulty && !last) return;
      throw error;
    }
    if (last) return;
    const appends = this.#below(100);
    for (let i = 0; i < appends; i += 1) {
      await this.#append(log);
      if (this.killed) return;
      if (this.random() < 0.15) void this.#trim(log);
      if (this.random() < 0.1) {
        await this.#readSome(log).catch(error => {
          if (!this.faulty || error.code !== 'EIO') throw error;
        });
      }
    }
    await log.close();
  }

  /** Reads all that is there, compares it with what was promised, and goes on from it. */
  async #recover(log: SegmentFiles): Promise<void> {
    const { segments, damage } = await log.claim();
    const { strict } = this;
    const found: ModelSegment[] = [];
    let next = this.segments.length === 0 && segments.length === 0 ? this.next : 0;
    for (const { start, end, header, index } of segments) {
      const torn = this.inFlight?.begins === true && this.inFlight.position === start;
      if (header.length === 0 && (torn || !strict)) this.headless.add(start);
      if (!this.headless.has(start)) expect(Buffer.from(header).toString()).toBe(`header of ${start}`);
      const blocks = new Map<Position, string>();
      let at: Position | undefined = start;
      while (at !== undefined) {
        const result = await log.read(at, this.#below(5000));
        for (const { place, offset } of result.damage) {
          if (!strict) this.holes.add(`${place} ${offset}`);
          expect(this.holes).toContain(`${place} ${offset}`);
        }
        for (const { position, payload } of result.blocks) {
          expect(position).toBeGreaterThanOrEqual(next);
          const one = textBlock(position, payload.toString());
          this.#expectPromised(position, payload.toString());
          blocks.set(position, payload.toString());
          next = after(one);
        }
        at = result.next;
      }
      next = Math.max(next, end ?? start);
      found.push({ start, blocks, index, trim: 'no' });
    }
    expect(damage.length).toBeLessThanOrEqual(this.headless.size);
    if (strict) this.#expectAll(found);
    // A trim under way that was not finished by the stop has not happened; one that was must not be undone.
    for (const gone of this.segments) {
      if (gone.trim === 'under way' && !found.some(one => one.start === gone.start)) this.#bury(gone);
    }
    this.segments = found;
    this.next = Math.max(next, strict ? this.#trimmedEnd() : 0);
    // Positions that were lost are used again.
    for (const position of this.dead.keys()) if (position >= this.next) this.dead.delete(position);
    this.strict = true;
    this.unsynced = this.sync !== 'commit';
    this.inFlight = undefined;
  }

  #trimmedEnd(): Position {
    let end = 0;
    for (const [position, text] of this.dead) end = Math.max(end, after(textBlock(position, text)));
    return end;
  }

  #bury(segment: ModelSegment): void {
    segment.trim = 'done';
    for (const [position, text] of segment.blocks) this.dead.set(position, text);
  }

  #expectPromised(position: Position, text: string): void {
    if (this.dead.has(position)) throw new Error(`A trimmed block is back: ${position} ${text.slice(0, 20)}`);
    const known = this.segments.find(one => one.blocks.has(position))?.blocks.get(position);
    const flying = this.inFlight?.position === position ? this.inFlight.text : undefined;
    if (known !== text && flying !== text) throw new Error(`Never written: ${position} ${text.slice(0, 20)}`);
  }

  #expectAll(found: readonly ModelSegment[]): void {
    for (const segment of this.segments) {
      if (segment.trim !== 'no') continue;
      const there = found.find(one => one.start === segment.start);
      for (const [position, text] of segment.blocks) expect(there?.blocks.get(position)).toBe(text);
      if (this.reported || there === undefined || there.index === this.inFlight?.position) continue;
      expect(there.index).toBe(segment.index);
    }
  }

  async #append(log: SegmentFiles): Promise<void> {
    const large =
      this.random() < 0.02 ? fileBytes + this.#below(fileBytes) : this.#below(this.random() < 0.5 ? 60 : 3000);
    this.texts += 1;
    const text = `${this.texts} `.padEnd(large, 'abcdefgh');
    const position = this.next;
    let begins = this.random() < 0.05;
    let fromReserve = false;
    for (;;) {
      const more = { index: !begins && this.random() < 0.05, ...(fromReserve ? { fromReserve } : {}) };
      const block = textBlock(position, text, more);
      if (block.length > log.room()) begins = true;
      const segment = { header: Buffer.from(`header of ${position}`) };
      this.inFlight = { position, text, begins };
      const result = await log.append(begins ? { ...block, index: false, segment } : block);
      if (result.outcome === 'durable') {
        this.#appended(position, text, begins, block.index === true && !begins);
        return;
      }
      this.counts.failed += 1;
      begins = true;
      if (this.random() < 0.1) {
        this.killed = true;
        return;
      }
      if (result.outcome !== 'failed') throw new Error(result.outcome);
      fromReserve = (result.error as NodeJS.ErrnoException).code === 'ENOSPC';
      if (fromReserve) await this.#trim(log);
    }
  }

  #appended(position: Position, text: string, begins: boolean, index: boolean): void {
    // A segment found without blocks, or whose first block failed, is overwritten by the one that starts at the same place.
    if (begins) this.segments = this.segments.filter(one => one.start !== position);
    if (begins) this.segments.push({ start: position, blocks: new Map(), index: undefined, trim: 'no' });
    const segment = this.segments.at(-1)!;
    segment.blocks.set(position, text);
    if (index) segment.index = position;
    this.next = after(textBlock(position, text));
    this.inFlight = undefined;
    this.counts.blocks += 1;
  }

  async #trim(log: SegmentFiles): Promise<void> {
    const candidates = this.segments.slice(0, -1).filter(one => one.trim !== 'done');
    const segment = candidates[this.#below(candidates.length)];
    if (segment === undefined) return;
    segment.trim = 'under way';
    try {
      await log.trim(segment.start);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) this.error ??= error;
      return;
    }
    this.counts.trims += 1;
    this.#bury(segment);
  }

  async #readSome(log: SegmentFiles): Promise<void> {
    const segment = this.segments[this.#below(this.segments.length)];
    if (segment === undefined || segment.trim !== 'no') return;
    const position = [...segment.blocks.keys()][this.#below(segment.blocks.size)];
    if (position === undefined) return;
    const { blocks, damage } = await log.read(position, 1);
    if (segment.trim !== 'no') return;
    expect(damage).toEqual([]);
    expect(blocks[0]?.payload.toString()).toBe(segment.blocks.get(position));
  }
}

async function simulate(modes: readonly SyncMode[]): Promise<Simulation['counts']> {
  const total = { blocks: 0, lives: 0, failed: 0, trims: 0 };
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    const simulation = new Simulation(seed, modes);
    try {
      await simulation.run(6);
    } catch (error) {
      const again = `SIMULATION_SEED=${seed} SIMULATION_SEEDS=1`;
      throw new Error(`${again} (${modes}): ${(error as Error).message}`, { cause: error });
    }
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += simulation.counts[key];
  }
  if (process.env['SIMULATION_COUNTS'] !== undefined) console.log(modes, total);
  return total;
}

test('with commit every durable block survives crashes, kills and failing disks; trimmed segments stay away', async () => {
  expect((await simulate(['commit'])).blocks).toBeGreaterThan(seeds);
}, 600_000);

test('without a sync for each block all survives a kill, and what was found after it survives a power cut', async () => {
  expect((await simulate(['commit', 'interval'])).blocks).toBeGreaterThan(seeds);
}, 600_000);
