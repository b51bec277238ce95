// The stamp at the front of every body, and the byte at its end, by which a consumer knows what it got.

/** Producer, sequence number and the lower 32 bits of the send time in microseconds, 4 bytes each, little-endian. */
export const stampBytes = 12;
/** The smallest body: a stamp and the check byte. */
const bodyBytesMin = stampBytes + 1;

/** Whole microseconds since the process began. */
export function nowUs(): number {
  return Math.floor(performance.now() * 1000);
}

/** Microseconds from a time of which only the lower 32 bits were kept; right for differences up to 35 minutes. */
export function sinceUs(now: number, low32: number): number {
  return (now - low32) | 0;
}

/** The last byte of a body, so that a body put together from two messages is noticed. */
export function checkByte(producer: number, sequence: number): number {
  return (sequence * 31 + producer) & 0xff;
}

/** The bytes between stamp and check byte: the alphabet, so that a hex dump shows what is missing. */
export function filledBody(bodyBytes: number): Buffer {
  if (bodyBytes < bodyBytesMin) throw new RangeError(`a body needs at least ${bodyBytesMin} bytes`);
  const body = Buffer.alloc(bodyBytes);
  for (let at = 0; at < bodyBytes; at++) body[at] = 97 + (at % 26);
  return body;
}
