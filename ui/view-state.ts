// What the address says: which page is shown and how, as path parts and parameters, and lists' part of it.

/** A place in the page: `#/queues/%2F/tasks?tab=messages` is the path `['queues', '/', 'tasks']` with one parameter. */
export interface View {
  readonly path: readonly string[];
  readonly params: Readonly<Record<string, string>>;
}

/** How a list is shown. The defaults are left out of the address. */
export interface ListState {
  /** What names must contain; '' for all. */
  readonly filter: string;
  readonly regex: boolean;
  /** Id of the column; '' for the list's own order. */
  readonly sort: string;
  readonly reverse: boolean;
  /** From 1. */
  readonly page: number;
  /** Rows of a page, 1 to 500. */
  readonly size: number;
  /** Ids of the columns shown; undefined for the usual ones. */
  readonly columns: readonly string[] | undefined;
}

/** Rows that a list may show at once. */
export const PAGE_SIZES: readonly number[] = [25, 50, 100, 250, 500];
const PAGE_SIZE = 100;

/** Reads the part of an address from `#` on. Whatever it is, it gives a view: what cannot be decoded stays as it is. */
export function parseHash(hash: string): View {
  const text = hash.replace(/^#?\/?/, '');
  const mark = text.indexOf('?');
  const path = (mark < 0 ? text : text.slice(0, mark))
    .split('/')
    .filter(Boolean)
    .map(part => (part === '%' ? '' : decoded(part)));
  const params = Object.fromEntries(new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)));
  return { path, params };
}

/** The address of a view, from `#` on. Parameters that are empty or undefined are left out. */
export function formatHash(path: readonly string[], params: Readonly<Record<string, string | undefined>> = {}): string {
  // The default exchange has no name; a lone % stands for it, which no encoded name can be.
  const parts = path.map(part => (part === '' ? '%' : encodeURIComponent(part)));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value) query.set(name, value);
  const search = query.toString();
  return `#/${parts.join('/')}${search && `?${search}`}`;
}

/** A list's state from the parameters of the address; whatever is not valid counts as not given. */
export function readListState(params: Readonly<Record<string, string>>): ListState {
  const sort = params['sort'] ?? '';
  return {
    filter: params['name'] ?? '',
    regex: params['regex'] === '1',
    sort: sort.replace(/^-/, ''),
    reverse: sort.startsWith('-'),
    page: wholeNumber(params['page'], 1, Number.MAX_SAFE_INTEGER) ?? 1,
    size: wholeNumber(params['size'], 1, 500) ?? PAGE_SIZE,
    columns: params['columns']?.split(',').filter(Boolean),
  };
}

/** The parameters that say a list's state; undefined ones are to be removed from the address. */
export function writeListState(state: ListState): Record<string, string | undefined> {
  return {
    name: state.filter || undefined,
    regex: state.regex ? '1' : undefined,
    sort: state.sort ? (state.reverse ? '-' : '') + state.sort : undefined,
    page: state.page > 1 ? String(state.page) : undefined,
    size: state.size === PAGE_SIZE ? undefined : String(state.size),
    columns: state.columns?.join(','),
  };
}

/** What to ask the broker for a page of a list. `sortField` is the broker's name of what the list is sorted by. */
export function listQuery(state: ListState, sortField: string | undefined): Record<string, string> {
  return {
    page: String(state.page),
    page_size: String(state.size),
    pagination: 'true',
    name: state.filter,
    use_regex: String(state.regex),
    ...(sortField ? { sort: sortField, sort_reverse: String(state.reverse) } : {}),
  };
}

function wholeNumber(text: string | undefined, least: number, most: number): number | undefined {
  const value = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
