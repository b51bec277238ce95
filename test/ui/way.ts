// The way from the browser to the broker, which a test can cut and mend.
import { once } from 'node:events';
import net from 'node:net';

export class Way {
  readonly #target: URL;
  readonly #sockets = new Set<net.Socket>();
  #server: net.Server | undefined;
  #port = 0;

  private constructor(target: URL) {
    this.#target = target;
  }

  /** Makes a way to the page at this address. */
  static async to(page: string): Promise<Way> {
    const way = new Way(new URL(page));
    await way.mend();
    return way;
  }

  /** The address of the page by this way. */
  get page(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ends all that goes through it, and takes nothing more. */
  async cut(): Promise<void> {
    const closed = once(this.#server!, 'close');
    this.#server!.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    this.#server = net.createServer(near => {
      const far = net.connect(Number(this.#target.port), this.#target.hostname);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as net.AddressInfo).port;
  }
}
