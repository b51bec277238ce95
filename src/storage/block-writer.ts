// Writes a journal's blocks to its log, in order and one at a time. What the disk does not take is written again until it does.
import { type BlockWrite, blockHeaderBytes, type Log, nextPosition, type Position } from './log.ts';
import type { OpenBlock } from './open-block.ts';

export interface BlockWriterOptions {
  readonly log: Log;
  /** A scratch file: nothing outlives the process, so settlements and facts are not written. */
  readonly volatile: boolean;
  readonly later: (run: () => void) => void;
  /** Runs it at the end of this turn, behind everything that `later` was given. */
  readonly atEnd: (run: () => void) => void;
  readonly afterMs: (ms: number, run: () => void) => void;
  /** Told of states and damage that people must know of. */
  readonly report: (level: 'info' | 'warning' | 'error', message: string) => void;
  /** Told when a block is handed to the log, and when it is durable, with its length in bytes. */
  readonly writes?: { begin(): void; end(bytes: number): void } | undefined;
}

/** Who makes the blocks. */
interface BlockSource {
  /** Hands over the block that is being filled, unless it is empty. */
  closeFilling(): void;
  /** What a segment that begins with that block says of itself. */
  header(block: OpenBlock): Buffer;
  /** The block failed, and begins a segment of its own now. */
  split(block: OpenBlock): void;
  /** A block is durable, and who waited for it knows. */
  durable(): void;
}

/** Above this much that waits for the disk nothing more is accepted, bytes. */
const pendingBytesMax = 32 << 20;
const retryMs = 500;

export class BlockWriter {
  /** Everything before this position is durable. */
  durableEnd: Position;
  /** The number of the last durable block. */
  durableBlock = 0;
  /** What waits for the disk, in the block that is being filled too, bytes. */
  pendingBytes = 0;
  /** Whether writes fail at the moment. */
  failing = false;
  /** Set when the journal is being closed: called when what waits cannot be written. */
  giveUp: (() => void) | undefined;
  readonly #options: BlockWriterOptions;
  readonly #source: BlockSource;
  /** Closed blocks that wait for their turn, oldest first; the first one is being written when `#writing`. */
  readonly #closed: OpenBlock[] = [];
  #writing = false;
  #asked = false;
  /** The block that failed was tried again at once already. */
  #retried = false;
  /** What is written now goes into the segment that is kept back to drain a full disk. */
  #onReserve = false;
  /** The last record is written: what goes on by itself, such as dead letters, waits for the next start. */
  #ended = false;
  #wasAccepting = true;
  #whenAccepting: (() => void)[] = [];

  constructor(options: BlockWriterOptions, start: Position, source: BlockSource) {
    this.#options = options;
    this.durableEnd = start;
    this.#source = source;
  }

  /** Whether new messages may come: what waits is not too much, and the disk takes it. */
  get accepting(): boolean {
    return !this.failing && !this.#ended && this.pendingBytes < pendingBytesMax;
  }

  /** Calls back once more is accepted; at the end of this turn when it is so already. */
  whenAccepting(run: () => void): void {
    if (this.accepting) this.#options.later(run);
    else {
      this.#wasAccepting = false;
      this.#whenAccepting.push(run);
    }
  }

  /** Nothing is accepted any more. */
  end(): void {
    this.#ended = true;
  }

  /** The last block that is not durable yet, the one that is being filled left out. */
  get last(): OpenBlock | undefined {
    return this.#closed[this.#closed.length - 1];
  }

  /** Takes a block to write. */
  push(block: OpenBlock): void {
    block.close();
    this.#closed.push(block);
    // Others were counted as they grew.
    if (block.isIndex) this.pendingBytes += block.length - blockHeaderBytes;
  }

  /** The block that is being filled has so many more bytes: it is written at the end of this turn, or after those before it. */
  grown(bytes: number): void {
    this.pendingBytes += bytes;
    if (this.#writing || this.#asked) return;
    this.#asked = true;
    // Deliveries go out first: they do not wait for the disk.
    this.#options.atEnd(() => {
      this.#asked = false;
      this.#writeNext();
    });
  }

  #writeNext(): void {
    if (this.#writing) return;
    if (this.#closed.length === 0) this.#source.closeFilling();
    const block = this.#closed[0];
    if (block === undefined) return;
    this.#writing = true;
    this.#append(block, block.startsSegment, false);
  }

  #append(block: OpenBlock, startsSegment: boolean, fromReserve: boolean): void {
    const { log, writes } = this.#options;
    // An index that finds no room is left out, and one that takes two segments for one: the segment is then read block by block, up to
    // where it was sealed.
    if (block.isIndex && !startsSegment && (block.beforeSplit || log.room() < block.length)) {
      log.seal().then(() => this.#written(block));
      return;
    }
    const write: BlockWrite = {
      position: block.position,
      parts: block.parts,
      length: block.length,
      payloadChecksum: block.payloadChecksum,
      ...(startsSegment ? { segment: { header: this.#source.header(block) }, fromReserve } : {}),
      ...(block.isIndex && !startsSegment ? { index: true } : {}),
    };
    writes?.begin();
    log.append(write).then(outcome => {
      if (outcome.outcome === 'durable') {
        if (fromReserve && !this.#onReserve) this.#drainReserve();
        writes?.end(block.length);
        this.#written(block);
      } else if (outcome.outcome === 'failed') this.#failed(block, outcome.error);
      else throw new Error(`the journal has lost its log: ${outcome.outcome}`);
    });
  }

  #written(block: OpenBlock): void {
    this.#closed.shift();
    this.pendingBytes -= block.length - blockHeaderBytes;
    this.durableEnd = nextPosition(block.position, block.length);
    this.durableBlock = block.number;
    this.#writing = false;
    this.#retried = false;
    if (this.failing && !this.#onReserve) this.#recovered();
    const { waiters } = block;
    this.#writeNext();
    for (const waiter of waiters) waiter.durable();
    block.recycle();
    this.#accept();
    this.#source.durable();
  }

  #accept(): void {
    if (this.#wasAccepting || this.failing || this.#ended || this.pendingBytes >= pendingBytesMax / 2) return;
    this.#wasAccepting = true;
    for (const run of this.#whenAccepting.splice(0)) run();
  }

  #recovered(): void {
    this.failing = false;
    const kind = this.#options.volatile ? 'transient' : 'persistent';
    this.#options.report('info', `the disk takes writes again: ${kind} messages are accepted`);
  }

  /** The disk is full, and what is kept back is for settlements and moves: nothing else is accepted until there is room again. */
  #drainReserve(): void {
    const { log, afterMs } = this.#options;
    this.#onReserve = true;
    const look = async (): Promise<void> => {
      if (this.giveUp !== undefined) return;
      if (!(await log.hasSpare())) return afterMs(retryMs, () => void look());
      this.#onReserve = false;
      this.#recovered();
      this.#accept();
    };
    afterMs(retryMs, () => void look());
  }

  /** Whether the bytes are there is not known: the block is written again, as the first of a new segment. */
  #failed(block: OpenBlock, error: Error): void {
    const { afterMs, report, volatile } = this.#options;
    const code = (error as NodeJS.ErrnoException).code ?? error.message;
    if (!this.failing) {
      this.failing = true;
      report(
        'error',
        (volatile
          ? `transient messages cannot be paged out (${code}): with the memory budget used up no more are accepted until they can; `
          : `the journal cannot be written (${code}): nothing is confirmed and no persistent message is accepted until it can; `) +
          (code === 'ENOSPC' ? 'free some disk space' : 'check the disk'),
      );
    }
    if (!block.startsSegment) {
      block.startsSegment = true;
      for (const closed of this.#closed) closed.beforeSplit = true;
      this.#source.split(block);
      report('warning', `writing the block at ${block.position} again, in a new segment`);
    }
    const again = (): void => this.#append(block, true, code === 'ENOSPC');
    if (!this.#retried) {
      this.#retried = true;
      again();
    } else if (this.giveUp === undefined) afterMs(retryMs, again);
    else {
      report('error', `${this.pendingBytes} bytes could not be written before the end; none were confirmed`);
      this.giveUp();
    }
  }
}
