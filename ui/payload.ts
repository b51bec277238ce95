// A message's body for people: text where it is text, JSON where it is JSON, and the bytes.

/** How a body is read. */
export type Reading = 'json' | 'text' | 'hex';

/** The bytes of a payload as the API gives it. */
export function payloadBytes(payload: string, encoding: string): Uint8Array {
  if (encoding !== 'base64') return new TextEncoder().encode(payload);
  return Uint8Array.from(atob(payload), char => char.charCodeAt(0));
}

/** The JSON value of a body; undefined when it is none, or only a bare number or word that reads better as text. */
export function jsonOf(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

/** Text of a body that has nothing unprintable in it; undefined otherwise. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what makes it no text
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Lines of 16 bytes: `00000010  48 65 6c 6c ...  Hell...`. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map(byte => byte.toString(16).padStart(2, '0'));
    const halves = `${hex.slice(0, 8).join(' ').padEnd(23)}  ${hex.slice(8).join(' ').padEnd(23)}`;
    const signs = row.map(byte => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${halves}  ${signs}`);
  }
  return lines.join('\n');
}
