// The files that are open for reading: a few stay open, the least recently used one goes.

import type { Disk, DiskFile } from './disk.ts';

const openMax = 32;

interface Entry {
  readonly opened: Promise<DiskFile>;
  users: number;
  free: () => void;
}

export class OpenFiles {
  readonly #disk: Disk;
  readonly #entries: Map<string, Entry> = new Map();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Runs `use` with the file open; it stays open meanwhile. */
  async with<T>(path: string, use: (file: DiskFile) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(path) ?? this.#open(path);
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.users += 1;
    try {
      return await use(await entry.opened);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) entry.free();
      this.#evict();
    }
  }

  /** Resolves when nobody reads the file any more and it is closed. */
  async forget(path: string): Promise<void> {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    if (entry.users > 0) {
      await new Promise<void>(resolve => {
        entry.free = resolve;
      });
    }
    const file = await entry.opened.catch(() => undefined);
    await file?.close();
  }

  async close(): Promise<void> {
    for (const path of [...this.#entries.keys()]) await this.forget(path);
  }

  #open(path: string): Entry {
    const opened = this.#disk.open(path, { readOnly: true });
    // A file that could not be opened is tried again the next time.
    opened.catch(() => this.#entries.delete(path));
    return { opened, users: 0, free: () => {} };
  }

  #evict(): void {
    for (const [path, entry] of this.#entries) {
      if (this.#entries.size <= openMax) return;
      if (entry.users === 0) void this.forget(path).catch(() => {});
    }
  }
}
