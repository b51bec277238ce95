// Bytes and frames printed as Erlang prints them, for the texts of RabbitMQ's errors.

/** Erlang's escapes in a printed string. */
const escapes: ReadonlyMap<number, string> = new Map([
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
  [27, '\\e'],
  [34, '\\"'],
  [92, '\\\\'],
]);

function isPrintable(byte: number): boolean {
  return (byte >= 32 && byte <= 126) || byte >= 160 || escapes.has(byte);
}

/** `<<0,20,0,10>>`: Erlang's `~w`. Used by `cannot decode`. */
export function erlangOctets(bytes: Uint8Array): string {
  return `<<${bytes.join(',')}>>`;
}

/**
 * `<<"abc">>` when all bytes are printable Latin-1, else `<<0,20,0,10>>`: Erlang's `~p` on one line.
 * The result is a byte string: one char is one byte of the reply text.
 */
export function erlangBinary(bytes: Uint8Array): string {
  if (bytes.length === 0 || !bytes.every(isPrintable)) return erlangOctets(bytes);
  return `<<"${Array.from(bytes, byte => escapes.get(byte) ?? String.fromCharCode(byte)).join('')}">>`;
}

/**
 * `type 3, all octets = <<"abc">>` or `type 3, first 16 octets = <<...>>`: how RabbitMQ shows a frame in an
 * UNEXPECTED_FRAME. A byte string.
 */
export function frameSnippet(type: number, payload: Uint8Array): string {
  const all = payload.length <= 16;
  const text = `type ${type}, ${all ? 'all' : 'first 16'} octets = `;
  const octets = all ? payload : payload.subarray(0, 16);
  const shown = erlangBinary(octets);
  if (shown.startsWith('<<"')) return text + shown;
  return text + broken(text.length, '<<', Array.from(octets, String), '>>', 79);
}

/**
 * The explanation of a FRAME_ERROR: `type 1, all octets = <<>>: {frame_too_large,5000,4088}`. A byte string.
 * @param reason the name of the reason and its numbers; alone it stands without braces
 */
export function frameErrorText(
  type: number,
  payload: Uint8Array,
  reason: readonly [name: string, ...numbers: number[]],
): string {
  const text = `${frameSnippet(type, payload)}: `;
  if (reason.length === 1) return text + reason[0];
  const column = text.length - (text.lastIndexOf('\n') + 1);
  return text + broken(column, '{', reason.map(String), '}', 77);
}

/** Items as Erlang breaks them into lines: an item goes up to `columnMax`, its comma included. */
function broken(start: number, open: string, items: readonly string[], close: string, columnMax: number): string {
  const indent = start + open.length;
  let text = open;
  let column = indent;
  for (const [index, item] of items.entries()) {
    const piece = index === items.length - 1 ? item : `${item},`;
    if (index > 0 && column + piece.length > columnMax) {
      text += `\n${' '.repeat(indent)}`;
      column = indent;
    }
    text += piece;
    column += piece.length;
  }
  return text + close;
}
