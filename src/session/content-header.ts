// The content header of a publish: what it must be, and what its properties say that the broker heeds.

import {
  editProperties,
  peekFlags,
  peekProperty,
  propertyAt,
  propertyFlags,
  validateHeader,
} from '../amqp/properties.ts';
import { longlongAt } from '../amqp/reader.ts';
import type { User } from '../auth/authority.ts';
import { frameError, preconditionFailed } from '../broker/errors.ts';
import { replyQueue } from '../broker/reply-to.ts';
import { bodyBytesMax } from './context.ts';

const replyQueueBytes = Buffer.from(replyQueue);
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
  return longlongAt(chunk, start + 4);
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

/** Whether reply_to asks for a direct reply. Reads bytes only. */
export function asksForDirectReply(header: Buffer, start: number): boolean {
  const at = propertyAt(header, start, propertyFlags.replyTo);
  if (at < 0 || header[at] !== replyQueueBytes.length) return false;
  for (let i = 0; i < replyQueueBytes.length; i++) if (header[at + 1 + i] !== replyQueueBytes[i]) return false;
  return true;
}

/** The header with the name that the reply is to be sent to. Throws AmqpError where the publisher waits for none. */
export function withReplyTo(header: Buffer, start: number, end: number, name: string | undefined): Buffer {
  if (name === undefined) throw preconditionFailed('fast reply consumer does not exist');
  return editProperties(header, start, end, { replyTo: name });
}

/** Throws AmqpError when the user_id property names another user than the one who publishes. */
export function checkUserId(header: Buffer, start: number, end: number, user: User): void {
  if ((peekFlags(header, start) & propertyFlags.userId) === 0) return;
  const userId = peekProperty(header, start, end, 'userId');
  if (userId !== user.name && !user.tags.includes('impersonator'))
    throw preconditionFailed(`user_id property set to '${userId}' but authenticated user was '${user.name}'`);
}

/**
 * The time to live that the expiration property asks for, milliseconds from 0 to 10 years; -1 when absent.
 * Throws AmqpError for a text that is no such number.
 */
export function expirationOf(header: Buffer, start: number, end: number): number {
  const at = propertyAt(header, start, propertyFlags.expiration);
  if (at < 0) return -1;
  const digits = header[at]!;
  if (digits === 0 || digits > 15) return parseExpiration(header, start, end);
  let value = 0;
  for (let i = at + 1; i <= at + digits; i++) {
    const digit = header[i]! - 0x30;
    if (digit < 0 || digit > 9) return parseExpiration(header, start, end);
    value = value * 10 + digit;
  }
  return value > expirationMax ? parseExpiration(header, start, end) : value;
}

/** As `expirationOf`, for what is no plain number: signs, many zeros, errors. */
function parseExpiration(header: Buffer, start: number, end: number): number {
  const text = peekProperty(header, start, end, 'expiration') as string;
  const digits = /^[+-]?\d+/.exec(text)?.[0];
  const fail = (what: string): never => {
    throw preconditionFailed(`invalid expiration '${text}': ${what}`);
  };
  if (digits === undefined) return fail('no_integer');
  if (digits.length < text.length) return fail(`{leftover_string,"${text.slice(digits.length)}"}`);
  const value = Number(digits);
  if (value < 0) fail(`{value_negative,${BigInt(digits)}}`);
  if (value > expirationMax) fail(`{value_too_large,${BigInt(digits)}}`);
  return value === 0 ? 0 : value;
}

/** The priority, 0 to 255; -1 when absent. */
export function priorityOf(header: Buffer, start: number, _end: number): number {
  const at = propertyAt(header, start, propertyFlags.priority);
  return at < 0 ? -1 : header[at]!;
}

/** Whether the message is persistent. Throws AmqpError for an unknown delivery mode. */
export function isPersistent(header: Buffer, start: number, end: number): boolean {
  // Without properties, or with the delivery mode alone.
  if (end - start === 14) return false;
  if (end - start === 15 && header[start + 12] === 0x10 && header[start + 14] === 2) return true;
  const at = propertyAt(header, start, propertyFlags.deliveryMode);
  if (at < 0) return false;
  const mode = header[at]!;
  if (mode !== 1 && mode !== 2) throw preconditionFailed(`invalid message: {delivery_mode_unknown,${mode}}`);
  return mode === 2;
}
