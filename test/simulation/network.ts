// The wire between a client and its connection, without sockets: bytes wait on it until the scheduler moves them on.
import { Connection } from '../../src/session/connection.ts';
import type { SessionContext } from '../../src/session/context.ts';
import type { Transport } from '../../src/session/output.ts';
import type { Chance } from './chance.ts';

/** The client's end. */
export interface Receiver {
  receive(bytes: Buffer): void;
  /** The connection is gone. */
  lost(): void;
}

interface Piece {
  readonly pieces: readonly Buffer[];
  readonly sent: () => void;
}

export class Link {
  readonly connection: Connection;
  readonly #receiver: Receiver;
  readonly #toBroker: Buffer[] = [];
  readonly #toClient: Piece[] = [];
  #paused = false;
  #ended = false;
  /** The client has hung up, and the broker does not know yet. */
  #hungUp = false;

  constructor(context: SessionContext, later: (run: () => void) => void, receiver: Receiver, port: number) {
    this.#receiver = receiver;
    const transport: Transport = {
      write: (pieces, _bytes, sent) => void this.#toClient.push({ pieces, sent }),
      flushSoon: () => later(() => this.connection.output.flush()),
      pause: () => {
        this.#paused = true;
      },
      resume: () => {
        this.#paused = false;
      },
      end: () => {
        this.#ended = true;
      },
      reset: () => {
        this.#toClient.length = 0;
        this.#ended = true;
      },
    };
    const peer = { host: '127.0.0.1', port, localHost: '127.0.0.1', localPort: 5672, loopback: true };
    this.connection = new Connection(context, transport, peer);
  }

  /** Whether bytes wait that could move. */
  get busy(): boolean {
    return this.#hungUp || this.#ended || this.#toClient.length > 0 || (this.#toBroker.length > 0 && !this.#paused);
  }

  send(bytes: Buffer): void {
    if (!this.#hungUp && !this.#ended) this.#toBroker.push(bytes);
  }

  hangUp(): void {
    this.#hungUp = true;
  }

  /** Moves something on, one way or the other. Returns false once nothing will ever move again. */
  move(chance: Chance): boolean {
    if (this.#hungUp) {
      // Some of what was sent may still get through.
      while (this.#toBroker.length > 0 && !this.#paused && chance.of(0.7)) this.#upstream(chance);
      this.connection.lost(undefined);
      return false;
    }
    if (this.#toClient.length > 0 && (this.#toBroker.length === 0 || this.#paused || chance.of(0.5)))
      this.#downstream();
    else if (this.#ended) {
      this.connection.lost(undefined);
      this.#receiver.lost();
      return false;
    } else if (this.#toBroker.length > 0 && !this.#paused) this.#upstream(chance);
    return true;
  }

  #downstream(): void {
    const { pieces, sent } = this.#toClient.shift() as Piece;
    const bytes = Buffer.concat(pieces);
    sent();
    this.#receiver.receive(bytes);
  }

  #upstream(chance: Chance): void {
    const pieces = this.#toBroker.splice(0, 1 + chance.below(this.#toBroker.length));
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const chunk = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const piece of pieces) at += piece.copy(chunk, at);
    // A chunk ends where it likes.
    if (chance.of(0.2) && length > 1) {
      const cut = 1 + chance.below(length - 1);
      this.#toBroker.unshift(chunk.subarray(cut));
      this.connection.receive(Buffer.from(chunk.subarray(0, cut)));
    } else this.connection.receive(chunk);
  }
}
