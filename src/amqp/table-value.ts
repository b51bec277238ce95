// The values of field tables: their types, and when two are equal.

/** A value that holds no other. Bytes are views of the received ones. */
export type ScalarValue =
  | { readonly type: 'longstr' | 'binary'; readonly value: Buffer }
  | { readonly type: 'byte' | 'unsignedbyte' | 'short' | 'unsignedshort'; readonly value: number }
  | { readonly type: 'signedint' | 'unsignedint' | 'double' | 'float'; readonly value: number }
  /** 64 bits, signed under both tags. */
  | { readonly type: 'long'; readonly value: bigint; readonly tag: 'l' | 'L' }
  /** Seconds since 1970, 64 bits unsigned. */
  | { readonly type: 'timestamp'; readonly value: bigint }
  /** `unscaled` / 10^`scale`; 8 and 32 bits unsigned. */
  | { readonly type: 'decimal'; readonly value: { readonly scale: number; readonly unscaled: number } }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'void'; readonly value: null };

/** Any value, as far as looking at it goes: `FieldValue` without the class of its tables. */
export type AnyValue =
  | ScalarValue
  | { readonly type: 'table'; readonly value: Iterable<readonly [key: string, value: AnyValue]> }
  | { readonly type: 'array'; readonly value: readonly AnyValue[] };

/**
 * Whether Erlang's `==` holds between the two decoded values. Types do not count: integers and floats of all tags and
 * timestamps are numbers, long strings and binaries are bytes. Within tables and arrays the types count as well.
 */
export function equalValues(a: AnyValue, b: AnyValue): boolean {
  if (isNumber(a)) return isNumber(b) && equalNumbers(a.value, b.value);
  if (isBytes(a)) return isBytes(b) && Buffer.compare(a.value, b.value) === 0;
  if (isList(a)) return isList(b) && equalLists(a, b);
  if (a.type === 'decimal') {
    return b.type === 'decimal' && a.value.scale === b.value.scale && a.value.unscaled === b.value.unscaled;
  }
  return a.value === b.value;
}

/** Whether two arguments of a declaration mean the same: equal values of the same class of types (integer, float, ...). */
export function equivalentValues(a: AnyValue, b: AnyValue): boolean {
  return typeClass(a) === typeClass(b) && equalValues(a, b);
}

function typeClass(field: AnyValue): string {
  if (field.type === 'float' || field.type === 'double') return 'float';
  if (isNumber(field)) return field.type === 'timestamp' ? 'timestamp' : 'int';
  return field.type;
}

type NumberValue = Extract<AnyValue, { readonly value: number | bigint }>;
type BytesValue = Extract<AnyValue, { readonly value: Uint8Array }>;
type ListValue = Extract<AnyValue, { readonly type: 'table' | 'array' }>;

function isNumber(field: AnyValue): field is NumberValue {
  return typeof field.value === 'number' || typeof field.value === 'bigint';
}

function isBytes(field: AnyValue): field is BytesValue {
  return field.type === 'longstr' || field.type === 'binary';
}

function isList(field: AnyValue): field is ListValue {
  return field.type === 'table' || field.type === 'array';
}

/** Exact, also where an integer has more bits than a float can hold. */
function equalNumbers(a: number | bigint, b: number | bigint): boolean {
  if (typeof a === typeof b) return a === b;
  const [float, integer] = typeof a === 'number' ? [a, b as bigint] : [b as number, a];
  return Number.isInteger(float) && BigInt(float) === integer;
}

/** An empty table and an empty array are the same empty list in Erlang. */
function equalLists(a: ListValue, b: ListValue): boolean {
  const one = items(a);
  const other = items(b);
  if (one.length !== other.length) return false;
  if (one.length > 0 && a.type !== b.type) return false;
  return one.every(([key, value], index) => {
    const [otherKey, otherValue] = other[index]!;
    return key === otherKey && value.type === otherValue.type && equalValues(value, otherValue);
  });
}

function items(list: ListValue): (readonly [string, AnyValue])[] {
  return list.type === 'table' ? [...list.value] : list.value.map(value => ['', value] as const);
}
