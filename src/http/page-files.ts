// The built web page: exactly the files of its folder, read when asked for.
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Nothing from elsewhere, nothing inline, in no frame. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export class Page {
  readonly #folder: string | undefined;
  /** By path. Only what is listed here is ever read, so that no path can lead out of the folder. */
  #files: ReadonlyMap<string, string> | undefined;

  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** The file of that path, if there is one. */
  answer(path: string): Promise<Response> | undefined {
    this.#files ??= filesOf(this.#folder);
    const file = this.#files.get(path === '/' ? '/index.html' : path);
    return file === undefined ? undefined : read(file, path);
  }
}

async function read(file: string, path: string): Promise<Response> {
  const headers: Record<string, string> = {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': policy,
  };
  // Their names carry a hash of what is in them.
  if (path.startsWith('/assets/')) headers['cache-control'] = 'public, max-age=31536000, immutable';
  return new Response(new Uint8Array(await readFile(file)), { headers });
}

function filesOf(folder: string | undefined): Map<string, string> {
  const files = new Map<string, string>();
  if (folder === undefined || !existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(file.slice(folder.length).split(sep).join('/'), file);
  }
  return files;
}
