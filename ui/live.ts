// What is on the screen, kept fresh: one stream of server-sent events carries all that the page shows.
import { batch, type Signal, signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { ApiError, loggedOut, read } from './api.ts';

/** What is known of a path. */
export interface Live<T> {
  /** The last good answer, also while a newer one cannot be had. */
  readonly data?: T;
  /** Why there is no newer one. */
  readonly error?: ApiError;
  /** The path that `data` answers; another one than asked while that is on its way. */
  readonly path?: string;
}

interface Feed {
  readonly state: Signal<Live<unknown>>;
  users: number;
}

/** Gets in one stream; the broker takes no more. */
const GETS_MAX = 8;
const RETRY_MS: readonly number[] = [1000, 2000, 5000];

/** Whether the numbers move: paused by the user, lost with the time of the last good data, or live. */
export const streamState = signal<'live' | 'paused' | 'lost'>('live');
/** When data came last, ms. */
export const lastDataAt = signal(Date.now());

const feeds = new Map<string, Feed>();
let sources: EventSource[] = [];
let opening: ReturnType<typeof setTimeout> | undefined;
let failures = 0;

/** The live answer to a GET below /api; undefined asks nothing. The data of the path before stay until the new ones are there. */
export function useLive<T>(path: string | undefined): Live<T> {
  const feed = useMemo(() => (path === undefined ? undefined : feedOf(path)), [path]);
  useEffect(() => {
    if (path === undefined || !feed) return undefined;
    use(path, feed);
    return () => leave(path, feed);
  }, [path, feed]);
  const before = useRef<Live<T>>({});
  const now = (feed?.state.value ?? {}) as Live<T>;
  if (now.data !== undefined) before.current = now;
  if (now.data !== undefined || now.error) return now;
  return path === undefined ? {} : before.current;
}

/** Gets everything anew, at once: after something was changed. */
export function refresh(): void {
  schedule(0);
}

/** Stops the numbers, or lets them go on. */
export function togglePause(): void {
  streamState.value = streamState.value === 'paused' ? 'live' : 'paused';
  schedule(0);
}

document.addEventListener('visibilitychange', () => schedule(0));
loggedOut.subscribe(() => schedule(0));

function feedOf(path: string): Feed {
  const known = feeds.get(path);
  if (known) return known;
  const feed: Feed = { state: signal({}), users: 0 };
  feeds.set(path, feed);
  return feed;
}

function use(path: string, feed: Feed): void {
  // It was dropped when a component left it before this one came.
  feeds.set(path, feed);
  feed.users++;
  if (feed.users === 1) schedule(10);
}

function leave(path: string, feed: Feed): void {
  feed.users--;
  if (feed.users > 0) return;
  feeds.delete(path);
  schedule(10);
}

/** Opens the streams anew, a little later, so that a change of page is one change. */
function schedule(ms: number): void {
  clearTimeout(opening);
  opening = setTimeout(open, ms);
}

function open(): void {
  for (const source of sources) source.close();
  sources = [];
  const paths = [...feeds].filter(([, feed]) => feed.users > 0).map(([path]) => path);
  if (paths.length === 0 || document.hidden || loggedOut.peek()) return;
  // A page that is opened while paused shows what is there now, once.
  if (streamState.peek() === 'paused') {
    for (const path of paths) if (feeds.get(path)?.state.peek().data === undefined) void once(path);
    return;
  }
  for (let from = 0; from < paths.length; from += GETS_MAX) sources.push(stream(paths.slice(from, from + GETS_MAX)));
}

function stream(paths: readonly string[]): EventSource {
  const source = new EventSource(`./api/live?${paths.map(path => `get=${encodeURIComponent(path)}`).join('&')}`);
  for (const [index, path] of paths.entries()) {
    source.addEventListener(String(index), event => {
      arrived();
      put(path, { data: JSON.parse((event as MessageEvent<string>).data), path });
    });
  }
  source.addEventListener('error', event => {
    if (event instanceof MessageEvent) refused(paths, event.data as string);
    else lost();
  });
  return source;
}

function arrived(): void {
  failures = 0;
  batch(() => {
    lastDataAt.value = Date.now();
    if (streamState.value === 'lost') streamState.value = 'live';
  });
}

/** The broker answers, but not with data: what was shown is gone or may not be seen. */
function refused(paths: readonly string[], text: string): void {
  arrived();
  const { get, status, reason } = JSON.parse(text) as { get: number | null; status: number; reason: string };
  const those = get === null ? paths : paths.slice(get, get + 1);
  for (const path of those) put(path, { error: new ApiError(status, reason, `GET /api${path}`), path });
  if (status === 401) void read('/whoami').catch(() => {});
}

function put(path: string, state: Live<unknown>): void {
  const feed = feeds.get(path);
  if (feed) feed.state.value = state;
}

/** The connection broke, or the broker refuses it. A GET tells which: a session that is over leads to the login. */
function lost(): void {
  for (const source of sources) source.close();
  sources = [];
  if (streamState.peek() === 'paused') return;
  streamState.value = 'lost';
  schedule(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] as number);
  failures++;
  void read('/whoami').catch(() => {});
}

async function once(path: string): Promise<void> {
  try {
    put(path, { data: await read(path), path });
  } catch (error) {
    if (error instanceof ApiError) put(path, { ...feeds.get(path)?.state.peek(), error });
  }
}
