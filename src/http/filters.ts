// Filters of lists by what things are, besides their names: of Leveret's own. A kind of list declares its filters once, as a table.
import { z } from 'zod';
import type { Management } from './management.ts';

/** One filter: a parameter of the list's address. */
export interface Filter<T> {
  /** What it asks for, in words. */
  readonly about: string;
  /** What may be asked for; anything where it is left out. */
  readonly values?: readonly [string, ...string[]];
  readonly passes: (item: T, value: string, management: Management) => boolean;
}

/** What an address asks for. */
export type Asked<Name extends string> = { readonly [N in Name]?: string | undefined };

/** The filters of a kind of list. */
export class Filters<T, Name extends string> {
  /** The parameters, for the schema of a route's query. */
  readonly fields: { readonly [N in Name]: z.ZodType<string | undefined> };
  readonly #table: Readonly<Record<Name, Filter<T>>>;

  constructor(table: Readonly<Record<Name, Filter<T>>>) {
    this.#table = table;
    const names = Object.keys(table) as Name[];
    this.fields = Object.fromEntries(names.map(name => [name, fieldOf(table[name])])) as typeof this.fields;
  }

  /** Whether an item has all that is asked for; undefined where nothing is. */
  picking({
    query,
    management,
  }: {
    readonly query: Asked<Name>;
    readonly management: Management;
  }): ((item: T) => boolean) | undefined {
    const asked = (Object.keys(this.#table) as Name[]).filter(name => query[name] !== undefined);
    if (asked.length === 0) return undefined;
    return item => asked.every(name => this.#table[name].passes(item, query[name] as string, management));
  }
}

function fieldOf({ about, values }: Filter<never>): z.ZodType<string | undefined> {
  const value = values === undefined ? z.string().max(255) : z.enum(values, `not one of ${values.join(', ')}`);
  return value.optional().describe(about);
}
