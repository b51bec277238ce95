// The field of an AMQP table: rows of name, type and value. A name that is known brings its type, its values and what it means.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from '../icons.tsx';
import type { Field } from './fields.tsx';

/** A name that is offered. */
export interface Known {
  readonly name: string;
  readonly type?: string | null;
  /** All values there are, where they are few. */
  readonly values?: readonly string[] | null;
  /** In words: what it takes, and what it does. */
  readonly means?: string;
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export function TableField({ field }: { field: Field }): JSX.Element {
  const { name, label, hint, value, known = [], keys } = field;
  const offered = keys ?? known.map((each): Known => ({ name: each }));
  const [rows, setRows] = useState<readonly Row[]>(() => rowsOf(value));
  const add = (): void => setRows([...rows, { id: (rows.at(-1)?.id ?? 0) + 1, name: '', type: 'string', value: '' }]);
  return (
    <fieldset class="field table-field">
      <legend>{label}</legend>
      {rows.map(row => (
        <TableRow
          key={row.id}
          field={name}
          row={row}
          offered={offered}
          change={changes => setRows(rows.map(other => (other === row ? { ...row, ...changes } : other)))}
          remove={() => setRows(rows.filter(other => other !== row))}
        />
      ))}
      {offered.length > 0 && (
        <datalist id={`${name}-known`}>
          {offered.map(each => (
            <option key={each.name} value={each.name} />
          ))}
        </datalist>
      )}
      <button type="button" class="small" onClick={add}>
        <Icon name="plus" />
        Add
      </button>
      {hint && <p class="hint">{hint}</p>}
    </fieldset>
  );
}

interface RowProps {
  readonly field: string;
  readonly row: Row;
  readonly offered: readonly Known[];
  readonly change: (changes: Partial<Row>) => void;
  readonly remove: () => void;
}

function TableRow({ field, row, offered, change, remove }: RowProps): JSX.Element {
  const same = offered.find(({ name }) => name === row.name);
  const values = same?.values ?? [];
  const list = `${field}-values-${row.id}`;
  const named = (name: string): void => {
    const type = offered.find(each => each.name === name)?.type;
    change(type ? { name, type } : { name });
  };
  return (
    <div class="table-row">
      <input
        name={`${field}-name`}
        aria-label="Name"
        placeholder="name"
        value={row.name}
        list={offered.length > 0 ? `${field}-known` : undefined}
        onInput={event => named(event.currentTarget.value)}
      />
      <select
        name={`${field}-type`}
        aria-label="Type"
        value={row.type}
        onChange={event => change({ type: event.currentTarget.value })}
      >
        {['string', 'number', 'boolean', 'list', 'table'].map(type => (
          <option key={type}>{type}</option>
        ))}
      </select>
      <input
        name={`${field}-value`}
        aria-label="Value"
        placeholder="value"
        value={row.value}
        list={values.length > 0 ? list : undefined}
        onInput={event => change({ value: event.currentTarget.value })}
      />
      <button type="button" class="quiet" aria-label="Remove this row" onClick={remove}>
        <Icon name="close" />
      </button>
      {values.length > 0 && (
        <datalist id={list}>
          {values.map(value => (
            <option key={value} value={value} />
          ))}
        </datalist>
      )}
      {same?.means && <p class="hint">{same.means}</p>}
    </div>
  );
}

/** Reads the rows of a table out of a form. @throws Error in words when a value does not fit its type */
export function tableOf(data: FormData, name: string): Record<string, unknown> {
  const all = (part: string): string[] => data.getAll(`${name}-${part}`).map(String);
  const [names, types, texts] = [all('name'), all('type'), all('value')];
  const entries = names.map((key, index) => [key, typed(key, types[index] ?? '', texts[index] ?? '')]);
  return Object.fromEntries(entries.filter(([key]) => key !== ''));
}

function typed(name: string, type: string, text: string): unknown {
  if (type === 'string') return text;
  if (type === 'boolean') {
    if (!/^(true|false)$/i.test(text)) throw new Error(`${name}: a boolean is true or false, not “${text}”`);
    return text.toLowerCase() === 'true';
  }
  if (type === 'number') {
    if (text.trim() === '' || !Number.isFinite(Number(text))) throw new Error(`${name}: “${text}” is no number`);
    return Number(text);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) === (type === 'list') && typeof value === 'object' && value !== null) return value;
  } catch {
    // said below
  }
  throw new Error(`${name}: a ${type} is written as JSON, such as ${type === 'list' ? '["a", 1]' : '{"a": 1}'}`);
}

function rowsOf(value: Field['value']): Row[] {
  return Object.entries(typeof value === 'object' ? value : {}).map(([name, item], id) => {
    const type = Array.isArray(item) ? 'list' : typeof item === 'object' ? 'table' : typeof item;
    return { id, name, type, value: type === 'list' || type === 'table' ? JSON.stringify(item) : String(item) };
  });
}
