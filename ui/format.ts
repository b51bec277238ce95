// Numbers, bytes, rates and times as people read them.

/** Nothing to say: no value, or a rate of zero, so that what moves stands out. */
export const DASH = '–';

const thousands = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** 1,234 up to 99,999; then 123 k, 1.2 M, 3.4 G. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const size = Math.abs(value);
  if (size < 99_999.5) return thousands.format(value);
  for (const [unit, scale] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
  ] as const) {
    const scaled = value / scale;
    if (Math.abs(scaled) < 999.5 || unit === 'G') {
      return `${Math.abs(scaled) < 99.95 ? oneDecimal.format(scaled) : thousands.format(scaled)} ${unit}`;
    }
  }
  return DASH;
}

/** Every digit: 1,234,567. */
export function exact(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : thousands.format(value);
}

/** 1,234/s; below ten with a decimal; a dash for zero and for what is too little to show. */
export function rate(value: number | null | undefined): string {
  if (!value || !Number.isFinite(value) || Math.abs(value) < 0.05) return DASH;
  return `${Math.abs(value) < 9.95 ? oneDecimal.format(value) : count(value)}/s`;
}

/** 512 B, 1.5 KiB, 20 MiB. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  let scaled = value;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (Math.abs(scaled) < 1023.5) return scaledBytes(scaled, unit);
    scaled /= 1024;
  }
  return scaledBytes(scaled, 'TiB');
}

/** Bytes in a second; a dash for zero. */
export function byteRate(value: number | null | undefined): string {
  return !value || Math.abs(value) < 0.5 ? DASH : `${bytes(value)}/s`;
}

/** 240 ms, 12 s, 3 m 12 s, 2 h 5 m, 4 d 3 h: at most two units. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return DASH;
  const past = Math.max(0, ms);
  if (past < 1000) return `${Math.round(past)} ms`;
  if (past < 9950) return `${oneDecimal.format(past / 1000)} s`;
  const seconds = Math.round(past / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  return two(Math.floor(minutes / 1440), 'd', Math.floor((minutes % 1440) / 60), 'h');
}

/** Three percentiles in a line: 12 ms / 80 ms / 1.2 s. */
export function percentiles(values: { p50: number; p95: number; p99: number } | null | undefined): string {
  return values ? [values.p50, values.p95, values.p99].map(duration).join(' / ') : DASH;
}

/** Like `duration` in whole seconds, for ages that tick. */
export function age(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? DASH : ms < 1000 ? '0 s' : duration(Math.floor(ms / 1000) * 1000);
}

/** A moment with its day, in the reader's own zone: 2026-11-25 08:33:55. */
export function moment(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return DASH;
  const date = new Date(ms);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time(ms)}`;
}

/** A moment of today: 08:33:55. */
export function time(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':');
}

/** `1 message`, `1,204 messages`. */
export function plural(number: number, noun: string, many: string = `${noun}s`): string {
  return `${thousands.format(number)} ${number === 1 ? noun : many}`;
}

/** A text as a sentence of its own: the first letter large. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Items as one phrase: `a`, `a and b`, `a, b and c`. */
export function phrase(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function scaledBytes(value: number, unit: string): string {
  return `${unit !== 'B' && Math.abs(value) < 99.95 ? oneDecimal.format(value) : thousands.format(value)} ${unit}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
