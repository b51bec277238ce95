// Lists as RabbitMQ pages, filters and sorts them, and the columns of whatever is shown.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { badRequest, HttpError } from './errors.ts';
import type { Listing } from './route.ts';

/** Items of a page: the default and the most. */
const pageSize = 100;
const pageSizeMax = 500;
/** Longest regular expression in `name=`, characters. */
const patternCharsMax = 256;
const repetitionsMax = 2;
/** All names are matched within this time, or not at all, ms. */
const matchingMsMax = 250;

/** What a list can be sorted by. */
export type Field = string | number | boolean | null | undefined | object;

/** So long at most before everything else has its turn, ms. */
const sliceMs = 4;
/** Items that are looked at before the time is. */
const sliceItems = 16;

/** The answer to a list as JSON: an array, or a page where `page` was asked for. Made in slices, since a list can be long. */
export async function answerList<T>(listing: Listing<T>, query: URLSearchParams): Promise<string> {
  const columns = columnsOf(query);
  const sort = query.get('sort') || undefined;
  const reverse = query.get('sort_reverse') === 'true';
  const page = query.has('page') ? pageOf(query) : undefined;
  const picked = listing.picks === undefined ? listing.items : listing.items.filter(listing.picks);
  const wanted = page === undefined ? picked : picked.filter(matching(listing, query));
  const sorted = sort === undefined ? wanted : await sortBy(wanted, listing, sort);
  const ordered = reverse ? [...sorted].reverse() : sorted;
  const show = (items: readonly T[]): Promise<string> => shown(items, item => pick(listing.view(item), columns));
  if (page === undefined) return show(ordered);
  const pageCount = Math.max(1, Math.ceil(ordered.length / page.size));
  if (page.number > pageCount) {
    throw new HttpError(
      400,
      'page_out_of_range',
      `Page out of range, page: ${page.number} page size: ${page.size}, len: ${ordered.length}`,
    );
  }
  const items = ordered.slice((page.number - 1) * page.size, page.number * page.size);
  const before = JSON.stringify({ filtered_count: wanted.length, item_count: items.length });
  const after = JSON.stringify({
    page: page.number,
    page_count: pageCount,
    page_size: page.size,
    total_count: listing.items.length,
  });
  return `${before.slice(0, -1)},"items":${await show(items)},${after.slice(1)}`;
}

/** The object with the columns that were asked for. */
export function answerObject(object: object, query: URLSearchParams): object {
  return pick(object, columnsOf(query));
}

function pageOf(query: URLSearchParams): { number: number; size: number } {
  const number = integer(query.get('page'));
  const size = query.has('page_size') ? integer(query.get('page_size')) : undefined;
  if (number < 1 || (size !== undefined && (size < 1 || size > pageSizeMax))) {
    throw new HttpError(
      400,
      'invalid_pagination_parameters',
      `Invalid pagination parameters: page number ${number}, page size ${size ?? 'undefined'}`,
    );
  }
  return { number, size: size ?? pageSize };
}

function integer(text: string | null): number {
  if (text === null || !/^-?\d{1,9}$/.test(text)) throw badRequest('Pagination parameters are invalid');
  return Number(text);
}

function matching<T>({ nameOf }: Listing<T>, query: URLSearchParams): (item: T) => boolean {
  const name = query.get('name') ?? '';
  if (name === '') return () => true;
  if (query.get('use_regex') !== 'true') {
    const wanted = name.toLowerCase();
    return item => nameOf(item).toLowerCase().includes(wanted);
  }
  const pattern = compile(name);
  const until = performance.now() + matchingMsMax;
  return item => {
    if (performance.now() > until) throw badRequest('name: this regular expression takes too long');
    return pattern.test(nameOf(item));
  };
}

/**
 * A pattern is run on every name. Two repetitions in a row take at most the cube of a name's 255 bytes; more of them, of groups, or of what
 * a group has matched can take for ever, and are refused by their form.
 */
function compile(pattern: string): RegExp {
  const repetitions = pattern.match(/[*+{]/g)?.length ?? 0;
  if (pattern.length > patternCharsMax || repetitions > repetitionsMax || /\)[*+{]|\\[1-9k]/.test(pattern)) {
    throw badRequest(
      `name: this regular expression may take too long; it may have ${patternCharsMax} characters, ${repetitionsMax} repetitions, none of a group`,
    );
  }
  try {
    return new RegExp(pattern, 'i');
  } catch {
    throw badRequest('Pagination parameters are invalid');
  }
}

async function shown<T>(items: readonly T[], view: (item: T) => object): Promise<string> {
  return `[${(await inSlices(items, item => JSON.stringify(view(item)))).join(',')}]`;
}

/** What each item becomes, with everything else having its turn now and then. */
async function inSlices<T, U>(items: readonly T[], become: (item: T) => U): Promise<U[]> {
  const all: U[] = [];
  let until = performance.now() + sliceMs;
  for (const item of items) {
    all.push(become(item));
    if (all.length % sliceItems !== 0 || performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + sliceMs;
  }
  return all;
}

async function sortBy<T>(items: readonly T[], listing: Listing<T>, sort: string): Promise<T[]> {
  const path = sort.split('.');
  const { keyOf } = listing;
  const key = (item: T): Field => keyOf?.(item, sort) ?? valueAt(listing.view(item), path);
  const keyed = await inSlices(items, item => ({ item, key: key(item) }));
  keyed.sort((a, b) => compare(a.key, b.key));
  return keyed.map(({ item }) => item);
}

/** As Erlang orders: numbers before text; what is missing comes first. */
function compare(a: Field, b: Field): number {
  const [left, right] = [rank(a), rank(b)];
  if (left !== right) return left - right;
  if (typeof a === 'number' || typeof a === 'boolean') return Number(a) - Number(b);
  if (typeof a === 'string') return a < (b as string) ? -1 : Number(a > (b as string));
  return 0;
}

function rank(value: Field): number {
  if (typeof value === 'number') return 1;
  if (typeof value === 'boolean') return 2;
  return typeof value === 'string' ? 3 : 0;
}

function valueAt(object: object, path: readonly string[]): Field {
  let value: Field = object;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, Field>)[key];
  }
  return value;
}

function columnsOf(query: URLSearchParams): readonly string[][] | undefined {
  const columns = query.get('columns');
  return columns ? columns.split(',').map(column => column.split('.')) : undefined;
}

function pick(object: object, columns: readonly string[][] | undefined): object {
  if (columns === undefined) return object;
  const picked = new Map<string, Field>();
  for (const path of columns) {
    const value = valueAt(object, path);
    if (value !== undefined) place(picked, path, value);
  }
  return unfold(picked);
}

function place(into: Map<string, Field>, [key, ...rest]: readonly string[], value: Field): void {
  if (rest.length === 0) {
    into.set(key as string, value);
    return;
  }
  const known = into.get(key as string);
  const inner = known instanceof Map ? known : new Map<string, Field>();
  if (known === undefined || known instanceof Map) into.set(key as string, inner);
  place(inner, rest, value);
}

function unfold(picked: Map<string, Field>): object {
  return Object.fromEntries([...picked].map(([key, value]) => [key, value instanceof Map ? unfold(value) : value]));
}
