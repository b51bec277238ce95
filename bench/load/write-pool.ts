// Buffers filled once with copies of one frame group; a batch only patches what differs and goes out in one write.
import type { Link } from './link.ts';

/** One reusable buffer of equal units. */
export interface Batch {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** A few batches in rotation: one is free again when the kernel has taken its bytes. */
export class WritePool {
  /** Bytes of one unit, and units that fit into a batch. */
  readonly unitBytes: number;
  readonly unitsPerBatch: number;
  /** Called when a batch has become free. */
  onFree: () => void = () => {};
  readonly #link: Link;
  readonly #template: Buffer;
  readonly #free: Batch[] = [];
  #unmade: number;

  /** `batches` undefined: make another whenever none is free (for acks, which the prefetch bounds). */
  constructor(link: Link, template: Buffer, batchBytes: number, batches: number = Number.POSITIVE_INFINITY) {
    this.#link = link;
    this.#template = template;
    this.unitBytes = template.length;
    this.unitsPerBatch = Math.max(1, Math.floor(batchBytes / template.length));
    this.#unmade = batches;
  }

  /** A free batch, or undefined when all are on their way. */
  take(): Batch | undefined {
    const free = this.#free.pop();
    if (free || this.#unmade === 0) return free;
    this.#unmade--;
    const bytes = Buffer.allocUnsafeSlow(this.unitBytes * this.unitsPerBatch);
    for (let unit = 0; unit < this.unitsPerBatch; unit++) this.#template.copy(bytes, unit * this.unitBytes);
    return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  }

  /** Sends the first `units` units of a batch. */
  send(batch: Batch, units: number): void {
    this.#link.write(batch.bytes.subarray(0, units * this.unitBytes), () => {
      this.#free.push(batch);
      this.onFree();
    });
  }
}
