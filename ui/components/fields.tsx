// The fields of forms, and what was put into them.
import type { ComponentChildren, JSX } from 'preact';
import { type Known, TableField, tableOf } from './table-field.tsx';

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
  /** The least number; 0 where it is left out. */
  readonly least?: number;
  /** Names that are offered: of a text, of a table's rows. */
  readonly known?: readonly string[];
  /** The same of a table's rows, with what each name takes. */
  readonly keys?: readonly Known[];
}

/** What was put in: text, number or undefined when nothing, boolean, table, or the text of a file. */
// biome-ignore lint/suspicious/noExplicitAny: a form knows the kinds of its own fields.
export type Values = Readonly<Record<string, any>>;

export function Fields({ fields }: { fields: readonly Field[] }): JSX.Element {
  return (
    <div class="fields">
      {fields.map(field =>
        field.kind === 'table' ? (
          <TableField key={field.name} field={field} />
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
  const { name, kind, value, options, required, must, known, least = 0 } = field;
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
        min={kind === 'number' ? least : undefined}
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

/** A pattern that only this text matches; the browser compiles it with the `v` flag. */
function literally(text: string): string {
  return text.replace(/[^\w\s]/g, sign => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}
