// What all connections share: the broker, its users, limits and what is told to clients.
import type { Table } from '../amqp/table.ts';
import type { Authority } from '../auth/authority.ts';
import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import type { Random } from '../broker/random.ts';
import type { Alarms } from './alarms.ts';
import type { Connection } from './connection.ts';
import type { BufferPool } from './output.ts';

/** Where sessions write their log. Fields never hold secrets. */
export interface SessionLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warning(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface SessionLimits {
  /** Largest frame offered, bytes; 4,096 to 131,072. */
  readonly frameMax: number;
  /** Most channels of a connection, 1 to 65,535. */
  readonly channelMax: number;
  /** Heartbeat offered, seconds; 0 turns it off. */
  readonly heartbeat: number;
  /** From accept to connection.open, ms. */
  readonly handshakeTimeoutMs: number;
  /** A connection that takes nothing of its output for so long is closed, ms. */
  readonly outputTimeoutMs: number;
  /** Largest body accepted, bytes. */
  readonly messageBytesMax: number;
  /** How long a delivery may stay unsettled, ms; Infinity, the default, sets no limit: a task may take days. */
  readonly consumerTimeoutMs: number;
  /** Most connections; one more is refused. */
  readonly connectionsMax: number;
  /** Most channels of all connections, Infinity for no limit. */
  readonly channelsMax: number;
  /** Most consumers of a channel, Infinity for no limit. */
  readonly consumersMax: number;
}

export interface SessionContext {
  readonly broker: Broker;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly random: Random;
  readonly pool: BufferPool;
  readonly limits: SessionLimits;
  /** What this broker is called in texts for clients. */
  readonly nodeName: string;
  readonly serverProperties: Table;
  readonly log: SessionLog;
  readonly connections: Set<Connection>;
  readonly alarms: Alarms;
}

/** Output above this stops deliveries to a connection and the reading from it, bytes. */
export const outputBytesMax: number = 1 << 20;
/** Bytes that a waiting channel may hold before its connection is not read any more. */
export const heldBytesMax: number = 1 << 20;
/** The same for a channel that waits for an alarm to end, and whose settlements are looked for, bytes. */
export const heldAheadBytesMax: number = 8 << 20;
/**
 * What a transaction may hold until its commit, bytes: each publish counts its body and `publishedBytes`, each settlement
 * `settlementBytes`.
 */
export const transactionBytesMax: number = 128 << 20;
export const publishedBytes = 512;
export const settlementBytes = 128;
/** Direct replies that wait for a client that reads too slowly, bytes; more are dropped. */
export const repliesBytesMax: number = 8 << 20;
/** Bodies announced above this are refused at once, bytes (RabbitMQ 4.x). */
export const bodyBytesMax: number = 512 * 1024 * 1024;
