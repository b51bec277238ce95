// The content header of a publish: what it must be, and what its properties say that the broker heeds.

import { decodeProperties, deliveryMode, validateHeader } from '../amqp/properties.ts';
import type { User } from '../auth/authority.ts';
import { frameError, preconditionFailed } from '../broker/errors.ts';
import { bodyBytesMax } from './context.ts';

const expirationMax = 315_360_000_000;

/** Why this is no header of class basic, as RabbitMQ says it; undefined when it is one. A header has at least 14 bytes. */
export function strangeHeader(chunk: Buffer, start: number): string | undefined {
  const classId = (chunk[start]! << 8) | chunk[start + 1]!;
  if (classId !== 60) return `expected content header for class 60, got one for class ${classId} instead`;
  if (chunk[start + 2] !== 0 || chunk[start + 3] !== 0)
    return 'expected content header for class 60, got non content header frame instead';
  return undefined;
}

/** How long the body will be, bytes. */
export function announcedBytes(chunk: Buffer, start: number): number {
  return chunk.readUInt32BE(start + 4) * 4294967296 + chunk.readUInt32BE(start + 8);
}

export function bodyTooLarge(chunk: Buffer, start: number): Error {
  return frameError(
    `content body size ${chunk.readBigUInt64BE(start + 4)} exceeds maximum allowed size ${bodyBytesMax}`,
  );
}

/** Throws when the properties are not what their flags say. */
export function checkShape(chunk: Buffer, start: number, end: number): void {
  // Flags 0 and delivery mode alone are what most publishers send; anything else is checked in full.
  const flags = (chunk[start + 12]! << 8) | chunk[start + 13]!;
  if (!((flags === 0 && end - start === 14) || (flags === 0x1000 && end - start === 15)))
    validateHeader(chunk, start, end);
}

/** Whether the message is persistent. Throws AmqpError for a property that the user may not set, or not so. */
export function isPersistent(header: Buffer, start: number, end: number, user: User): boolean {
  const bytes = end - start;
  if (bytes < 15) return false;
  // The delivery mode alone. A single octet can also be the priority alone.
  if (bytes === 15 && header[start + 12] === 0x10) {
    const mode = header[start + 14];
    if (mode === 2) return true;
    if (mode === 1) return false;
  }
  return checkProperties(header, start, end, user);
}

function checkProperties(header: Buffer, start: number, end: number, user: User): boolean {
  const flags = (header[start + 12]! << 8) | header[start + 13]!;
  if ((flags & 0x0110) !== 0) {
    const { userId, expiration } = decodeProperties(header, start, end);
    if (userId !== undefined && userId !== user.name && !user.tags.includes('impersonator'))
      throw preconditionFailed(`user_id property set to '${userId}' but authenticated user was '${user.name}'`);
    if (expiration !== undefined) checkExpiration(expiration);
  }
  if ((flags & 0x1000) === 0) return false;
  const mode = deliveryMode(header, start, end);
  if (mode !== 1 && mode !== 2) throw preconditionFailed(`invalid message: {delivery_mode_unknown,${mode}}`);
  return mode === 2;
}

function checkExpiration(text: string): void {
  const digits = /^[+-]?\d+/.exec(text)?.[0];
  const fail = (what: string): never => {
    throw preconditionFailed(`invalid expiration '${text}': ${what}`);
  };
  if (digits === undefined) return fail('no_integer');
  if (digits.length < text.length) return fail(`{leftover_string,"${text.slice(digits.length)}"}`);
  const value = Number(digits);
  if (value < 0) fail(`{value_negative,${BigInt(digits)}}`);
  if (value > expirationMax) fail(`{value_too_large,${BigInt(digits)}}`);
}
