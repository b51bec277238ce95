// Consumes on one connection: checks and times every delivery, and acks each by itself.
import type { FrameSink } from './frame-scanner.ts';
import type { Histogram } from './histogram.ts';
import type { Job } from './job.ts';
import type { Link } from './link.ts';
import { checkByte, filledBody, nowUs, sinceUs, stampBytes } from './stamp.ts';
import type { Tally } from './tally.ts';
import { frameType, method, methodId, u8, u32 } from './wire.ts';
import { type Batch, WritePool } from './write-pool.ts';

/** One body in so many is compared byte by byte. */
const comparedEvery = 64;

/** A channel of this connection: the delivery under way. A class, since a thousand object literals of one shape ran at half the rate. */
class Worker {
  tagHigh = 0;
  tagLow = 0;
  queue = 0;
  redelivered = false;
  bodyBytes = 0;
  gotBytes = 0;
  readonly parts: Buffer[] = [];
  /** Where its numbers begin in the list of last ones. */
  readonly lastAt: number;

  constructor(lastAt: number) {
    this.lastAt = lastAt;
  }
}

/** One consuming connection. `onComplete` is called when the tally, which all connections share, is complete. */
export class Consumer implements FrameSink {
  /** Microseconds of `nowUs`; 0 before the first delivery. */
  firstUs = 0;
  lastUs = 0;
  onComplete: () => void = () => {};
  readonly #job: Job;
  readonly #link: Link;
  readonly #tally: Tally;
  readonly #latencyUs: Histogram;
  readonly #workers: Worker[] = [];
  /** The last number seen by (channel, queue, producer). */
  readonly #lastSequences: Int32Array;
  readonly #filler: Buffer;
  readonly #acks: WritePool;
  #batch: Batch | undefined;
  #batched = 0;
  #now = 0;

  /** The link is logged in and has channels 1 to `job.channels` open. */
  constructor(link: Link, job: Job, tally: Tally, latencyUs: Histogram) {
    this.#job = job;
    this.#link = link;
    this.#tally = tally;
    this.#latencyUs = latencyUs;
    this.#filler = filledBody(job.bodyBytes);
    this.#acks = new WritePool(link, method(1, methodId.basicAck, u32(0), u32(0), u8(0)), 64 * 1024);
    const perWorker = job.queues * tally.producers;
    this.#lastSequences = new Int32Array(perWorker * job.channels).fill(-1);
    for (let channel = 0; channel <= job.channels; channel++) this.#workers.push(new Worker((channel - 1) * perWorker));
    link.sink = this;
    link.onRead = () => this.#endOfRead();
  }

  frame(type: number, channel: number, start: number, end: number): void {
    const { view } = this.#link.scanner;
    if (type === frameType.method) {
      if (view.getUint32(start) === methodId.basicDeliver) this.#deliver(this.#workers[channel]!, start + 4);
      else this.#link.frame(type, channel, start, end);
    } else if (type === frameType.header) {
      const worker = this.#workers[channel]!;
      worker.bodyBytes = view.getUint32(start + 4) * 2 ** 32 + view.getUint32(start + 8);
      worker.gotBytes = 0;
    } else if (type === frameType.body) this.#body(this.#workers[channel]!, channel, start, end);
  }

  /** basic.deliver; the consumer tag is the number of the queue. */
  #deliver(worker: Worker, start: number): void {
    const { bytes, view } = this.#link.scanner;
    const tagEnd = start + 1 + bytes[start]!;
    let queue = 0;
    for (let at = start + 1; at < tagEnd; at++) queue = queue * 10 + bytes[at]! - 48;
    if (!(queue >= 0 && queue < this.#job.queues)) throw new Error('a delivery for a consumer tag never asked for');
    worker.queue = queue;
    worker.tagHigh = view.getUint32(tagEnd);
    worker.tagLow = view.getUint32(tagEnd + 4);
    worker.redelivered = (bytes[tagEnd + 8]! & 1) === 1;
  }

  #body(worker: Worker, channel: number, start: number, end: number): void {
    const { bytes, view } = this.#link.scanner;
    worker.gotBytes += end - start;
    if (worker.gotBytes === worker.bodyBytes && worker.parts.length === 0) {
      this.#message(worker, channel, bytes, view, start);
      return;
    }
    worker.parts.push(Buffer.from(bytes.subarray(start, end)));
    if (worker.gotBytes < worker.bodyBytes) return;
    const whole = Buffer.concat(worker.parts.splice(0));
    this.#message(worker, channel, whole, new DataView(whole.buffer, whole.byteOffset, whole.length), 0);
  }

  /** A whole message, its body in `bytes` from `at` on. What comes after the run is complete is neither counted nor acked. */
  #message(worker: Worker, channel: number, bytes: Buffer, view: DataView, at: number): void {
    const tally = this.#tally;
    if (tally.complete) return;
    if (this.#now === 0) this.#now = nowUs();
    if (worker.redelivered) tally.redelivered++;
    if (worker.bodyBytes === this.#filler.length) this.#check(worker, bytes, view, at);
    else tally.corrupt++;
    if (!this.#job.autoAck) this.#ack(channel, worker);
    if (tally.complete) this.onComplete();
  }

  #check(worker: Worker, bytes: Buffer, view: DataView, at: number): void {
    const tally = this.#tally;
    const producer = view.getUint32(at, true);
    const sequence = view.getUint32(at + 4, true);
    const checkAt = at + this.#filler.length - 1;
    const intact = tally.knows(producer, sequence) && bytes[checkAt] === checkByte(producer, sequence);
    if (!intact || (sequence % comparedEvery === 0 && !this.#fillerIntact(bytes, at + stampBytes, checkAt))) {
      tally.corrupt++;
      return;
    }
    const last = worker.lastAt + worker.queue * tally.producers + producer;
    if (sequence > this.#lastSequences[last]!) this.#lastSequences[last] = sequence;
    else if (!worker.redelivered && this.#job.priorities === undefined) tally.disorder++;
    tally.add(this.#job.exchange === 'fanout' ? worker.queue : 0, producer, sequence);
    if (producer === this.#job.producer && this.#job.mode === 'both') {
      this.#latencyUs.add(sinceUs(this.#now, view.getUint32(at + 8, true)));
    }
  }

  #fillerIntact(bytes: Buffer, from: number, to: number): boolean {
    return bytes.compare(this.#filler, stampBytes, this.#filler.length - 1, from, to) === 0;
  }

  /** Acks join one batch, which goes out after the read. */
  #ack(channel: number, worker: Worker): void {
    this.#batch ??= this.#acks.take()!;
    const at = this.#batched++ * this.#acks.unitBytes;
    const { view } = this.#batch;
    view.setUint16(at + 1, channel);
    view.setUint32(at + 11, worker.tagHigh);
    view.setUint32(at + 15, worker.tagLow);
    if (this.#batched === this.#acks.unitsPerBatch) this.#flush();
  }

  #flush(): void {
    if (!this.#batch) return;
    this.#acks.send(this.#batch, this.#batched);
    this.#batch = undefined;
    this.#batched = 0;
  }

  #endOfRead(): void {
    if (this.#now === 0) return;
    if (this.firstUs === 0) this.firstUs = this.#now;
    this.lastUs = this.#now;
    this.#now = 0;
    this.#flush();
  }
}
