// Events of the broker as server-sent events, while they happen.

import { type Table, tableToPlain } from '../amqp/table.ts';
import type { EventKey } from '../broker/event-table.ts';
import type { Events } from '../broker/events.ts';
import { HttpError } from './errors.ts';
import type { Sampler } from './sampling.ts';

/** Most streams at a time. */
const streamsMax = 16;
/** What a reader may have not taken yet, bytes; beyond that it is dropped, since it must not miss any. */
const waitingBytesMax = 1 << 20;

const encoder = new TextEncoder();

/** The streams that are open. */
export class EventStreams {
  readonly #events: Events;
  readonly #sampler: Pick<Sampler, 'onSample'>;
  #open = 0;

  constructor(events: Events, sampler: Pick<Sampler, 'onSample'>) {
    this.#events = events;
    this.#sampler = sampler;
  }

  /**
   * Opens a stream of the events whose keys match a pattern of topic exchanges. Whether its reader may still log in is asked from time
   * to time.
   * @throws HttpError 429 where there are too many
   */
  open(pattern: string, isLoggedIn: () => Promise<boolean>): ReadableStream<Uint8Array> {
    if (this.#open >= streamsMax) throw new HttpError(429, 'too_many_streams', `${this.#open} event streams are open`);
    this.#open++;
    let stop = (): void => {};
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: waitingBytesMax });
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      const close = (): void => {
        stop();
        controller.close();
      };
      const send = (text: string): void => {
        if ((controller.desiredSize ?? 0) <= 0) close();
        else controller.enqueue(encoder.encode(text));
      };
      const unwatch = this.#events.watch((key, headers) => {
        if (matches(pattern, key)) send(`event: ${key}\ndata: ${dataOf(key, headers)}\n\n`);
      });
      let ended = false;
      const unsample = this.#sampler.onSample(async () => {
        const may = await isLoggedIn();
        if (ended) return;
        if (may) send(':\n\n');
        else close();
      });
      stop = () => {
        if (ended) return;
        ended = true;
        this.#open--;
        unwatch();
        unsample();
      };
      send(':\n\n');
    };
    return new ReadableStream<Uint8Array>({ start, cancel: () => stop() }, strategy);
  }
}

function dataOf(event: EventKey, headers: Table): string {
  return JSON.stringify({ event, headers: tableToPlain(headers) });
}

/** As a topic exchange matches: `*` is one word, `#` any number. Takes time by the length of the pattern alone, whatever is in it. */
export function matches(pattern: string, key: string): boolean {
  const words = key.split('.');
  let reached = new Set([0]);
  for (const wanted of pattern.split('.')) {
    const next = new Set<number>();
    for (const at of reached) {
      if (wanted === '#') for (let i = at; i <= words.length; i++) next.add(i);
      else if (at < words.length && (wanted === '*' || wanted === words[at])) next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(words.length);
}
