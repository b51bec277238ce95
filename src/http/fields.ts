// Fields of bodies that many routes take, as leniently as RabbitMQ takes them: numbers and truths may come as text.
import { z } from 'zod';
import type { Json } from './amqp-json.ts';

/** Names are short strings on the wire. */
export const name: z.ZodType<string> = z
  .string()
  .refine(text => Buffer.byteLength(text) <= 255, 'longer than 255 bytes');

export const truth: z.ZodType<boolean, boolean | string> = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform(text => text === 'true')],
  'neither true nor false',
);

/** A whole number within bounds. */
export function whole(min: number, max: number): z.ZodType<number, number | string> {
  const bounds = `not a whole number from ${min} to ${max}`;
  return z.union(
    [
      z.int().min(min).max(max),
      z
        .string()
        .regex(/^-?\d{1,15}$/)
        .transform(Number)
        .pipe(z.int().min(min).max(max)),
    ],
    bounds,
  );
}

/** Any JSON. */
export const json: z.ZodType<Json> = z.json() as z.ZodType<Json>;

/** A table of arguments; RabbitMQ's clients send an empty array for an empty one. */
export const argumentsTable: z.ZodType<{ readonly [key: string]: Json }, unknown> = z.preprocess(
  value => (Array.isArray(value) && value.length === 0 ? {} : value),
  z.record(z.string(), json, 'not an object'),
) as z.ZodType<{ readonly [key: string]: Json }, unknown>;

/** Words, as an array or as text with commas. */
export const words: z.ZodType<string[], string | string[]> = z.union(
  [
    z.array(z.string().max(255)).max(100),
    z
      .string()
      .max(4096)
      .transform(text =>
        text
          .split(',')
          .map(word => word.trim())
          .filter(word => word !== ''),
      ),
  ],
  'neither an array of words nor words with commas between them',
);

/** A parameter in the address that is on when it says true. */
export const flag: z.ZodType<boolean, string | undefined> = z
  .string()
  .optional()
  .transform(text => text === 'true');

/** Sent by clients that repeat in the body what the path says; of no effect. */
export const repeated: Readonly<Record<'name' | 'vhost' | 'user', z.ZodOptional<z.ZodUnknown>>> = {
  name: z.unknown().optional(),
  vhost: z.unknown().optional(),
  user: z.unknown().optional(),
};
