// Keeps rows where they are while somebody points at them.

/**
 * The rows of now in the order that is on the screen: those shown before keep their places, those gone are left out, new ones
 * come last. `changed` tells whether that differs from the order in which the rows came.
 */
export function steady<Row>(
  shown: readonly string[],
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): { rows: Row[]; changed: boolean } {
  const arrived = new Map(rows.map(row => [keyOf(row), row]));
  const kept = shown.filter(key => arrived.has(key));
  const order = new Set([...kept, ...arrived.keys()]);
  const steadied = [...order].map(key => arrived.get(key) as Row);
  return { rows: steadied, changed: steadied.some((row, index) => row !== rows[index]) };
}
