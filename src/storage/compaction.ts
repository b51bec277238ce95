// Gives segments back: those where nothing lives, and, to keep the disk in bounds, those where little does.
import type { NewPlace, Store } from '../broker/store.ts';
import type { Journal } from './journal.ts';
import { blockHeaderBytes } from './log.ts';
import { bodyLength, contentOffset, readEntries, recordsOf, recordTypes } from './record.ts';
import type { SegmentState } from './segment-state.ts';

/** The entries that a journal keeps messages for, as the broker knows them. */
export interface Keeper {
  /** An entry that waits in its queue: notes its new place. False when it does not wait there. */
  relocate(queue: number, sequence: number, oldId: number, to: NewPlace): boolean;
  /** Entries of that store that are with consumers: notes their new places, given by the old ids. */
  relocateUnsettled(store: Store, places: ReadonlyMap<number, NewPlace>): void;
}

const pieceBytes = 1 << 20;
const retryMs = 1000;

/**
 * Rules: a segment goes only when all that was written before is durable, its facts stand in a later snapshot and the settlements it
 * has for older segments stand in a later bitmap; an older segment counts as there until its trim has resolved.
 */
export class Compaction {
  readonly #journal: Journal;
  readonly #keeper: Keeper;
  readonly #damaged = new WeakSet<SegmentState>();
  #running = false;
  #stopped = false;
  #idle: (() => void) | undefined;

  constructor(journal: Journal, keeper: Keeper) {
    this.#journal = journal;
    this.#keeper = keeper;
  }

  /** Looks for a segment to give back, and goes on until there is none. */
  check(): void {
    if (this.#running || this.#stopped) return;
    this.#journal.sealDead();
    const dead = this.#dead();
    const victim = dead ?? this.#victim();
    if (victim === undefined) return;
    this.#running = true;
    this.#giveBack(victim, dead === undefined).then(
      () => this.#next(),
      error => {
        this.#journal.options.report(
          'error',
          `a segment of the journal could not be given back: ${(error as Error).message}`,
        );
        this.#journal.options.afterMs(retryMs, () => this.#next());
      },
    );
  }

  /** Begins nothing new; resolves when what was begun is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#running)
      await new Promise<void>(resolve => {
        this.#idle = resolve;
      });
  }

  #next(): void {
    this.#running = false;
    if (this.#stopped) this.#idle?.();
    else this.check();
  }

  #dead(): SegmentState | undefined {
    const dead = this.#journal.segments.all.filter(segment => segment.sealed && segment.live === 0);
    return dead.find(segment => !segment.hasFacts) ?? (this.#factsAreSpread() ? dead[0] : undefined);
  }

  /** Whether a snapshot gives back more than it takes: where facts alone fill segments, it would else be written for ever. */
  #factsAreSpread(): boolean {
    const { segments, options, factBytes } = this.#journal;
    let bytes = 0;
    for (const segment of segments.all)
      if (segment.sealed && segment.live === 0 && segment.hasFacts)
        bytes += Math.max(segment.bytes, options.log.segmentBytes);
    return bytes > factBytes * 2;
  }

  /** The segment with the least alive, when the disk in use exceeds twice what lives and two segments. */
  #victim(): SegmentState | undefined {
    const { log } = this.#journal.options;
    let live = this.#journal.factBytes;
    let victim: SegmentState | undefined;
    for (const segment of this.#journal.segments.all) {
      live += segment.bytes * segment.liveShare;
      if (!segment.sealed || segment.live === 0) continue;
      if (!this.#damaged.has(segment) && (victim === undefined || segment.liveShare < victim.liveShare))
        victim = segment;
    }
    const tooMuch = log.bytes > live * 2 + log.segmentBytes * 2;
    // Copying what is nearly all alive gives nothing back.
    return tooMuch && victim !== undefined && victim.liveShare < 0.9 ? victim : undefined;
  }

  async #giveBack(segment: SegmentState, copy: boolean): Promise<void> {
    const journal = this.#journal;
    if (segment.live > 0) {
      // Its last blocks may still be on their way.
      await journal.durable();
      if (copy) await this.#copy(segment);
      if (segment.live > 0) {
        this.#damaged.add(segment);
        journal.options.report(
          'warning',
          `${segment.live} stored messages cannot be read; the segment at ${segment.start} stays`,
        );
        return;
      }
    }
    if (segment.hasFacts && !this.#factsAreSpread()) return;
    for (const older of segment.settles) if (journal.segments.all.includes(older)) journal.carry(older);
    if (segment.hasFacts) journal.snapshot();
    await journal.durable();
    await journal.options.log.trim(segment.start);
    journal.segments.remove(segment);
  }

  /** Copies what lives to the end of the log, piece by piece, each in one turn. */
  async #copy(segment: SegmentState): Promise<void> {
    const journal = this.#journal;
    let next: number | undefined = segment.start;
    while (next !== undefined && segment.live > 0) {
      if (!journal.accepting) await new Promise<void>(resolve => journal.whenAccepting(resolve));
      const { blocks, next: after, damage } = await journal.options.log.read(next, pieceBytes);
      for (const { place, offset, reason } of damage)
        journal.options.report('error', `damaged bytes in ${place} at offset ${offset}: ${reason}`);
      const missed = new Map<number, NewPlace>();
      for (const { position, payload } of blocks)
        for (const [type, at, end] of recordsOf(payload))
          if (type === recordTypes.message || type === recordTypes.moved)
            this.#move(segment, payload, at, end, position + blockHeaderBytes + at, missed);
      if (missed.size > 0) this.#keeper.relocateUnsettled(journal, missed);
      next = after;
    }
  }

  #move(
    segment: SegmentState,
    payload: Buffer,
    at: number,
    end: number,
    position: number,
    missed: Map<number, NewPlace>,
  ): void {
    const journal = this.#journal;
    const live = readEntries(payload, at).filter(
      ({ id }) => journal.segments.find(id) === segment && !segment.isSettled(id),
    );
    if (live.length === 0 || position < segment.start) return;
    const content = payload.subarray(contentOffset(payload, at), end);
    const {
      firstId,
      position: to,
      block,
    } = journal.move(payload.readDoubleLE(at + 8), content, bodyLength(payload, at), live);
    for (const [i, { queue, sequence, id }] of live.entries()) {
      const place = { id: firstId + i, position: to, block };
      if (!this.#keeper.relocate(queue, sequence, id, place)) missed.set(id, place);
    }
  }
}
