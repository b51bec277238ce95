// A route of the API: everything that the server, the OpenAPI document, the client and the tests know of one.
import type { z } from 'zod';
import type { User } from '../auth/authority.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { EventStreams } from './event-streams.ts';
import type { LiveStreams } from './live.ts';
import type { Login } from './login.ts';
import type { Management } from './management.ts';
import type { Rates } from './views/rates.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/**
 * Who may use a route: `open` needs no login; `management` any of the tags that let people in; the others need those tags.
 * An administrator may do what the others may, `monitoring` and `policymaker` what `management` may.
 */
export type Need = 'open' | 'management' | 'policymaker' | 'monitoring' | 'administrator';

/** What a route answers with. `list` has paging, sorting and columns, `array` has not; `nothing` is 201 or 204 without a body. */
export type AnswerKind = 'object' | 'array' | 'list' | 'nothing' | 'response';

/** The names after the colons of a path. */
export type ParamsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? { readonly [K in Name]: string } & ParamsOf<Rest>
  : Path extends `${string}:${infer Name}`
    ? { readonly [K in Name]: string }
    : Readonly<Record<never, string>>;

/** A request that was let in and checked. */
export interface Ask<Params, Query, Body> {
  readonly management: Management;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Who asks. Nobody, with no tags, on an open route. */
  readonly viewer: User;
  /** The vhost that the path names. @throws HttpError 404 where there is none */
  readonly vhost: Vhost;
  /** Rates, and histories where the request asks for them. */
  readonly rates: Rates;
  /** The request as it came. */
  readonly request: Request;
  /** The address that it came from. */
  readonly address: string;
  readonly login: Login;
  /** The live streams that are open. */
  readonly live: LiveStreams;
  /** Likewise, of events. */
  readonly eventStreams: EventStreams;
  /** Answers a GET below `/api` as this request would be answered, with its login. */
  readonly get: (path: string) => Promise<Response>;
}

/** A list before paging: the view of an item is made only for those shown. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** Whether an item is one of those asked for; all are where it is left out. */
  readonly picks?: ((item: T) => boolean) | undefined;
  /** What `name=` looks into. */
  readonly nameOf: (item: T) => string;
  readonly view: (item: T) => object;
  /** What the view has under a path, where that can be told without making one; undefined otherwise. */
  readonly keyOf?: (item: T, path: string) => string | number | undefined;
}

/** How a change ended: 201 for what is new, 204 otherwise. */
export interface Done {
  readonly status: 201 | 204;
  readonly location?: string;
}

/** One method of one path. */
export interface Route {
  readonly method: Method;
  /** Below `/api`, with `:name` for parameters. `:vhost` is resolved, and must be one that the user may see, unless `anyVhost`. */
  readonly path: string;
  readonly need: Need;
  /** The vhost in the path need not be one that the user has permissions in, or be there at all. */
  readonly anyVhost: boolean;
  /** Parameters after the question mark, besides those that every list takes. */
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  /** Largest body, bytes. */
  readonly bodyBytesMax: number;
  readonly answer: AnswerKind;
  /** What it does, in words. */
  readonly summary: string;
  // biome-ignore lint/suspicious/noExplicitAny: each route has its own types; `route` has checked them.
  readonly run: (ask: Ask<any, any, any>) => unknown;
}

/** Bodies larger than this are refused where a route does not say otherwise, bytes. */
const bodyBytesMaxDefault = 1 << 20;

interface Declaration<Path extends string, Query, Body, Kind extends AnswerKind> {
  readonly need?: Need;
  readonly anyVhost?: boolean;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  readonly bodyBytesMax?: number;
  readonly answer: Kind;
  readonly summary: string;
  readonly run: (ask: Ask<ParamsOf<Path>, Query, Body>) => Answers[Kind] | Promise<Answers[Kind]>;
}

interface Answers {
  readonly object: object;
  readonly array: readonly object[];
  // biome-ignore lint/suspicious/noExplicitAny: the server asks each item's own listing for its view.
  readonly list: Listing<any>;
  readonly nothing: Done;
  readonly response: Response;
}

/** Declares a route. */
export function route<Path extends string, Kind extends AnswerKind, Query = unknown, Body = unknown>(
  method: Method,
  path: Path,
  declaration: Declaration<Path, Query, Body, Kind>,
): Route {
  return {
    method,
    path,
    need: 'management',
    anyVhost: false,
    query: undefined,
    body: undefined,
    bodyBytesMax: bodyBytesMaxDefault,
    ...declaration,
  };
}

const created: Done = { status: 201 };
export const changed: Done = { status: 204 };

/** The answer to a PUT. */
export function put(isNew: boolean): Done {
  return isNew ? created : changed;
}

/** A list whose items are shown as they are. */
export function plainList<T extends object>(items: readonly T[], nameOf: (item: T) => string = () => ''): Listing<T> {
  return { items, nameOf, view: item => item };
}

/** A list of what there is none of. */
export const emptyList: Listing<object> = plainList<object>([]);
