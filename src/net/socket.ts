// A TCP socket as a session's transport.
import type { Socket } from 'node:net';
import type { Connection } from '../session/connection.ts';
import type { Transport } from '../session/output.ts';
import type { Turn } from './turn.ts';

/** A socket that we have ended, or the client, is cut when it is still there after so long, ms. */
const lingerMs = 3000;

/** The transport over a socket, and `attach`, which joins the session made with it. */
export function socketTransport(
  socket: Socket,
  turn: Turn,
): { transport: Transport; attach(connection: Connection): void } {
  let connection: Connection | undefined;
  let error: Error | undefined;
  let lingering: NodeJS.Timeout | undefined;
  const linger = (): void => {
    lingering ??= setTimeout(() => socket.resetAndDestroy(), lingerMs).unref();
  };
  const transport: Transport = {
    write(pieces, _bytes, sent) {
      if (socket.destroyed) return;
      const last = pieces.length - 1;
      if (last > 0) socket.cork();
      for (let i = 0; i < last; i++) socket.write(pieces[i] as Buffer);
      socket.write(pieces[last] as Buffer, failure => {
        if (failure == null) sent();
      });
      if (last > 0) socket.uncork();
    },
    flushSoon: () => turn.later(() => connection?.output.flush()),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end() {
      socket.end();
      // What the client still sends is read and thrown away, so that it can read our last words.
      socket.resume();
      linger();
    },
    reset: () => socket.resetAndDestroy(),
  };
  return {
    transport,
    attach(made) {
      connection = made;
      socket.on('data', chunk => made.receive(chunk));
      socket.on('error', failure => {
        error = failure;
      });
      socket.on('end', () => {
        made.lost(undefined);
        // A client that reads no more would keep the socket and what waits to be sent for ever.
        linger();
      });
      socket.on('close', () => {
        clearTimeout(lingering);
        made.lost(error);
        socket.destroy();
      });
    },
  };
}
