// The fields of forms, and what was put into them.
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from '../icons.tsx';

/** A field of a form. */
export interface Field {
  readonly name: string;
  readonly label: string;
  /** `table` is an AMQP table: rows of name, type and value. */
  readonly kind: 'text' | 'password' | 'number' | 'select' | 'check' | 'area' | 'table' | 'file';
  readonly hint?: ComponentChildren;
  readonly value?: string | number | boolean | Readonly<Record<string, unknown>>;
  readonly options?: readonly { value: string; label: string }[];
  readonly required?: boolean;
  /** What has to be typed, exactly. */
  readonly must?: string;
  /** Names that are offered: of a text, of a table's rows. */
  readonly known?: readonly string[];
}

/** What was put in: text, number or undefined when nothing, boolean, table, or the text of a file. */
// biome-ignore lint/suspicious/noExplicitAny: a form knows the kinds of its own fields.
export type Values = Readonly<Record<string, any>>;

export function Fields({ fields }: { fields: readonly Field[] }): JSX.Element {
  return (
    <div class="fields">
      {fields.map(field =>
        field.kind === 'table' ? (
          <TableField key={field.name} {...field} />
        ) : (
          <PlainField key={field.name} {...field} />
        ),
      )}
    </div>
  );
}

function PlainField(field: Field): JSX.Element {
  const { name, label, kind, hint } = field;
  const id = `field-${name}`;
  const described = hint ? `${id}-hint` : undefined;
  return (
    <div class={kind === 'check' ? 'field check' : 'field'}>
      <label for={id}>{label}</label>
      <Control field={field} id={id} described={described} />
      {hint && (
        <p class="hint" id={described}>
          {hint}
        </p>
      )}
    </div>
  );
}

function Control({ field, id, described }: { field: Field; id: string; described: string | undefined }): JSX.Element {
  const { name, kind, value, options, required, must, known } = field;
  const common = { id, name, required, 'aria-describedby': described };
  if (kind === 'select') {
    return (
      <select {...common}>
        {options?.map(option => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
    );
  }
  if (kind === 'table') throw new Error('a table has a field of its own');
  if (kind === 'check') return <input {...common} type="checkbox" defaultChecked={value === true} />;
  if (kind === 'file') return <input {...common} type="file" accept=".json,application/json" />;
  const text = value === undefined ? undefined : String(value);
  if (kind === 'area') return <textarea {...common} rows={6} spellcheck={false} defaultValue={text} />;
  return (
    <>
      <input
        {...common}
        {...({ type: kind } as { type?: 'text' })}
        defaultValue={text}
        autocomplete={kind === 'password' ? 'new-password' : 'off'}
        min={kind === 'number' ? 0 : undefined}
        list={known && `${id}-known`}
        pattern={must === undefined ? undefined : literally(must)}
        title={must === undefined ? undefined : `Exactly: ${must}`}
      />
      {known && (
        <datalist id={`${id}-known`}>
          {known.map(option => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </>
  );
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

function TableField({ name, label, hint, value, known }: Field): JSX.Element {
  const [rows, setRows] = useState<readonly Row[]>(() => rowsOf(value));
  const add = (): void => setRows([...rows, { id: (rows.at(-1)?.id ?? 0) + 1, name: '', type: 'string', value: '' }]);
  return (
    <fieldset class="field table-field">
      <legend>{label}</legend>
      {rows.map((row, index) => (
        <div key={row.id} class="table-row">
          <input
            name={`${name}-name`}
            aria-label="Name"
            placeholder="name"
            defaultValue={row.name}
            list={known && `${name}-known`}
          />
          <select name={`${name}-type`} aria-label="Type">
            {['string', 'number', 'boolean', 'list', 'table'].map(type => (
              <option key={type} selected={type === row.type}>
                {type}
              </option>
            ))}
          </select>
          <input name={`${name}-value`} aria-label="Value" placeholder="value" defaultValue={row.value} />
          <button
            type="button"
            class="quiet"
            aria-label="Remove this row"
            onClick={() => setRows(rows.filter((_, other) => other !== index))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      {known && (
        <datalist id={`${name}-known`}>
          {known.map(option => (
            <option key={option} value={option} />
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

/** Reads a form. @throws Error in words when a value does not fit its type */
export function valuesOf(form: HTMLFormElement, fields: readonly Field[]): Values {
  const data = new FormData(form);
  const values = fields.map(({ name, kind }) => {
    const text = String(data.get(name) ?? '');
    if (kind === 'check') return [name, data.get(name) !== null];
    if (kind === 'number') return [name, text === '' ? undefined : Number(text)];
    if (kind === 'file') return [name, data.get(name)];
    return [name, kind === 'table' ? tableOf(data, name) : text];
  });
  return Object.fromEntries(values) as Values;
}

function tableOf(data: FormData, name: string): Record<string, unknown> {
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

/** A pattern that only this text matches; the browser compiles it with the `v` flag. */
function literally(text: string): string {
  return text.replace(/[^\w\s]/g, sign => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}
