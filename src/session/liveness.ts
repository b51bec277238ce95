// Whether the other end of a connection is still there: heartbeats both ways, output that nobody takes, and deadlines.

import { heartbeatFrame } from '../amqp/frame.ts';
import type { Connection } from './connection.ts';

export class Liveness {
  readonly #connection: Connection;
  #lastReceivedAt: number;
  #lastSentAt: number;
  #lastSentBytes = 0;
  /** How much the client had taken when that was last seen to rise, and when that was. */
  #taken = 0;
  #takenAt: number;
  /** When the connection is to be cut, and why, where the log is to say so. */
  #deadline: number | undefined;
  #reason: string | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    const { now } = connection.context.clock;
    this.#lastReceivedAt = now;
    this.#lastSentAt = now;
    this.#takenAt = now;
  }

  /** The client has said something, or its silence counts from now. */
  heard(): void {
    this.#lastReceivedAt = this.#connection.context.clock.now;
  }

  /** The connection is to be cut so much later, ms, in place of any earlier deadline. */
  expireIn(ms: number, reason?: string): void {
    this.#deadline = this.#connection.context.clock.now + ms;
    this.#reason = reason;
  }

  expireNever(): void {
    this.#deadline = undefined;
  }

  /** Whether the connection is to be cut now: its deadline has passed, or its output stands still. The log gets the reason. */
  isOver(): boolean {
    const { context, stats } = this.#connection;
    const { now } = context.clock;
    if (this.#deadline !== undefined && now >= this.#deadline) {
      if (this.#reason !== undefined)
        context.log.warning(`closing AMQP connection ${this.#connection.name}: ${this.#reason}`);
      return true;
    }
    if (stats.sentBytes !== this.#lastSentBytes) {
      this.#lastSentBytes = stats.sentBytes;
      this.#lastSentAt = now;
    }
    if (!this.#isStalled(now)) return false;
    context.log.warning(
      `closing AMQP connection ${this.#connection.description}: the client has not read what was sent to it for ${(now - this.#takenAt) / 1000} s`,
    );
    return true;
  }

  /** Sends a heartbeat where one is due. False when the client's own are missing: it is to be cut, and the log says so. */
  beat(): boolean {
    const { context, heartbeat, output, reading, stats } = this.#connection;
    const { now } = context.clock;
    const intervalMs = heartbeat * 1000;
    // Two to three intervals without a byte, as two checks of one interval each would have found.
    if (!reading.paused && now - this.#lastReceivedAt >= intervalMs * 2.5) {
      context.log.error(
        `closing AMQP connection ${this.#connection.description}: missed heartbeats from client, timeout: ${heartbeat}s`,
      );
      return false;
    }
    if (now - this.#lastSentAt >= intervalMs / 2) {
      this.#lastSentAt = now;
      output.append(heartbeatFrame);
      output.flush();
      this.#lastSentBytes = stats.sentBytes;
    }
    return true;
  }

  /** Whether output has waited too long for the client to read. Our own heartbeats add to it, so only what was taken counts. */
  #isStalled(now: number): boolean {
    const { context, output, stats } = this.#connection;
    const { inFlight } = output;
    const taken = stats.sentBytes - inFlight;
    if (inFlight === 0 || taken !== this.#taken) {
      this.#taken = taken;
      this.#takenAt = now;
    }
    return now - this.#takenAt >= context.limits.outputTimeoutMs;
  }
}
