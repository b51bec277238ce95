// A broker with its management API for tests: requests as a user, and the same set-up on both brokers.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Broker, managementPlugins, type Product, startBroker } from '../conformance/brokers.ts';

/** What a request was answered with. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON, text otherwise. */
  readonly body: unknown;
}

export class ManagedBroker {
  readonly product: Product;
  readonly port: number;
  readonly management: number;
  readonly prometheus: number;
  readonly #broker: Broker;

  private constructor(broker: Broker) {
    this.#broker = broker;
    this.product = broker.product;
    this.port = broker.port;
    this.management = broker.management;
    this.prometheus = broker.prometheus;
  }

  /** Starts it; resolves when its API answers. */
  static async start(product: Product): Promise<ManagedBroker> {
    const managed = new ManagedBroker(await startBroker(product, managementPlugins));
    for (let tries = 0; ; tries++) {
      const up = await managed.ask('GET', '/overview').catch(() => undefined);
      if (up?.status === 200) return managed;
      if (tries === 300) throw new Error(`the management API of ${product} does not answer`);
      await sleep(100);
    }
  }

  /** Sends a request below `/api`; a body that is no text goes as JSON. */
  async ask(method: string, path: string, body?: unknown, user = 'guest:guest'): Promise<Reply> {
    const response = await fetch(`http://127.0.0.1:${this.management}/api${path}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') && text !== '';
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  stop(): Promise<void> {
    return this.#broker.stop();
  }
}
