// The body of a request: read up to a limit, parsed, and held against what the route takes.
import type { z } from 'zod';
import { badRequest, HttpError } from './errors.ts';

/** The parsed body. An empty one stands for an object without fields, as RabbitMQ takes it. @throws HttpError 400, 413 */
export async function readBody(request: Request, schema: z.ZodType, bytesMax: number): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(request, bytesMax));
  return checked(schema, text.trim() === '' ? {} : parse(text));
}

/** The value as the schema gives it. @throws HttpError 400 that names what is wrong */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badRequest(reasonOf(result.error.issues, value));
}

/** The bytes of the body. @throws HttpError 413 as soon as they are too many */
export async function readBytes(request: Request, bytesMax: number): Promise<Buffer> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(bytesMax: number): HttpError {
  return new HttpError(413, 'payload_too_large', `the body is larger than ${bytesMax} bytes`, { connection: 'close' });
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw badRequest('not_json');
}

type Issue = z.core.$ZodIssue;

/** Missing fields are told in RabbitMQ's words; anything else in plain ones. */
function reasonOf(issues: readonly Issue[], value: unknown): string {
  const missing = issues.filter(issue => isMissing(issue, value));
  if (missing.length > 0 && missing.length === issues.length) {
    return `[${missing.map(({ path }) => `{key_missing,${path.join('.')}}`).join(',')}]`;
  }
  return issues.slice(0, 5).map(say).join('; ');
}

function isMissing(issue: Issue, value: unknown): boolean {
  const [key] = issue.path;
  return issue.path.length === 1 && !Object.hasOwn(value as object, key as string);
}

function say(issue: Issue): string {
  if (issue.code === 'unrecognized_keys') {
    const place = issue.path.length === 0 ? '' : ` in ${issue.path.join('.')}`;
    return `unknown field${issue.keys.length > 1 ? 's' : ''}${place}: ${issue.keys.slice(0, 5).join(', ').slice(0, 200)}`;
  }
  return `${issue.path.length === 0 ? 'the body' : issue.path.join('.').slice(0, 200)}: ${issue.message}`;
}
