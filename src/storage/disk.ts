// The few file operations that the segment files need, so that a simulated disk can lie under the real adapter.

/** An open file. Every operation rejects with the system's error (`code` ENOSPC, EIO, ...). */
export interface DiskFile {
  /** Bytes read; fewer than asked only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all parts one after the other from `position` on. Durable when resolved if the file was opened with `durable`. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** What was written is durable when it resolves. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface Disk {
  /** `create` fails with EEXIST when it is there. `durable`: each write is synced before it resolves (O_DSYNC). */
  open(
    path: string,
    how: { readonly create?: boolean; readonly durable?: boolean; readonly readOnly?: boolean },
  ): Promise<DiskFile>;
  list(folder: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes the folder and those above it that are missing; durable when it resolves. No error when it is there. */
  makeFolder(path: string): Promise<void>;
  /** Names in the folder (created, renamed, unlinked) are durable when it resolves. */
  syncFolder(path: string): Promise<void>;
  /** Bytes that are free for us on the file system of that path. */
  free(path: string): Promise<number>;
}
