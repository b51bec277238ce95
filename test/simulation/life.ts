// One life of a broker over a simulated disk: everything that happens in it is a step that the scheduler chooses.

import { Table } from '../../src/amqp/table.ts';
import { Authority } from '../../src/auth/authority.ts';
import { hashPassword } from '../../src/auth/password.ts';
import type { Broker } from '../../src/broker/broker.ts';
import type { Entry } from '../../src/broker/entry.ts';
import type { Fact } from '../../src/broker/facts.ts';
import { Memory } from '../../src/broker/memory.ts';
import type { Unsettled } from '../../src/broker/unsettled.ts';
import { type JournaledStores, openJournaledStores } from '../../src/node/journaled-stores.ts';
import { Alarms } from '../../src/session/alarms.ts';
import type { Connection } from '../../src/session/connection.ts';
import type { SessionContext } from '../../src/session/context.ts';
import { BufferPool } from '../../src/session/output.ts';
import { SegmentFiles } from '../../src/storage/segment-files.ts';
import type { Chance } from './chance.ts';
import { type Fault, faultyDisk, faultyLog, faultyRecovery } from './faults.ts';
import { Link, type Receiver } from './network.ts';
import type { Observer } from './observer.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { WitnessJournal } from './witness-journal.ts';

export const folder = '/data/segments';
const scratchFolder = '/data/scratch';
const tickMs = 500;
const guestHash = await hashPassword('guest', 'rabbit_password_hashing_sha256');
const pool = new BufferPool();

export interface LifeOptions {
  readonly chance: Chance;
  readonly disk: SimulatedDisk;
  readonly observer: Observer;
  readonly clock: { now: number };
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly fault: Fault | undefined;
  readonly trace: (line: string) => void;
  /** Operations of the disk that wait to be done. */
  readonly operations: (() => void)[];
  /** Shown what was recovered, before anything happens to it. */
  readonly replayed: (life: Life, broker: Broker, others: Iterable<Fact>, isNew: boolean) => void;
}

export class Life {
  readonly options: LifeOptions;
  readonly connections: Set<Connection> = new Set();
  links: Link[] = [];
  stores: JournaledStores | undefined;
  context: SessionContext | undefined;
  /** Whether its stop ended without writing all. */
  gaveUp = false;
  /** Set when it is being stopped: what is looked at then may not be read any more. */
  stopping = false;
  /** Whether recovery has found a clean stop. */
  foundClean = false;
  /** What the broker has told people of damage. */
  readonly damage: string[] = [];
  /** What went wrong where nobody waits for it. */
  error: unknown;
  #laters: (() => void)[] = [];
  #timers: { at: number; run: () => void }[] = [];

  constructor(options: LifeOptions) {
    this.options = options;
  }

  /** Opens the data folder; resolves as the scheduler lets the disk answer. */
  async open(): Promise<void> {
    const { observer, clock, fault, memoryBytes } = this.options;
    const { chance } = this.options;
    const random = {
      name: (bytes: number): string => `random-${chance.below(2 ** 32)}-${bytes}`,
      below: (limit: number): number => chance.below(limit),
    };
    const memory = new Memory(memoryBytes);
    const authority = new Authority({ now: () => clock.now });
    const later = (run: () => void): void => void this.#laters.push(run);
    const stores = await openJournaledStores({
      log: faultyLog(this.#segmentFiles(folder, 'commit'), fault),
      openScratch: () => this.#openScratch(),
      removeScratch: () => this.#removeScratch(),
      clock,
      random,
      memory,
      authority,
      later,
      atEnd: later,
      afterMs: (ms, run) => void this.#timers.push({ at: clock.now + ms, run }),
      report: (level, message) => this.#report(level, message),
      unsettled: () => this.#unsettled(),
      newJournal: (...parts) => new WitnessJournal(observer.history, observer.messages, fault, ...parts),
      replayed: (broker, { isNew }) => this.options.replayed(this, broker, authority.facts(), isNew),
      recover: async (log, damaged) => {
        const recovered = await faultyRecovery(fault)(log, damaged);
        this.foundClean = recovered.clean;
        return recovered;
      },
    });
    this.stores = stores;
    const { broker, journal, scratch } = stores;
    (journal as WitnessJournal).broker = broker;
    const log = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };
    const trouble = (): string | undefined => (journal.failing || scratch.failing ? 'it fails' : undefined);
    this.context = {
      broker,
      authority,
      clock,
      random,
      pool,
      limits: {
        frameMax: 131_072,
        channelMax: 64,
        heartbeat: 0,
        handshakeTimeoutMs: 600_000,
        messageBytesMax: 1 << 27,
        connectionsMax: 1000,
        consumerTimeoutMs: Number.POSITIVE_INFINITY,
        channelsMax: Number.POSITIVE_INFINITY,
        consumersMax: Number.POSITIVE_INFINITY,
        outputTimeoutMs: 60_000,
      },
      nodeName: 'leveret@test',
      serverProperties: Table.empty,
      log,
      connections: this.connections,
      alarms: new Alarms({
        connections: this.connections,
        log,
        nodeName: 'leveret@test',
        events: broker.events,
        trouble,
      }),
    };
    const tick = (): void => {
      memory.retry();
      for (const connection of [...this.connections]) connection.tick();
      this.#timers.push({ at: clock.now + tickMs, run: tick });
    };
    tick();
  }

  /** What a start adds to an empty data folder. */
  furnish(): void {
    const { broker, journal } = this.stores as JournaledStores;
    broker.createVhost('/');
    const facts = [
      {
        type: 'user.put',
        name: 'guest',
        passwordHash: guestHash,
        algorithm: 'rabbit_password_hashing_sha256',
        tags: [],
      },
      { type: 'permission.put', user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' },
    ] as const;
    for (const fact of facts) {
      this.context?.authority.apply(fact);
      journal.record(fact);
    }
  }

  connect(receiver: Receiver): Link {
    const context = this.context as SessionContext;
    const link = new Link(context, run => void this.#laters.push(run), receiver, 40_000 + this.links.length);
    this.links.push(link);
    return link;
  }

  /** Does one of the things that wait to be done. False when there is none but timers. */
  step(): boolean {
    const { chance, operations, clock } = this.options;
    if (operations.length > 0 && chance.of(0.6)) {
      (operations.splice(chance.below(operations.length), 1)[0] as () => void)();
      return true;
    }
    const busy = this.links.filter(link => link.busy);
    if (busy.length > 0) {
      const link = chance.pick(busy);
      if (!link.move(chance)) this.links = this.links.filter(one => one !== link);
      return true;
    }
    if (operations.length > 0) {
      (operations.splice(chance.below(operations.length), 1)[0] as () => void)();
      return true;
    }
    clock.now += chance.below(3);
    return this.#laters.length > 0;
  }

  /** The end of a turn of the event loop. */
  endTurn(): void {
    const { clock } = this.options;
    const laters = this.#laters;
    this.#laters = [];
    for (const run of laters) run();
    this.stores?.broker.services.deadlines.run(clock.now);
    for (const timer of this.#timers.filter(({ at }) => at <= clock.now)) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.run();
    }
  }

  /** Lets the time pass up to the next timer. */
  wait(): void {
    const { clock } = this.options;
    clock.now = Math.max(
      clock.now,
      Math.min(
        ...this.#timers.map(({ at }) => at),
        this.stores?.broker.services.deadlines.next ?? Number.POSITIVE_INFINITY,
        clock.now + tickMs,
      ),
    );
  }

  /** Ends every connection, as a stop does; what they had goes back. */
  dropConnections(): void {
    this.stopping = true;
    for (const connection of [...this.connections]) connection.resetNow();
    this.links = [];
  }

  *#unsettled(): Generator<Unsettled> {
    for (const { channels } of this.connections) for (const { unsettled } of channels.values()) yield unsettled;
  }

  *unsettled(): Generator<Entry> {
    for (const unsettled of this.#unsettled()) yield* unsettled;
  }

  #segmentFiles(path: string, sync: 'commit' | 'os'): SegmentFiles {
    const { disk, fault, fileBytes } = this.options;
    return new SegmentFiles({
      disk: path === folder ? faultyDisk(disk, fault) : disk,
      folder: path,
      fileBytes,
      sync,
      lock: async () => ({ release: async () => {} }),
      report: error => this.#report('error', `the data folder needs attention: ${error.message}`),
    });
  }

  async #removeScratch(): Promise<void> {
    const { disk } = this.options;
    for (const name of await disk.list(scratchFolder)) await disk.unlink(`${scratchFolder}/${name}`);
  }

  async #openScratch(): Promise<SegmentFiles> {
    await this.#removeScratch();
    const files = this.#segmentFiles(scratchFolder, 'os');
    await files.claim();
    return files;
  }

  #report(level: string, message: string): void {
    this.options.trace(`broker says (${level}): ${message}`);
    if (message.includes('could not be written before the end')) this.gaveUp = true;
    if (/damaged|cannot be read|could not be read/.test(message)) this.damage.push(message);
  }
}
