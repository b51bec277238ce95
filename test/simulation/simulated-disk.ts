// A disk in memory that forgets as real ones do: what was not synced may be kept, lost, torn or reordered by a power cut.

import type { Disk, DiskFile } from '../../src/storage/disk.ts';

/** Disks write whole sectors: one is old or new, never half of each. */
const sectorBytes = 512;

/** What the disk is asked to do, for the choice of a fault. */
export interface DiskOperation {
  readonly kind: 'open' | 'read' | 'write' | 'sync' | 'rename' | 'unlink' | 'syncFolder';
  readonly path: string;
  /** Of a read or write. */
  readonly position?: number;
  readonly length?: number;
}

export interface SimulatedDiskOptions {
  /** 0 to 1, exclusive; the only source of chance. */
  readonly random: () => number;
  /** Runs the rest of an operation later: whoever gives it decides in which order operations end. */
  readonly schedule: (run: () => void) => void;
  /** Bytes that fit; no limit by default. */
  readonly capacity?: number;
}

/** Numbers from 0 to 1, exclusive; the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${path}`), { code });
}

/** The bytes of one file: those that reads see, those that survive, and for each unsynced sector what it was written to be. */
class Content {
  seen: Buffer = Buffer.alloc(0);
  size = 0;
  kept: Buffer = Buffer.alloc(0);
  keptSize = 0;
  readonly unsynced: Map<number, Buffer[]> = new Map();

  write(bytes: Buffer, position: number): void {
    this.resize(Math.max(this.size, position + bytes.length));
    bytes.copy(this.seen, position);
    if (bytes.length === 0) return;
    for (const sector of sectorsOf(position, bytes.length)) {
      const versions = this.unsynced.get(sector);
      const now = Buffer.from(this.seen.subarray(sector * sectorBytes, (sector + 1) * sectorBytes));
      if (versions === undefined) this.unsynced.set(sector, [now]);
      else versions.push(now);
    }
  }

  resize(size: number): void {
    if (size < this.size) this.seen.fill(0, size, this.size);
    this.size = size;
    this.seen = grown(this.seen, size);
  }

  /** Makes a version of the sector the one that survives; later ones stay unsynced. */
  keep(sector: number, version: Buffer): void {
    this.kept = grown(this.kept, (sector + 1) * sectorBytes);
    version.copy(this.kept, sector * sectorBytes);
    const later = this.unsynced.get(sector);
    if (later === undefined) return;
    later.splice(0, later.indexOf(version) + 1);
    if (later.length === 0) this.unsynced.delete(sector);
  }

  /** What a power cut leaves. */
  afterPowerCut(random: () => number): Content {
    const left = new Content();
    left.kept = Buffer.from(this.kept);
    for (const [sector, versions] of this.unsynced) {
      const choice = Math.floor(random() * (versions.length + 1));
      if (choice > 0) left.keep(sector, versions[choice - 1]!);
    }
    left.keptSize = this.keptSize;
    if (this.size > this.keptSize && random() < 0.7) {
      left.keptSize += random() < 0.5 ? this.size - this.keptSize : Math.floor(random() * (this.size - this.keptSize));
    }
    left.kept = grown(left.kept, left.keptSize);
    left.kept.fill(0, left.keptSize);
    left.seen = Buffer.from(left.kept);
    left.size = left.keptSize;
    return left;
  }

  /** The same, unsynced sectors included, on its own. */
  copy(): Content {
    const other = new Content();
    other.seen = Buffer.from(this.seen);
    other.size = this.size;
    other.kept = Buffer.from(this.kept);
    other.keptSize = this.keptSize;
    for (const [sector, versions] of this.unsynced) other.unsynced.set(sector, [...versions]);
    return other;
  }
}

function* sectorsOf(position: number, length: number): Iterable<number> {
  const last = Math.floor((position + length - 1) / sectorBytes);
  for (let sector = Math.floor(position / sectorBytes); sector <= last; sector += 1) yield sector;
}

function grown(bytes: Buffer, size: number): Buffer {
  if (bytes.length >= size) return bytes;
  const larger = Buffer.alloc(
    Math.max(Math.ceil(size / sectorBytes) * sectorBytes, Math.min(bytes.length * 2, size * 2)),
  );
  bytes.copy(larger);
  return larger;
}

interface WriteInFlight {
  readonly content: Content;
  readonly bytes: Buffer;
  readonly position: number;
}

/** A change of names that no folder sync has made durable yet. */
interface NameChange {
  readonly folder: string;
  readonly content: Content;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export class SimulatedDisk implements Disk {
  readonly #options: SimulatedDiskOptions;
  #names: Map<string, Content> = new Map();
  #keptNames: Map<string, Content> = new Map();
  #changes: NameChange[] = [];
  readonly #inFlight: Set<WriteInFlight> = new Set();
  #gone = false;
  /** Bytes that fit; may be changed at any time. */
  capacity: number;
  /** The first use of a file that was closed already, which would hit another file on a real system. */
  misuse: Error | undefined;
  /** Asked before each operation; what it returns is how the operation fails. */
  fault: (operation: DiskOperation) => 'EIO' | 'ENOSPC' | undefined = () => undefined;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
    this.capacity = options.capacity ?? Number.MAX_SAFE_INTEGER;
  }

  /** The disk as a power cut leaves it. This one never answers again. */
  crash(): SimulatedDisk {
    const { random } = this.#options;
    this.#endWrites();
    const names = new Map(this.#keptNames);
    const prefix = random() < 0.5 ? Math.floor(random() * (this.#changes.length + 1)) : undefined;
    this.#changes.forEach((change, index) => {
      if (prefix === undefined ? random() < 0.5 : index < prefix) apply(change, names);
    });
    const next = this.#successor();
    const copies = copyAll([...names.values()], content => content.afterPowerCut(random));
    next.#names = new Map([...names].map(([path, content]) => [path, copies.get(content)!]));
    next.#keptNames = new Map(next.#names);
    return next;
  }

  /** The disk as a killed process leaves it: completed writes are there, synced or not. This one never answers again. */
  kill(): SimulatedDisk {
    this.#endWrites();
    const next = this.#successor();
    const copies = copyAll([...this.#names.values(), ...this.#keptNames.values()], content => content.copy());
    next.#names = new Map([...this.#names].map(([path, content]) => [path, copies.get(content)!]));
    next.#keptNames = new Map([...this.#keptNames].map(([path, content]) => [path, copies.get(content)!]));
    next.#changes = this.#changes.map(change => {
      return { ...change, content: copies.get(change.content) ?? change.content.copy() };
    });
    return next;
  }

  /** Turns bits of one stored byte around. */
  flip(path: string, offset: number, bits = 0xff): void {
    const content = this.#require(path);
    for (const bytes of [content.seen, content.kept]) {
      if (offset < bytes.length) bytes[offset] = bytes[offset]! ^ bits;
    }
    for (const version of content.unsynced.get(Math.floor(offset / sectorBytes)) ?? []) {
      version[offset % sectorBytes] = version[offset % sectorBytes]! ^ bits;
    }
  }

  /** What a file holds. */
  content(path: string): Buffer {
    const { seen, size } = this.#require(path);
    return seen.subarray(0, size);
  }

  /** All files and their sizes. */
  files(): { path: string; bytes: number }[] {
    return [...this.#names].map(([path, { size }]) => ({ path, bytes: size }));
  }

  open(
    path: string,
    how: { readonly create?: boolean; readonly durable?: boolean; readonly readOnly?: boolean },
  ): Promise<DiskFile> {
    return this.#later({ kind: 'open', path }, () => {
      if (how.create === true) {
        if (this.#names.has(path)) throw diskError('EEXIST', path);
        const content = new Content();
        this.#change({ folder: folderOf(path), content, from: undefined, to: path });
      }
      return this.#file(this.#require(path), path, how.durable === true);
    });
  }

  async list(folder: string): Promise<string[]> {
    const within = [...this.#names.keys()].filter(path => folderOf(path) === folder);
    return within.map(path => path.slice(folder.length + 1));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#later({ kind: 'rename', path: from }, () => {
      this.#change({ folder: folderOf(from), content: this.#require(from), from, to });
    });
  }

  unlink(path: string): Promise<void> {
    return this.#later({ kind: 'unlink', path }, () => {
      this.#change({ folder: folderOf(path), content: this.#require(path), from: path, to: undefined });
    });
  }

  async makeFolder(): Promise<void> {}

  syncFolder(folder: string): Promise<void> {
    const asked = new Set(this.#changes.filter(change => change.folder === folder));
    return this.#later({ kind: 'syncFolder', path: folder }, () => {
      // Another one may have covered some of them in the meantime.
      const covered = this.#changes.filter(change => asked.has(change));
      for (const change of covered) apply(change, this.#keptNames);
      this.#changes = this.#changes.filter(change => !covered.includes(change));
    });
  }

  async free(): Promise<number> {
    return this.capacity - this.#used();
  }

  #used(): number {
    let used = 0;
    for (const { size } of this.#names.values()) used += size;
    return used;
  }

  #require(path: string): Content {
    const content = this.#names.get(path);
    if (content === undefined) throw diskError('ENOENT', path);
    return content;
  }

  #change(change: NameChange): void {
    apply(change, this.#names);
    this.#changes.push(change);
  }

  #successor(): SimulatedDisk {
    this.#gone = true;
    return new SimulatedDisk({ ...this.#options, capacity: this.capacity });
  }

  /** Writes under way have reached the system to some extent. */
  #endWrites(): void {
    for (const { content, bytes, position } of this.#inFlight) {
      content.write(bytes.subarray(0, Math.floor(this.#options.random() * (bytes.length + 1))), position);
    }
    this.#inFlight.clear();
  }

  /** Ends the operation when the schedule says so, unless the disk is gone by then. */
  #later<T>(operation: DiskOperation, run: () => T, failed?: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return;
      this.#options.schedule(() => {
        if (this.#gone) return;
        try {
          const fault = this.fault(operation);
          if (fault === undefined) return resolve(run());
          failed?.();
          reject(diskError(fault, operation.path));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #file(content: Content, path: string, durable: boolean): DiskFile {
    let open = true;
    const requireOpen = (): void => {
      if (open) return;
      this.misuse ??= diskError('EBADF', path);
      throw this.misuse;
    };
    return {
      read: async (into, position) => {
        requireOpen();
        return this.#later({ kind: 'read', path, position, length: into.length }, () => {
          const bytes = Math.max(0, Math.min(into.length, content.size - position));
          into.set(content.seen.subarray(position, position + bytes));
          return bytes;
        });
      },
      write: async (parts, position) => {
        requireOpen();
        return this.#write(content, path, durable, Buffer.concat(parts), position);
      },
      sync: async () => {
        requireOpen();
        return this.#sync(content, path);
      },
      truncate: async bytes => {
        requireOpen();
        return this.#later({ kind: 'write', path, position: bytes }, () => content.resize(bytes));
      },
      size: async () => content.size,
      close: async () => {
        requireOpen();
        open = false;
      },
    };
  }

  #write(content: Content, path: string, durable: boolean, bytes: Buffer, position: number): Promise<void> {
    const flight: WriteInFlight = { content, bytes, position };
    if (!this.#gone) this.#inFlight.add(flight);
    const operation: DiskOperation = { kind: 'write', path, position, length: bytes.length };
    return this.#later(
      operation,
      () => {
        this.#inFlight.delete(flight);
        const more = Math.max(0, position + bytes.length - content.size);
        const fits = Math.max(0, this.capacity - this.#used());
        if (more > fits) {
          content.write(bytes.subarray(0, Math.max(0, bytes.length - more + fits)), position);
          throw diskError('ENOSPC', path);
        }
        content.write(bytes, position);
        if (!durable) return;
        for (const sector of sectorsOf(position, bytes.length))
          content.keep(sector, content.unsynced.get(sector)!.at(-1)!);
        content.keptSize = Math.max(content.keptSize, position + bytes.length);
      },
      () => {
        this.#inFlight.delete(flight);
        const { random } = this.#options;
        // Often all of it reached the system, and only the sync that belongs to the write failed.
        const reached = random() < 0.5 ? bytes.length : Math.floor(random() * (bytes.length + 1));
        content.write(bytes.subarray(0, reached), position);
        if (durable) this.#dropSome(content);
      },
    );
  }

  #sync(content: Content, path: string): Promise<void> {
    const covered = [...content.unsynced].map(([sector, versions]) => [sector, versions.at(-1)!] as const);
    const { size } = content;
    return this.#later(
      { kind: 'sync', path },
      () => {
        for (const [sector, version] of covered) {
          if (content.unsynced.get(sector)?.includes(version)) content.keep(sector, version);
        }
        content.keptSize = Math.max(content.keptSize, size);
      },
      () => this.#dropSome(content),
    );
  }

  /** After a failed sync the system holds the pages for clean: reads see them, the disk may never get them. */
  #dropSome(content: Content): void {
    for (const [sector, versions] of [...content.unsynced]) {
      const choice = this.#options.random();
      if (choice < 0.5) content.unsynced.delete(sector);
      else if (choice < 0.75) content.keep(sector, versions.at(-1)!);
    }
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function apply({ content, from, to }: NameChange, names: Map<string, Content>): void {
  if (from !== undefined) {
    if (names.get(from) !== content) return;
    names.delete(from);
  }
  if (to !== undefined) names.set(to, content);
}

function copyAll(contents: readonly Content[], copy: (content: Content) => Content): Map<Content, Content> {
  const copies = new Map<Content, Content>();
  for (const content of contents) if (!copies.has(content)) copies.set(content, copy(content));
  return copies;
}
