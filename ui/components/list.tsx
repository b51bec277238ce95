// A list that the broker filters, sorts and pages: the table with its filter, column chooser and pages, all in the address.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { withQuery } from '../api.ts';
import { plural } from '../format.ts';
import { Icon } from '../icons.tsx';
import { useLive } from '../live.ts';
import { setParams, view } from '../url.ts';
import { type ListState, listQuery, PAGE_SIZES, readListState, writeListState } from '../view-state.ts';
import { Empty, Fault, Loading } from './states.tsx';
import { type Column, Table } from './table.tsx';

/** A page of a list, as the broker gives it. */
export interface Paged<Row> {
  readonly items: readonly Row[];
  /** Rows that pass the filter, of all. */
  readonly filtered_count: number;
  readonly total_count: number;
  readonly page: number;
  readonly page_count: number;
}

/** A filter beside the one by name: a parameter of the page's address and, under the same name, of the API's. */
export interface ListFilter {
  readonly name: string;
  readonly label: string;
  /** Value and words of what may be chosen; without them it is typed. */
  readonly options?: readonly (readonly [value: string, words: string])[];
}

export interface ListProps<Row> {
  /** The API's path. */
  readonly path: string;
  /** One row, as a noun; the chosen columns are remembered under it. */
  readonly noun: string;
  /** Several of them; the noun with an s where it is left out. */
  readonly nouns?: string;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Fields that are needed whatever columns are shown. */
  readonly fields: readonly string[];
  /** Asked for with every page. */
  readonly query?: Readonly<Record<string, string | number>>;
  readonly filters?: readonly ListFilter[];
  /** Shown when there is nothing at all. */
  readonly empty: ComponentChildren;
  readonly actions?: ComponentChildren;
}

export function List<Row>(props: ListProps<Row>): JSX.Element {
  const { noun, nouns = `${noun}s` } = props;
  const state = readListState(view.value.params);
  const chosen = state.columns ?? remembered(noun);
  const columns = props.columns.filter(
    (column, index) => index === 0 || (chosen ? chosen.includes(column.id) : !column.extra),
  );
  const sortField = props.columns.find(column => column.id === state.sort)?.sort;
  const fields = [...new Set([...props.fields, ...columns.flatMap(column => column.fields ?? [])])];
  const filters = props.filters ?? [];
  const picked = Object.fromEntries(
    filters.map(({ name }) => [name, view.value.params[name] ?? '']).filter(([, value]) => value !== ''),
  );
  const path = withQuery(props.path, {
    ...listQuery(state, sortField),
    ...props.query,
    ...picked,
    columns: fields.join(','),
  });
  const live = useLive<Paged<Row>>(path);
  const change = (changes: Partial<ListState>): void => {
    // The address may have changed since this was drawn: a filter that is being typed comes later.
    const now = readListState(view.peek().params);
    setParams(writeListState({ ...now, page: 1, ...changes }), changes.page !== undefined);
  };
  const sortBy = (column: Column<Row>): void => {
    // The first press shows the most of a number and the first of a name; the third is the list's own order again.
    const first = column.number === true;
    if (state.sort !== column.id) change({ sort: column.id, reverse: first });
    else if (state.reverse === first) change({ reverse: !first });
    else change({ sort: '', reverse: false });
  };
  const data = live.data;
  const beyond = live.error?.status === 400 && state.page > 1;
  useEffect(() => {
    // The rows of the last page may go while it is looked at.
    if (beyond) setParams({ page: undefined });
  }, [beyond]);
  return (
    <section class="list">
      <div class="toolbar">
        <Filter state={state} nouns={nouns} change={change} />
        {filters.map(filter => (
          <Pick key={filter.name} filter={filter} value={picked[filter.name] ?? ''} />
        ))}
        <p class="counted" role="status">
          {data && counted(data, noun, nouns)}
        </p>
        <span class="space" />
        <Chooser all={props.columns} shown={columns} noun={noun} />
        {props.actions}
      </div>
      {live.error && !beyond ? (
        <Fault error={live.error} />
      ) : !data ? (
        <Loading rows={10} />
      ) : data.total_count === 0 ? (
        props.empty
      ) : data.filtered_count === 0 ? (
        <Empty
          title={
            Object.keys(picked).length === 0
              ? `No ${noun} has “${state.filter}” in its name`
              : `No ${noun} is as the filters ask`
          }
        >
          <p>
            <button
              type="button"
              onClick={() => {
                setParams(Object.fromEntries(filters.map(({ name }) => [name, undefined])));
                change({ filter: '' });
              }}
            >
              Clear the filter
            </button>
          </p>
        </Empty>
      ) : (
        <>
          <Table
            label={nouns}
            columns={columns}
            rows={data.items}
            keyOf={props.keyOf}
            sort={state.sort}
            reverse={state.reverse}
            onSort={sortBy}
            old={live.path !== path}
          />
          <Pages
            state={state}
            pages={data.page_count}
            more={data.filtered_count > (PAGE_SIZES[0] as number)}
            change={change}
          />
        </>
      )}
    </section>
  );
}

function Pick({ filter, value }: { filter: ListFilter; value: string }): JSX.Element {
  const { name, label, options } = filter;
  const pick = (picked: string): void => setParams({ [name]: picked || undefined, page: undefined });
  return options ? (
    <select aria-label={label} value={value} onChange={event => pick(event.currentTarget.value)}>
      <option value="">{label}: any</option>
      {options.map(([each, words]) => (
        <option key={each} value={each}>
          {words}
        </option>
      ))}
    </select>
  ) : (
    <input
      class="pick"
      type="search"
      aria-label={label}
      placeholder={`${label}: any`}
      value={value}
      onChange={event => pick(event.currentTarget.value.trim())}
    />
  );
}

type Change = (changes: Partial<ListState>) => void;

const TYPING_MS = 200;

function Filter({ state, nouns, change }: { state: ListState; nouns: string; change: Change }): JSX.Element {
  const [text, setText] = useState(state.filter);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(state.filter), [state.filter]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const typed = (value: string): void => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => change({ filter: value }), TYPING_MS);
  };
  return (
    <div class="filter">
      <Icon name="search" />
      <input
        type="search"
        data-filter
        aria-label={`Filter ${nouns} by name`}
        placeholder={`Filter ${nouns}`}
        value={text}
        onInput={event => typed(event.currentTarget.value)}
      />
      <label title="Take the filter for a regular expression">
        <input
          type="checkbox"
          checked={state.regex}
          onChange={event => change({ regex: event.currentTarget.checked })}
        />
        regex
      </label>
    </div>
  );
}

function Chooser<Row>({
  all,
  shown,
  noun,
}: {
  all: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  noun: string;
}): JSX.Element {
  const choose = (ids: readonly string[] | undefined): void => {
    if (ids) localStorage.setItem(memory(noun), ids.join(','));
    else localStorage.removeItem(memory(noun));
    setParams({ columns: ids?.join(',') });
  };
  const toggle = (id: string, on: boolean): void => {
    const ids = new Set(shown.map(column => column.id));
    if (on) ids.add(id);
    else ids.delete(id);
    choose(all.filter(column => ids.has(column.id)).map(column => column.id));
  };
  return (
    <details class="menu">
      <summary>Columns</summary>
      <fieldset>
        <legend class="unseen">Columns</legend>
        {all.slice(1).map(column => (
          <label key={column.id}>
            <input
              type="checkbox"
              checked={shown.includes(column)}
              onChange={event => toggle(column.id, event.currentTarget.checked)}
            />
            {column.title}
          </label>
        ))}
        <button type="button" onClick={() => choose(undefined)}>
          The usual ones
        </button>
      </fieldset>
    </details>
  );
}

function Pages({
  state,
  pages,
  more,
  change,
}: {
  state: ListState;
  pages: number;
  more: boolean;
  change: Change;
}): JSX.Element | null {
  if (pages <= 1 && !more) return null;
  return (
    <nav class="pages" aria-label="Pages">
      <button type="button" disabled={state.page <= 1} onClick={() => change({ page: state.page - 1 })}>
        <Icon name="back" />
        Previous
      </button>
      <span>
        Page {state.page} of {pages}
      </span>
      <button type="button" disabled={state.page >= pages} onClick={() => change({ page: state.page + 1 })}>
        Next
        <Icon name="next" />
      </button>
      <label>
        Rows
        <select value={state.size} onChange={event => change({ size: Number(event.currentTarget.value) })}>
          {PAGE_SIZES.map(size => (
            <option key={size}>{size}</option>
          ))}
        </select>
      </label>
    </nav>
  );
}

function counted(
  { filtered_count: filtered, total_count: total }: Paged<unknown>,
  noun: string,
  nouns: string,
): string {
  const all = plural(total, noun, nouns);
  return filtered === total ? all : `${filtered.toLocaleString('en')} of ${all}`;
}

function memory(noun: string): string {
  return `leveret.columns.${noun}`;
}

function remembered(noun: string): readonly string[] | undefined {
  return localStorage.getItem(memory(noun))?.split(',');
}
