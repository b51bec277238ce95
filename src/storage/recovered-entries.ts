// Entries found by recovery, in columns: there may be millions of them.
import { type Marks, marksOf } from '../broker/marks.ts';
import type { IndexedEntry } from './segment-index.ts';
import type { Segments } from './segment-state.ts';

export class RecoveredEntries {
  #length = 0;
  /** Per entry: sequence, id, position. */
  #wide = new Float64Array(3 * 1024);
  /** Per entry: queue, position - block, body's length. */
  #narrow = new Uint32Array(3 * 1024);

  /** Per entry its deadline and the other marks; made for the first one that has any. */
  #deadlines: Float64Array | undefined;
  #marks: Uint32Array | undefined;

  get length(): number {
    return this.#length;
  }

  push(entry: IndexedEntry): void {
    const i = this.#length++ * 3;
    if (i === this.#narrow.length) this.#grow();
    this.#wide[i] = entry.sequence;
    this.#wide[i + 1] = entry.id;
    this.#wide[i + 2] = entry.position;
    this.#narrow[i] = entry.queue;
    this.#narrow[i + 1] = entry.position - entry.block;
    this.#narrow[i + 2] = entry.bodyBytes;
    if (entry.marks !== undefined) this.#mark(i / 3, entry.marks);
  }

  /**
   * Hands the entries that live to their queues, each queue's in the order of their sequences, and counts them for their segments.
   * An entry of a queue that is gone is marked as settled.
   */
  distribute(segments: Segments, isThere: (queue: number) => boolean, take: (entry: IndexedEntry) => void): void {
    const byQueue = new Map<number, { count: number; sorted: boolean; last: number; rows: Uint32Array }>();
    let lastPosition = -1;
    for (let row = 0; row < this.#length; row++) {
      const id = this.#wide[row * 3 + 1] as number;
      const queue = this.#narrow[row * 3] as number;
      const segment = segments.find(id);
      if (segment === undefined || segment.isSettled(id)) continue;
      if (!isThere(queue)) {
        segment.mark(id);
        continue;
      }
      const position = this.#wide[row * 3 + 2] as number;
      segment.recovered(id, this.#narrow[row * 3 + 2] as number, position !== lastPosition);
      lastPosition = position;
      let rows = byQueue.get(queue);
      if (rows === undefined) {
        rows = { count: 0, sorted: true, last: -1, rows: new Uint32Array(16) };
        byQueue.set(queue, rows);
      }
      if (rows.count === rows.rows.length) {
        const larger = new Uint32Array(rows.count * 2);
        larger.set(rows.rows);
        rows.rows = larger;
      }
      rows.rows[rows.count++] = row;
      const sequence = this.#wide[row * 3] as number;
      if (sequence < rows.last) rows.sorted = false;
      rows.last = sequence;
    }
    for (const { count, sorted, rows } of byQueue.values()) {
      const order = rows.subarray(0, count);
      if (!sorted) order.sort((a, b) => (this.#wide[a * 3] as number) - (this.#wide[b * 3] as number));
      for (const row of order) take(this.#entry(row));
    }
  }

  #entry(row: number): IndexedEntry {
    const i = row * 3;
    const position = this.#wide[i + 2] as number;
    return {
      sequence: this.#wide[i] as number,
      id: this.#wide[i + 1] as number,
      position,
      queue: this.#narrow[i] as number,
      block: position - (this.#narrow[i + 1] as number),
      bodyBytes: this.#narrow[i + 2] as number,
      marks: marksOf(this.#deadlines?.[row] ?? 0, this.#marks?.[row] ?? 0),
    };
  }

  #mark(row: number, marks: Marks): void {
    const rows = this.#narrow.length / 3;
    this.#deadlines ??= new Float64Array(rows);
    this.#marks ??= new Uint32Array(rows);
    this.#deadlines[row] = marks.deadline;
    this.#marks[row] = marks.bits;
  }

  #grow(): void {
    const wide = new Float64Array(this.#wide.length * 2);
    wide.set(this.#wide);
    this.#wide = wide;
    const narrow = new Uint32Array(this.#narrow.length * 2);
    narrow.set(this.#narrow);
    this.#narrow = narrow;
    if (this.#deadlines === undefined || this.#marks === undefined) return;
    const deadlines = new Float64Array(narrow.length / 3);
    deadlines.set(this.#deadlines);
    this.#deadlines = deadlines;
    const marks = new Uint32Array(narrow.length / 3);
    marks.set(this.#marks);
    this.#marks = marks;
  }
}
