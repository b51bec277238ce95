// The disk over node:fs.

import fs from 'node:fs';
import path from 'node:path';
import type { Disk, DiskFile } from './disk.ts';

// macOS ignores the drive's cache for O_DSYNC and Windows has no such flag: there a sync follows each write.
const durableFlag = process.platform === 'linux' || process.platform === 'freebsd' ? fs.constants.O_DSYNC : 0;

class NodeFile implements DiskFile {
  readonly #fd: number;
  readonly #syncEach: boolean;

  constructor(fd: number, syncEach: boolean) {
    this.#fd = fd;
    this.#syncEach = syncEach;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const more = (done: number): void => {
        fs.read(this.#fd, into, done, into.length - done, position + done, (error, bytes) => {
          if (error !== null) reject(error);
          else if (bytes === 0 || done + bytes === into.length) resolve(done + bytes);
          else more(done + bytes);
        });
      };
      more(0);
    });
  }

  write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const written = new Promise<void>((resolve, reject) => writeAll(this.#fd, parts, position, resolve, reject));
    return this.#syncEach ? written.then(() => this.sync()) : written;
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#fd, error => (error === null ? resolve() : reject(error)));
    });
  }

  truncate(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.ftruncate(this.#fd, bytes, error => (error === null ? resolve() : reject(error)));
    });
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#fd, (error, stats) => (error === null ? resolve(stats.size) : reject(error)));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.close(this.#fd, error => (error == null ? resolve() : reject(error)));
    });
  }
}

/** One system call unless the system writes less than it was given, as it does shortly before a disk is full. */
function writeAll(
  fd: number,
  parts: readonly Uint8Array[],
  position: number,
  resolve: () => void,
  reject: (error: Error) => void,
): void {
  let length = 0;
  for (const part of parts) length += part.length;
  const done = (error: Error | null, written: number): void => {
    if (error !== null) reject(error);
    else if (written === length) resolve();
    else if (written === 0) reject(Object.assign(new Error('The system wrote nothing'), { code: 'EIO' }));
    else writeAll(fd, after(parts, written), position + written, resolve, reject);
  };
  if (parts.length === 1) fs.write(fd, parts[0]!, 0, length, position, done);
  else fs.writev(fd, parts as Uint8Array[], position, done);
}

function after(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const part of parts) {
    if (skip < part.length) rest.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return rest;
}

export class NodeDisk implements Disk {
  open(
    file: string,
    how: { readonly create?: boolean; readonly durable?: boolean; readonly readOnly?: boolean },
  ): Promise<DiskFile> {
    const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
    let flags = how.readOnly === true ? O_RDONLY : O_RDWR;
    if (how.create === true) flags |= O_CREAT | O_EXCL;
    if (how.durable === true) flags |= durableFlag;
    return new Promise((resolve, reject) => {
      fs.open(file, flags, 0o600, (error, fd) => {
        if (error === null) resolve(new NodeFile(fd, how.durable === true && durableFlag === 0));
        else reject(error);
      });
    });
  }

  list(folder: string): Promise<string[]> {
    return fs.promises.readdir(folder);
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(from, to);
  }

  unlink(file: string): Promise<void> {
    return fs.promises.unlink(file);
  }

  async makeFolder(folder: string): Promise<void> {
    const first = await fs.promises.mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    const above = path.dirname(path.resolve(first));
    for (let made = path.dirname(path.resolve(folder)); made.length >= above.length; made = path.dirname(made)) {
      await this.syncFolder(made);
      if (made === path.dirname(made)) return;
    }
  }

  async syncFolder(folder: string): Promise<void> {
    // Windows cannot open a folder; its file system journals names by itself.
    if (process.platform === 'win32') return;
    const handle = await fs.promises.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async free(anyPath: string): Promise<number> {
    const stats = await fs.promises.statfs(anyPath);
    return stats.bavail * stats.bsize;
  }
}
