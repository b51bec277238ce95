// Text of the wire: UTF-8 that is checked, and the byte strings (one char per byte) that keys are kept as.

import { MalformedUtf8 } from './faults.ts';

const beyondAscii = /[^\0-\x7f]/;

/** The bytes as text. @throws MalformedUtf8 */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // A replacement character is either the client's own or the sign that something had to be replaced.
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes)) throw new MalformedUtf8();
  return text;
}

/** The UTF-8 bytes of a text as a byte string. Routing keys are compared in this form, since they may be any bytes. */
export function byteString(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** A byte string as text again, for people; what is no UTF-8 becomes U+FFFD. */
export function textOfByteString(bytes: string): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}

/** A Buffer on the same memory. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
