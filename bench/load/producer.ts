// Publishes a job's messages as fast as confirms, rate and socket allow, and times the confirms.
import type { FrameSink } from './frame-scanner.ts';
import { Histogram } from './histogram.ts';
import type { Job } from './job.ts';
import type { Link } from './link.ts';
import { type PublishTemplate, publishTemplate } from './publish-template.ts';
import { checkByte, nowUs, sinceUs } from './stamp.ts';
import { frameType, methodId } from './wire.ts';
import { type Batch, WritePool } from './write-pool.ts';

const batchBytes = 128 * 1024;
const batches = 4;

/** One publishing connection. `onDone` is called when all is sent and, where asked for, confirmed. */
export class Producer implements FrameSink {
  sent = 0;
  confirmed = 0;
  nacked = 0;
  /** Microseconds of `nowUs`. */
  startedUs = 0;
  lastConfirmUs = 0;
  readonly confirmUs: Histogram = new Histogram();
  onDone: () => void = () => {};
  readonly #job: Job;
  readonly #link: Link;
  readonly #template: PublishTemplate;
  readonly #pool: WritePool;
  /** When the message of a delivery tag was sent (lower 32 bits), 0 once it is confirmed; a ring over the window. */
  readonly #sentUs: Uint32Array;
  #lowestTag = 1;
  #scheduled = false;
  #done = false;

  /** The link is logged in, has channel 1 open and, if the job wants confirms, in confirm mode. */
  constructor(link: Link, job: Job) {
    this.#job = job;
    this.#link = link;
    this.#template = publishTemplate(job);
    this.#pool = new WritePool(link, this.#template.bytes, batchBytes, batches);
    this.#pool.onFree = () => this.#schedule();
    this.#sentUs = new Uint32Array(2 ** Math.ceil(Math.log2(job.confirms + 1)));
    link.sink = this;
    link.onRead = () => this.#pump();
  }

  start(): void {
    this.startedUs = nowUs();
    this.#pump();
  }

  frame(type: number, channel: number, start: number, end: number): void {
    const view = this.#link.scanner.view;
    const id = type === frameType.method ? view.getUint32(start) : 0;
    if (id !== methodId.basicAck && id !== methodId.basicNack) {
      this.#link.frame(type, channel, start, end);
      return;
    }
    const multiple = (view.getUint8(start + 12) & 1) === 1;
    this.#confirm(view.getUint32(start + 8), multiple, id === methodId.basicNack);
  }

  #confirm(tag: number, multiple: boolean, nack: boolean): void {
    const mask = this.#sentUs.length - 1;
    const now = nowUs();
    for (let each = multiple ? this.#lowestTag : tag; each <= tag; each++) {
      const at = this.#sentUs[each & mask]!;
      if (at === 0) continue;
      this.#sentUs[each & mask] = 0;
      this.confirmUs.add(sinceUs(now, at));
      if (nack) this.nacked++;
      this.confirmed++;
    }
    while (this.#lowestTag <= this.sent && this.#sentUs[this.#lowestTag & mask] === 0) this.#lowestTag++;
    this.lastConfirmUs = now;
  }

  /** The window runs from the lowest unconfirmed message, so one late confirm holds it up. */
  #allowed(now: number): number {
    const { count, confirms, ratePerSecond } = this.#job;
    let allowed = Math.min(count - this.sent, this.#pool.unitsPerBatch);
    if (confirms > 0) allowed = Math.min(allowed, confirms - (this.sent + 1 - this.#lowestTag));
    if (ratePerSecond > 0) {
      const due = Math.floor(((now - this.startedUs) * ratePerSecond) / 1e6) + 1;
      allowed = Math.min(allowed, due - this.sent);
    }
    return allowed;
  }

  #pump(): void {
    if (this.startedUs === 0 || this.#done) return;
    const now = nowUs();
    for (let allowed = this.#allowed(now); allowed > 0; allowed = this.#allowed(now)) {
      const batch = this.#pool.take();
      if (!batch) break;
      this.#stamp(batch, allowed, now);
      this.#pool.send(batch, allowed);
    }
    const target = this.#job.confirms > 0 ? this.confirmed : this.sent;
    if (target >= this.#job.count) {
      this.#done = true;
      this.onDone();
    } else if (this.#job.ratePerSecond > 0) this.#schedule();
  }

  #stamp({ bytes, view }: Batch, units: number, now: number): void {
    const { stampAt, checkAt, key, priority } = this.#template;
    const { producer, ratePerSecond, confirms } = this.#job;
    const mask = this.#sentUs.length - 1;
    for (let unit = 0, at = 0; unit < units; unit++, at += this.#template.bytes.length) {
      const sequence = this.sent++;
      const due = ratePerSecond > 0 ? this.startedUs + Math.floor((sequence * 1e6) / ratePerSecond) : now;
      view.setUint32(at + stampAt + 4, sequence, true);
      view.setUint32(at + stampAt + 8, due, true);
      bytes[at + checkAt] = checkByte(producer, sequence);
      if (confirms > 0) this.#sentUs[(sequence + 1) & mask] = due >>> 0 || 1;
      if (priority) bytes[at + priority.at] = sequence % priority.levels;
      if (key) patchDigits(bytes, at + key.digitsAt, sequence % key.keys);
    }
  }

  /** Goes on in the next turn of the event loop, after reads. With a rate this spins: a timer is a millisecond too coarse. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }
}

/** Writes `value` as five decimal digits. */
function patchDigits(bytes: Buffer, at: number, value: number): void {
  for (let digit = at + 4, rest = value; digit >= at; digit--, rest = Math.floor(rest / 10))
    bytes[digit] = 48 + (rest % 10);
}
