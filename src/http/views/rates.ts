// Counters as RabbitMQ shows them: the total, and beside it `_details` with the rate and, where asked for, the history.
import type { Sampler } from '../sampling.ts';

/** The three kinds of histories that a request may ask for: `lengths_age`, `msg_rates_age`, `data_rates_age` and their `_incr`. */
export type Kind = 'lengths' | 'msg_rates' | 'data_rates';

/** A total and its `_details` under RabbitMQ's name. */
export type Counted = Record<string, unknown>;

/** Longest history and finest step that can be asked for, s. */
const ageMaxS = 86_400;
const samplesMax = 1000;

/** How far back a history goes, and in which steps, s; 0 for none. */
interface Span {
  readonly ageS: number;
  readonly stepS: number;
}

export class Rates {
  readonly #sampler: Sampler;
  readonly #search: URLSearchParams;
  readonly #spans: Readonly<Record<Kind, Span>>;

  constructor(sampler: Sampler, search: URLSearchParams) {
    this.#sampler = sampler;
    this.#search = search;
    this.#spans = {
      lengths: this.#span('lengths'),
      msg_rates: this.#span('msg_rates'),
      data_rates: this.#span('data_rates'),
    };
  }

  /** `{name: value, name_details: {rate, ...}}` of a counter of the object. */
  counted(object: object, kind: Kind, name: string, value: number): Counted {
    return { [name]: value, [`${name}_details`]: this.details(object, kind, name) };
  }

  /** All of the counters. */
  all(object: object, kind: Kind, counters: Readonly<Record<string, number>>): Counted {
    const counted: Counted = {};
    for (const name in counters) {
      counted[name] = counters[name];
      counted[`${name}_details`] = this.details(object, kind, name);
    }
    return counted;
  }

  /** Per second. */
  rate(object: object, name: string): number {
    return this.#sampler.rate(object, name);
  }

  /** The sums over several objects. A history is of one object: several have none. */
  summed(
    parts: readonly { readonly object: object; readonly values: Readonly<Record<string, number>> }[],
    kind: Kind,
  ): Counted {
    const [first, ...others] = parts;
    if (first === undefined) return {};
    const counted = this.all(first.object, kind, first.values);
    if (others.length === 0) return counted;
    for (const name in first.values) {
      counted[name] = parts.reduce((sum, { values }) => sum + (values[name] ?? 0), 0);
      counted[`${name}_details`] = {
        rate: parts.reduce((sum, { object }) => sum + this.#sampler.rate(object, name), 0),
      };
    }
    return counted;
  }

  /** What stands in `_details`. */
  details(object: object, kind: Kind, name: string): object {
    const rate = this.rate(object, name);
    const { ageS, stepS } = this.#spans[kind];
    if (ageS === 0 || stepS === 0) return { rate };
    return { rate, ...this.#sampler.history(object, name, ageS, stepS) };
  }

  #span(kind: Kind): Span {
    const ageS = this.#number(`${kind}_age`, ageMaxS);
    const incrS = this.#number(`${kind}_incr`, ageMaxS);
    return { ageS, stepS: incrS === 0 ? 0 : Math.max(incrS, Math.ceil(ageS / samplesMax)) };
  }

  #number(parameter: string, max: number): number {
    const text = this.#search.get(parameter);
    return text !== null && /^\d{1,9}$/.test(text) ? Math.min(Number(text), max) : 0;
  }
}
