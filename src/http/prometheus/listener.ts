// The listener for Prometheus: the pages of metrics and nothing else, for everybody who gets to it.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Management } from '../management.ts';
import { MetricsPages } from './pages.ts';
import { contentType } from './text.ts';

/** Answers requests with pages of metrics. */
export function metricsListener(
  management: Management,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const pages = new MetricsPages(management);
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://metrics');
    const page = pathname.startsWith('/metrics')
      ? pages.page(pathname.slice('/metrics'.length), searchParams)
      : undefined;
    if (page === undefined)
      return refuse(
        response,
        404,
        'there is /metrics, /metrics/per-object, /metrics/detailed and /metrics/memory-breakdown',
      );
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'only GET and HEAD');
    if (page === 'busy') return refuse(response, 503, 'too many requests for metrics at a time');
    response.writeHead(200, { 'content-type': contentType });
    if (request.method === 'GET') {
      for await (const piece of page) {
        if (response.destroyed) return;
        if (!response.write(piece)) await drained(response);
      }
    }
    response.end();
  };
}

/** Resolves when more can be written, or never will be. */
function drained(response: ServerResponse): Promise<unknown> {
  const gone = new AbortController();
  const { signal } = gone;
  const either = [once(response, 'drain', { signal }), once(response, 'close', { signal })];
  return Promise.race(either).finally(() => {
    for (const waiting of either) waiting.catch(() => {});
    gone.abort();
  });
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
