// The page's table: every list is one. Numbers change in place, and rows keep their places under the pointer.
import type { ComponentChildren, JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { steady } from '../steady.ts';
import { view } from '../url.ts';
import type { WordId } from '../words.ts';
import { Term } from './term.tsx';

/** A column of a table. */
export interface Column<Row> {
  /** What the address calls it. */
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Explained on hover. */
  readonly word?: WordId;
  /** The broker's name of what it is sorted by; a local table sorts by it as a path into the row. */
  readonly sort?: string;
  /** Fields of the broker's answer that the cell needs. */
  readonly fields?: readonly string[];
  /** Numbers stand right. */
  readonly number?: boolean;
  /** Shown only when it was chosen. */
  readonly extra?: boolean;
}

export interface TableProps<Row> {
  /** What a screen reader says the table is of. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sort?: string;
  readonly reverse?: boolean;
  readonly onSort?: (column: Column<Row>) => void;
  /** Whether the rows answer another question than was asked last. */
  readonly old?: boolean;
}

export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { columns, keyOf } = props;
  const shown = useRef<string[]>([]);
  const [pointed, setPointed] = useState(false);
  const { rows, changed } = pointed ? steady(shown.current, props.rows, keyOf) : { rows: props.rows, changed: false };
  shown.current = rows.map(keyOf);
  const drawn = useDrawn(columns);
  return (
    <div class="table-box">
      <table class={props.old ? 'old' : ''} aria-label={props.label}>
        <thead>
          <tr>
            {columns.map(column => (
              <Head key={column.id} column={column} {...props} />
            ))}
          </tr>
        </thead>
        <tbody onPointerEnter={() => setPointed(true)} onPointerLeave={() => setPointed(false)}>
          {rows.map(row => drawn(keyOf(row), row))}
        </tbody>
      </table>
      {changed && <p class="order-changed">Order changed</p>}
    </div>
  );
}

interface Drawn {
  readonly text: string;
  readonly row: JSX.Element;
}

/** Draws rows; one that says what it said before is the same as before, and is not compared cell by cell again. */
function useDrawn<Row>(columns: readonly Column<Row>[]): (key: string, row: Row) => JSX.Element {
  const before = useRef({ rows: new Map<string, Drawn>(), columns, vhost: '' });
  // Links in cells carry it.
  const vhost = view.value.params['vhost'] ?? '';
  const { current } = before;
  const isSame = current.vhost === vhost && columns.every((column, index) => column === current.columns[index]);
  const known = isSame && columns.length === current.columns.length ? current.rows : new Map<string, Drawn>();
  const rows = new Map<string, Drawn>();
  before.current = { rows, columns, vhost };
  return (key, row) => {
    const text = JSON.stringify(row);
    const old = known.get(key);
    const now = old?.text === text ? old : { text, row: drawRow(key, row, columns) };
    rows.set(key, now);
    return now.row;
  };
}

function drawRow<Row>(key: string, row: Row, columns: readonly Column<Row>[]): JSX.Element {
  return (
    <tr key={key}>
      {columns.map((column, index) =>
        index === 0 ? (
          <th key={column.id} scope="row">
            {column.cell(row)}
          </th>
        ) : (
          <td key={column.id} class={column.number ? 'number' : ''} data-title={column.title}>
            {column.cell(row)}
          </td>
        ),
      )}
    </tr>
  );
}

function Head<Row>({ column, sort, reverse, onSort }: TableProps<Row> & { column: Column<Row> }): JSX.Element {
  const sorted = sort === column.id;
  const title = column.word ? (
    <Term word={column.word} plain={Boolean(onSort && column.sort)}>
      {column.title}
    </Term>
  ) : (
    column.title
  );
  return (
    <th
      scope="col"
      class={column.number ? 'number' : ''}
      aria-sort={sorted ? (reverse ? 'descending' : 'ascending') : undefined}
    >
      {onSort && column.sort ? (
        <button type="button" class="sort" onClick={() => onSort(column)}>
          {title}
          <span aria-hidden="true" class="arrow">
            {sorted ? (reverse ? '▾' : '▴') : ''}
          </span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}
