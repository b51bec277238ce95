// What the management API stands on: the running broker as it is wired in `node/`.
import type { Authority } from '../auth/authority.ts';
import type { HashAlgorithm } from '../auth/password.ts';
import type { Broker } from '../broker/broker.ts';
import type { Unsettled } from '../broker/unsettled.ts';
import type { Connection } from '../session/connection.ts';
import type { SessionContext } from '../session/context.ts';
import type { Sampler } from './sampling.ts';

/** An address listened on. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the API writes its log. */
export interface ManagementLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warning(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** How the journal does. */
export interface JournalFigures {
  /** Its writes since the start: how many, how long they were, how long they took; `upTo` as Prometheus' buckets, in seconds. */
  readonly writes: {
    readonly count: number;
    readonly bytes: number;
    readonly sumS: number;
    upTo(): (readonly [bound: number, count: number])[];
  };
  /** What waits for the disk. */
  readonly pendingBytes: number;
  /** Whether writes fail at the moment. */
  readonly failing: boolean;
}

/** The broker as the API sees it. */
export interface Management {
  readonly broker: Broker;
  readonly authority: Authority;
  readonly connections: ReadonlySet<Connection>;
  /** What sessions share: limits, clock, alarms. Publishes and gets go the way of theirs. */
  readonly session: SessionContext;
  /** What operators have taken and not settled. */
  readonly held: Unsettled;
  readonly sampler: Sampler;
  readonly log: ManagementLog;
  /** The name of this node, as RabbitMQ would call it. */
  readonly node: string;
  readonly clusterName: string;
  readonly product: string;
  readonly productVersion: string;
  /** Leveret's own version. */
  readonly version: string;
  readonly listeners: readonly ListenerAddress[];
  /** Where the API itself listens; set when it does. */
  readonly http: ListenerAddress;
  readonly dataDir: string | undefined;
  /** How passwords that come in are hashed. */
  readonly passwordAlgorithm: HashAlgorithm;
  readonly memoryBudgetBytes: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Folder of the built page; undefined where there is none. */
  readonly pageFolder: string | undefined;
  /** undefined without a disk. */
  readonly journal: JournalFigures | undefined;
  /** Bytes that the process may have, and that should be free on the disk, before publishers are stopped. */
  readonly watermarks: { readonly memoryBytes: number; readonly diskBytes: number };
  /** Why the stores cannot be written, when they cannot. */
  readonly trouble: () => string | undefined;
}
