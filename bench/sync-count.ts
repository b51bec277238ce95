// Reads a system call trace and counts what was synced to the disk.

/** Calls that brought data to the disk, and the bytes they brought. */
export interface SyncCount {
  syncs: number;
  bytes: number;
}

const line = /^(\d+)\s+(.*)$/;
const started = /^(\w+)\((.*) <unfinished \.\.\.>$/;
const resumed = /^<\.\.\. (\w+) resumed>(.*?)\s*= (-?\d+)/;
const whole = /^(\w+)\((.*)\)\s*= (-?\d+)/;

/**
 * Counts fsync and fdatasync, and writes to files opened with O_DSYNC or O_SYNC. A write is synced by the next sync of its
 * descriptor. `synced` are the descriptors that were open that way when the trace began.
 */
export class SyncTrace {
  readonly #synced: Set<number>;
  readonly #unsyncedBytes = new Map<number, number>();
  readonly #unfinished = new Map<string, string>();
  readonly #count: SyncCount = { syncs: 0, bytes: 0 };

  constructor(synced: Iterable<number>) {
    this.#synced = new Set(synced);
  }

  /** Takes the text of `strace -f -o`; returns the counts. */
  count(text: string): SyncCount {
    for (const each of text.split('\n')) {
      const [, thread, call] = line.exec(each) ?? [];
      if (thread && call) this.#line(thread, call);
    }
    return this.#count;
  }

  /** A call that another thread interrupted in the listing comes in two lines. */
  #line(thread: string, text: string): void {
    const begun = started.exec(text);
    if (begun) this.#unfinished.set(thread, begun[2]!);
    const ended = resumed.exec(text);
    if (ended) this.#call(ended[1]!, (this.#unfinished.get(thread) ?? '') + ended[2]!, Number(ended[3]));
    const call = whole.exec(text);
    if (call) this.#call(call[1]!, call[2]!, Number(call[3]));
  }

  #call(name: string, args: string, result: number): void {
    if (result < 0) return;
    const fd = Number.parseInt(args, 10);
    if (name === 'openat') {
      if (/\bO_D?SYNC\b/.test(args)) this.#synced.add(result);
      else this.#synced.delete(result);
      this.#unsyncedBytes.delete(result);
    } else if (name === 'fsync' || name === 'fdatasync') {
      this.#count.syncs++;
      this.#count.bytes += this.#unsyncedBytes.get(fd) ?? 0;
      this.#unsyncedBytes.delete(fd);
    } else if (this.#synced.has(fd)) {
      this.#count.syncs++;
      this.#count.bytes += result;
    } else this.#unsyncedBytes.set(fd, (this.#unsyncedBytes.get(fd) ?? 0) + result);
  }
}
