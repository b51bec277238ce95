// Text for a terminal: names that came from elsewhere made harmless, widths in columns, numbers in few characters.

/** Control characters, and those that turn the direction of writing round: a name must not steer the terminal. */
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /^(\p{Emoji_Presentation}|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6])/u;
const none = /^[\p{Mn}\p{Me}\p{Cf}]/u;
const ascii = /^[ -~]*$/;

/** The text on one line, with `\n`, `\x1b` and the like written out. */
export function plain(text: string): string {
  return text.replace(unsafe, char => {
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    if (char === '\r') return '\\r';
    return escaped(char);
  });
}

/** Text of several lines: line ends and tabs stay, all else that steers a terminal is written out. */
export function plainLines(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(unsafe, char => (char === '\n' || char === '\t' ? char : escaped(char)));
}

/** A value as JSON of several lines, in which nothing steers a terminal. */
export function json(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(unsafe, char => (char === '\n' ? char : unicode(char)));
}

function escaped(char: string): string {
  const code = char.codePointAt(0) as number;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicode(char);
}

function unicode(char: string): string {
  return `\\u${(char.codePointAt(0) as number).toString(16).padStart(4, '0')}`;
}

/** Columns that the text takes on a terminal. */
export function widthOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

function widthOfGrapheme(grapheme: string): number {
  return none.test(grapheme) ? 0 : wide.test(grapheme) ? 2 : 1;
}

/** The text in at most `width` columns, with `…` at its end where it was cut. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  let [kept, used] = ['', 0];
  for (const { segment } of graphemes.segment(text)) {
    used += widthOfGrapheme(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** The text filled up with spaces to `width` columns, at its end or, for numbers, before it. */
export function pad(text: string, width: number, right = false): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}

/** Bytes with a unit of powers of 1,024. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A time span in its two largest units: `340ms`, `4.2s`, `3m12s`, `2d4h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const s = Math.round(ms / 1000);
  const [m, h, d] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86_400)];
  if (m === 0) return `${s}s`;
  if (h === 0) return `${m}m${s % 60}s`;
  return d === 0 ? `${h}h${m % 60}m` : `${d}d${h % 24}h`;
}

/** A rate per second. */
export function rate(perSecond: number): string {
  return perSecond === 0 ? '0' : perSecond < 100 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

/** `1 message`, `2 messages`. */
export function several(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
