// Answers that are sent again whenever they change: server-sent events, as many GETs in a stream as a page shows.
import { createHash } from 'node:crypto';
import { HttpError } from './errors.ts';
import type { Sampler } from './sampling.ts';

/** Most GETs of one stream. */
export const getsMax = 8;
/** Most streams of one user, and of all. */
export const streamsOfUserMax = 16;
export const streamsMax = 64;
/** A stream in which nothing changes has a comment after so long, ms: whoever is between then keeps it open. */
const heartbeatMs = 15_000;
/** A reader that does not take what it was sent for so long is dropped, ms. */
const slowMsMax = 30_000;
/** Making answers takes no more than this share of the time: after each, the rest is waited for. */
const share = 0.2;

/** What a GET answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What live streams need of time. */
export interface LiveTime {
  /** Milliseconds of any clock that does not run backwards. */
  now(): number;
  /** Resolves after so long, in a later turn of the event loop. */
  pause(ms: number): Promise<void>;
}

const encoder = new TextEncoder();

/** The streams that are open. */
export class LiveStreams {
  readonly #sampler: Pick<Sampler, 'look' | 'onSample'>;
  readonly #time: LiveTime;
  readonly #streams = new Set<LiveStream>();
  #stopSampling: (() => void) | undefined;
  #running = false;

  constructor(sampler: Pick<Sampler, 'look' | 'onSample'>, time: LiveTime) {
    this.#sampler = sampler;
    this.#time = time;
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * Opens a stream for a user, who is asked for again before answers are made.
   * @throws HttpError 429 where there are too many
   */
  open(
    user: string,
    isLoggedIn: () => Promise<boolean>,
    gets: readonly (() => Promise<Answer>)[],
  ): ReadableStream<Uint8Array> {
    const own = [...this.#streams].filter(stream => stream.user === user).length;
    if (own >= streamsOfUserMax || this.#streams.size >= streamsMax)
      throw new HttpError(
        429,
        'too_many_streams',
        `${own} live streams are open for this user, ${this.#streams.size} in all`,
      );
    const stream = new LiveStream(user, isLoggedIn, gets, this.#time, () => this.#ended(stream));
    this.#streams.add(stream);
    this.#stopSampling ??= this.#sampler.onSample(() => void this.#run());
    this.#sampler.look();
    void stream.send();
    return stream.readable;
  }

  /** One stream after the other; a sample that comes meanwhile is left out. */
  async #run(): Promise<void> {
    this.#sampler.look();
    if (this.#running) return;
    this.#running = true;
    for (const stream of this.#streams) await stream.send();
    this.#running = false;
  }

  #ended(stream: LiveStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#stopSampling?.();
    this.#stopSampling = undefined;
  }
}

/** One stream. What its reader has not taken is never added to: it then gets the newest answers later. */
class LiveStream {
  readonly user: string;
  readonly readable: ReadableStream<Uint8Array>;
  readonly #isLoggedIn: () => Promise<boolean>;
  readonly #gets: readonly (() => Promise<Answer>)[];
  /** Digests of the answers sent last. */
  readonly #sent: string[] = [];
  readonly #time: LiveTime;
  readonly #ended: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #sending = false;
  #sentAt: number;

  constructor(
    user: string,
    isLoggedIn: () => Promise<boolean>,
    gets: readonly (() => Promise<Answer>)[],
    time: LiveTime,
    ended: () => void,
  ) {
    this.user = user;
    this.#isLoggedIn = isLoggedIn;
    this.#gets = gets;
    this.#time = time;
    this.#ended = ended;
    this.#sentAt = time.now();
    this.readable = new ReadableStream<Uint8Array>({
      start: controller => {
        this.#controller = controller;
      },
      cancel: () => this.#end(),
    });
  }

  /** Sends the answers that have changed, if the last ones were taken. */
  async send(): Promise<void> {
    if (this.#sending || this.#controller === undefined) return;
    if (!this.#isTaken()) {
      if (this.#time.now() - this.#sentAt >= slowMsMax) this.#close();
      return;
    }
    this.#sending = true;
    try {
      await this.#sendChanges();
    } finally {
      this.#sending = false;
    }
  }

  async #sendChanges(): Promise<void> {
    const isLoggedIn = await this.#isLoggedIn();
    let text = isLoggedIn ? '' : errorEvent(null, 401, 'Login failed');
    for (const [index, get] of isLoggedIn ? this.#gets.entries() : []) {
      const began = this.#time.now();
      text += this.#event(index, await get());
      await this.#time.pause((this.#time.now() - began) * (1 / share - 1));
    }
    if (text === '' && this.#time.now() - this.#sentAt >= heartbeatMs) text = ':\n\n';
    if (text === '' || this.#controller === undefined) return;
    this.#sentAt = this.#time.now();
    this.#controller.enqueue(encoder.encode(text));
    if (!isLoggedIn) this.#close();
  }

  /** Whether the reader took what was sent before. */
  #isTaken(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** The event for an answer; nothing if it is the one sent last. */
  #event(index: number, { status, body }: Answer): string {
    const digest = `${status} ${createHash('sha1').update(body).digest('base64')}`;
    if (this.#sent[index] === digest) return '';
    this.#sent[index] = digest;
    if (status === 200) return `event: ${index}\ndata: ${body.replaceAll('\n', '\ndata: ')}\n\n`;
    return errorEvent(index, status, reasonOf(body));
  }

  /** What is on its way to a client that does not read goes with its connection, which is then silent. */
  #close(): void {
    this.#controller?.close();
    this.#end();
  }

  #end(): void {
    this.#controller = undefined;
    this.#ended();
  }
}

/** `get`: which one could not be answered; null for the whole stream, which then ends. */
function errorEvent(get: number | null, status: number, reason: string): string {
  return `event: error\ndata: ${JSON.stringify({ get, status, reason })}\n\n`;
}

function reasonOf(body: string): string {
  try {
    return String((JSON.parse(body) as { reason?: unknown }).reason ?? '');
  } catch {
    return '';
  }
}
