// The journal: messages, settlements and facts as records in blocks, blocks in a log, one write in flight at a time.
//
// Rules that this file and its neighbours keep:
// - A block's position is fixed when it is begun, and blocks become durable in the order of their positions. So whatever a later
//   block, an index or a carried bitmap says may rely on all that stands before it.
// - An entry's id is given in the order of the log and never again. A settlement names the id; a move gives a new one.
// - A waiter is called when its block and all before it are durable.
// - A write that failed is done again at the same position, as the first of a new segment (see block-writer).
import type { Entry } from '../broker/entry.ts';
import type { Fact } from '../broker/facts.ts';
import type { Journal as JournalPort } from '../broker/journal.ts';
import type { Memory } from '../broker/memory.ts';
import type { Message } from '../broker/message.ts';
import type { Waiter } from '../broker/store.ts';
import { BlockWriter, type BlockWriterOptions } from './block-writer.ts';
import { loadEntries } from './loading.ts';
import { blockHeaderBytes, nextPosition, type Position } from './log.ts';
import { blockBytesMax, type MovedEntry, OpenBlock } from './open-block.ts';
import {
  encodeContent,
  marksBytes,
  messageFixedBytes,
  movedEntryBytes,
  recordHeaderBytes,
  recordTypes,
} from './record.ts';
import { IndexRows } from './segment-index.ts';
import { type SegmentState, Segments, SegmentState as State } from './segment-state.ts';

export interface JournalOptions extends BlockWriterOptions {
  readonly memory: Memory;
  /** All facts that hold now, for a snapshot. */
  readonly facts: () => Iterable<Fact>;
}

/** Where a journal starts: behind what recovery has found. */
export interface JournalStart {
  readonly position: Position;
  readonly nextId: number;
  readonly lastQueueId: number;
  readonly segments: readonly SegmentState[];
  /** Length of the last snapshot, 0 when there is none, bytes. */
  readonly snapshotBytes: number;
}

/** A snapshot stands in its block and in the index of its segment. */
const snapshotCopies = 2;
/** A record counts its entries with 16 bits. */
const recordEntriesMax = 0xffff;
/** From so many on, settlements are written as the bits of their segments instead of one by one. */
const manySettlements = 4096;

export class Journal implements JournalPort {
  readonly options: JournalOptions;
  readonly segments: Segments = new Segments();
  recorded = 0;
  /** The number of the last block that has a fact. */
  #factBlock = 0;
  /** The highest id of a queue that a segment header has to remember. */
  lastQueueId = 0;
  /** What the last snapshot of the facts takes on the disk, 0 when there was none, bytes. */
  factBytes: number;
  #nextId: number;
  #filling: OpenBlock;
  readonly #writer: BlockWriter;
  #recovering = true;
  readonly #rows: IndexRows = new IndexRows();
  #segmentRoom = 0;
  /** A block is closed when it has so many bytes: few enough that a small segment takes several. */
  readonly #blockBytes: number;
  /** Called after each durable block: compaction and paging look whether there is something to do. */
  onDurable: () => void = () => {};

  constructor(options: JournalOptions, start: JournalStart) {
    this.options = options;
    this.#blockBytes = Math.min(blockBytesMax, Math.ceil(options.log.segmentBytes / 8));
    this.#nextId = start.nextId;
    this.lastQueueId = start.lastQueueId;
    this.factBytes = start.snapshotBytes * snapshotCopies;
    // One without a block, as a crash can leave it, makes way for the one that begins there now: trimming it would take that one.
    this.segments.all.push(...start.segments.filter(segment => segment.start < start.position));
    this.#filling = new OpenBlock(1, start.position, this.#nextId);
    this.#writer = new BlockWriter(options, start.position, {
      closeFilling: () => {
        if (!this.#filling.isEmpty) this.#nextBlock();
      },
      header: block => this.#header(block),
      split: block => this.#splitSegment(block),
      durable: () => this.onDurable(),
    });
    this.#beginSegment();
  }

  /** Recovery is over: from now on facts are recorded. Until then applying them writes nothing. */
  begin(): void {
    this.#recovering = false;
  }

  get block(): number {
    return this.#filling.number;
  }

  /** Everything before this position is durable. */
  get durableEnd(): Position {
    return this.#writer.durableEnd;
  }

  get accepting(): boolean {
    return this.#writer.accepting;
  }

  /** What waits for the disk, bytes. */
  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  /** Whether writes fail at the moment. */
  get failing(): boolean {
    return this.#writer.failing;
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** Calls back once more is accepted; at the end of this turn when it is so already. */
  whenAccepting(run: () => void): void {
    this.#writer.whenAccepting(run);
  }

  // --- store ---

  publish(entry: Entry): void {
    const { message } = entry;
    const block = this.#room(OpenBlock.messageBytes(message, 1), message.bodyBytes);
    const id = this.#nextId++;
    entry.id = id;
    message.store = this;
    const before = block.length;
    block.message(entry, id);
    this.segments.current.add(message.bodyBytes, true);
    if (!this.options.volatile)
      this.#rows.push(
        this.segments.current,
        entry.id,
        message.position,
        message.block,
        entry.queue.id,
        entry.sequence,
        message.bodyBytes,
        entry.marks,
      );
    this.#writer.grown(block.length - before);
  }

  publishToAll(message: Message, entries: readonly Entry[]): void {
    this.#publishRecord(message, entries.slice(0, recordEntriesMax));
    for (let from = recordEntriesMax; from < entries.length; from += recordEntriesMax) {
      // A message has one place: the entries of a further record need another message.
      const twin = message.twin();
      const further = entries.slice(from, from + recordEntriesMax);
      for (const entry of further) entry.message = twin;
      this.#publishRecord(twin, further);
    }
  }

  #publishRecord(message: Message, entries: readonly Entry[]): void {
    const block = this.#room(OpenBlock.messageBytes(message, entries.length), message.bodyBytes);
    const firstId = this.#nextId;
    this.#nextId += entries.length;
    message.store = this;
    const before = block.length;
    block.messageForAll(message, entries, firstId);
    for (const [i, entry] of entries.entries()) {
      entry.id = firstId + i;
      this.segments.current.add(message.bodyBytes, i === 0);
      if (!this.options.volatile)
        this.#rows.push(
          this.segments.current,
          entry.id,
          message.position,
          message.block,
          entry.queue.id,
          entry.sequence,
          message.bodyBytes,
          entry.marks,
        );
    }
    this.#writer.grown(block.length - before);
  }

  rewrite(entry: Entry): void {
    if (this.options.volatile) return;
    // The other entries of the message stay where they are.
    if (entry.message.entries > 1) entry.message = entry.message.copy();
    const { message, queue, sequence, id, marks } = entry;
    const place = this.move(message.publishedAt, encodeContent(message), message.bodyBytes, [
      { queue: queue.id, sequence, id, marks },
    ]);
    entry.id = place.firstId;
    message.store = this;
    message.position = place.position;
    message.block = place.block;
  }

  settle(entry: Entry): void {
    this.#settle(entry.id, entry.message.bodyBytes);
  }

  settleAll(entries: readonly { readonly id: number; readonly bodyBytes: number }[]): void {
    if (entries.length < manySettlements) {
      for (const { id, bodyBytes } of entries) this.#settle(id, bodyBytes);
      return;
    }
    const touched = new Set<SegmentState>();
    for (const { id, bodyBytes } of entries) {
      const segment = this.segments.find(id);
      if (segment?.settle(id, bodyBytes) === true) touched.add(segment);
    }
    if (!this.options.volatile) for (const segment of touched) this.carry(segment);
  }

  forget(id: number, bodyBytes: number): void {
    this.segments.find(id)?.settle(id, bodyBytes);
  }

  readable(message: Message): boolean {
    return message.position >= 0 && message.position < this.durableEnd;
  }

  load(entries: readonly Entry[], done: (damaged: readonly Entry[]) => void): void {
    loadEntries(this, entries, done);
  }

  // --- facts and waiting ---

  record(fact: Fact): void {
    if (this.#recovering) return;
    if ('id' in fact) this.lastQueueId = Math.max(this.lastQueueId, fact.id);
    this.recorded++;
    if (this.options.volatile) return;
    this.#fact(recordTypes.fact, Buffer.from(JSON.stringify(fact)));
    this.#factBlock = this.#filling.number;
  }

  get factsPending(): boolean {
    return this.#factBlock > this.#writer.durableBlock;
  }

  whenDurable(waiter: Waiter): void {
    const block = this.#filling;
    if (!block.isEmpty) block.waiters.push(waiter);
    else {
      const { last } = this.#writer;
      if (last === undefined) this.options.later(() => waiter.durable());
      else last.waiters.push(waiter);
    }
  }

  /** Resolves when everything written so far is durable. */
  durable(): Promise<void> {
    return new Promise(resolve => this.whenDurable({ durable: resolve }));
  }

  // --- for compaction ---

  /** Ends the current segment of a scratch file in which nothing lives any more, so that all of it can be given back. */
  sealDead(): void {
    const { all, current } = this.segments;
    if (!this.options.volatile || current.bytes === 0 || this.#writer.last !== undefined || !this.#filling.isEmpty)
      return;
    for (const segment of all) if (segment.live > 0) return;
    current.sealed = true;
    this.#beginSegment();
  }

  /** Writes a copy of a stored message for its live entries; returns the first new id and the new place. */
  move(
    publishedAt: number,
    content: Buffer,
    bodyBytes: number,
    entries: readonly MovedEntry[],
  ): { firstId: number; position: Position; block: Position } {
    const block = this.#room(messageFixedBytes + entries.length * (movedEntryBytes + marksBytes), content.length);
    const firstId = this.#nextId;
    this.#nextId += entries.length;
    const before = block.length;
    const position = block.moved(publishedAt, content, entries, firstId);
    const { current } = this.segments;
    for (const [i, { id, queue, sequence, marks }] of entries.entries()) {
      current.add(bodyBytes, i === 0);
      if (!this.options.volatile)
        this.#rows.push(current, firstId + i, position, block.position, queue, sequence, bodyBytes, marks);
      const old = this.segments.find(id);
      old?.settle(id, bodyBytes);
      if (old !== undefined && old !== current) current.settles.add(old);
    }
    this.#writer.grown(block.length - before);
    return { firstId, position, block: block.position };
  }

  /** Writes what is settled in an older segment, so that the segment that had the settlements can go. */
  carry(older: SegmentState): void {
    const payload = Buffer.alloc(8 + older.bits.length);
    payload.writeDoubleLE(older.firstId);
    payload.set(older.bits, 8);
    this.#write(recordTypes.bitmap, payload);
    if (older !== this.segments.current) this.segments.current.settles.add(older);
  }

  /** Writes all facts that hold now; those before no longer count. */
  snapshot(): void {
    const facts = [...this.options.facts()];
    const payload = Buffer.from(JSON.stringify({ lastQueueId: this.lastQueueId, facts }));
    this.#fact(recordTypes.snapshot, payload);
    this.segments.supersedeFacts();
    this.factBytes = payload.length * snapshotCopies;
  }

  /** The last record of a clean stop: which entries were delivered before. */
  closed(ids: readonly number[]): void {
    const sorted = Float64Array.from(ids).sort();
    const ranges: number[] = [];
    for (const id of sorted) {
      const last = ranges.length - 2;
      if (last >= 0 && (ranges[last] as number) + (ranges[last + 1] as number) === id) (ranges[last + 1] as number)++;
      else ranges.push(id, 1);
    }
    const payload = Buffer.alloc(ranges.length * 8);
    for (const [i, value] of ranges.entries()) payload.writeDoubleLE(value, i * 8);
    this.#write(recordTypes.closed, payload);
    this.#writer.end();
  }

  /** Writes what waits and lets go of the log. */
  async close(): Promise<void> {
    let gaveUp = false;
    // Again, since the index of a segment may have followed the last block.
    while (!gaveUp && (!this.#filling.isEmpty || this.#writer.last !== undefined))
      await new Promise<void>(resolve => {
        this.#writer.giveUp = () => {
          gaveUp = true;
          resolve();
        };
        this.whenDurable({ durable: resolve });
      });
    await this.options.log.close();
  }

  // --- blocks ---

  #settle(id: number, bodyBytes: number): void {
    const segment = this.segments.find(id);
    if (segment === undefined || !segment.settle(id, bodyBytes)) return;
    if (this.options.volatile) {
      if (segment.live === 0) this.options.later(this.onDurable);
      return;
    }
    const block = this.#room(recordHeaderBytes + 8, 0);
    const before = block.length;
    block.settled(id);
    const { current } = this.segments;
    if (segment !== current) current.settles.add(segment);
    this.#writer.grown(block.length - before);
  }

  #fact(type: number, payload: Buffer): void {
    this.#write(type, payload);
    this.#rows.facts.push({ position: this.#filling.position, type, payload });
    this.segments.current.hasFacts = true;
  }

  #write(type: number, payload: Buffer): void {
    // The index that ends the segment says it again.
    const block = this.#room(recordHeaderBytes, payload.length, payload.length);
    const before = block.length;
    block.record(type, payload);
    this.#writer.grown(block.length - before);
  }

  /** The block that takes a record: so many bytes of its own, a run of others, and so many that the index will need for it beside a row. */
  #room(own: number, run: number, indexed = 0): OpenBlock {
    const block = this.#filling;
    const copied = OpenBlock.copiedBytes(own, run);
    const length = block.length + own + run;
    // A block with a single large record can be longer than others, but not than what its segment has room for.
    const tooLong = block.isEmpty
      ? length > this.#blockBytes && !block.startsSegment && this.#roomAfter(length + indexed) < 0
      : length > this.#blockBytes;
    if (tooLong || !block.fits(copied)) this.#nextBlock(copied, own + run + indexed);
    return this.#filling;
  }

  /** What the segment has left for blocks after one of that length; the index must still fit behind it. */
  #roomAfter(length: number): number {
    return this.#segmentRoom - length - this.#blockBytes - this.#rows.bytesMax(this.segments.current);
  }

  /** Closes the block that is being filled and begins the next one, in a new segment when this one has not so much room. */
  #nextBlock(copied = 0, needed = 0): void {
    const block = this.#filling;
    let { position, number, startsSegment } = block;
    if (block.isEmpty) block.recycle();
    else {
      this.#close(block);
      position = nextPosition(position, block.length);
      number++;
      startsSegment = false;
    }
    if (!startsSegment && this.#roomAfter(Math.max(this.#blockBytes, needed)) < 0) {
      position = this.#seal(number++, position);
      startsSegment = true;
    }
    this.#filling = new OpenBlock(number, position, this.#nextId, copied + blockHeaderBytes);
    this.#filling.startsSegment = startsSegment;
    if (startsSegment && this.segments.current.start !== position) this.#beginSegment();
  }

  #close(block: OpenBlock): void {
    this.#writer.push(block);
    this.segments.current.bytes += block.length;
    this.#segmentRoom -= block.length + 8;
  }

  /** Ends the segment with its index; returns where the next one begins. */
  #seal(number: number, position: Position): Position {
    const { current } = this.segments;
    current.sealed = true;
    if (this.options.volatile) return position;
    const index = new OpenBlock(number, position, this.#nextId);
    index.isIndex = true;
    index.bytes(this.#rows.encode(current));
    this.#close(index);
    return nextPosition(position, index.length);
  }

  #beginSegment(): void {
    const block = this.#filling;
    block.startsSegment = true;
    this.segments.all.push(new State(block.position, this.#nextId));
    this.#rows.clear();
    this.#segmentRoom = this.options.log.segmentBytes;
  }

  /** What was counted for the segment from a block on belongs to a new one that begins with it. */
  #splitSegment(block: OpenBlock): void {
    const { all, current } = this.segments;
    const at = all.findLastIndex(segment => segment.start < block.position);
    const old = all[at] as SegmentState;
    const rest = old.split(block.position, block.firstId);
    // What has settled entries of the whole may have settled some of either part.
    for (const later of all.slice(at + 1)) if (later.settles.has(old)) later.settles.add(rest);
    all.splice(at + 1, 0, rest);
    if (old === current) this.#rows.dropBefore(block.position, block.firstId);
    this.#segmentRoom = Math.min(this.#segmentRoom, this.options.log.segmentBytes);
  }

  #header(block: OpenBlock): Buffer {
    return Buffer.from(JSON.stringify({ firstId: block.firstId, lastQueueId: this.lastQueueId }));
  }
}
