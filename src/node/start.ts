// The composition root: every room is made here, wired, started and stopped in order.
import { hostname } from 'node:os';
import { Authority } from '../auth/authority.ts';
import { Broker } from '../broker/broker.ts';
import { connectionForced } from '../broker/errors.ts';
import { Memory } from '../broker/memory.ts';
import { NoJournal } from '../broker/journal.ts';
import { type Listener, listen } from '../net/listener.ts';
import { Turn } from '../net/turn.ts';
import { BufferPool } from '../session/output.ts';
import type { SessionContext } from '../session/context.ts';
import type { Address, Config } from './config.ts';
import type { Log } from './logging.ts';
import { peopleFacts } from './people-facts.ts';
import { serverProperties } from './server-properties.ts';
import { nodeRandom, TurnClock } from './services.ts';

/** A broker that runs in this process. */
export interface RunningBroker {
  readonly amqp: Address;
  readonly management: Address | undefined;
  readonly dataDir: string | undefined;
  /** Stops in order. */
  close(reason?: string): Promise<void>;
  /** Resolves when the broker cannot go on. */
  readonly failed: Promise<Error>;
}

const tickMs = 500;

/** Starts a broker. */
export async function startBrokerProcess(config: Config, log: Log): Promise<RunningBroker> {
  const turn = new Turn();
  const clock = new TurnClock();
  const later = (run: () => void): void => turn.later(run);
  const memory = new Memory(config.memoryBudgetBytes);
  const journal = new NoJournal(later);
  const broker = new Broker({ journal, scratch: undefined, memory, clock, later, damaged: () => {} });
  const authority = new Authority({ now: () => performance.now(), loopbackUsers: config.loopbackUsers });
  for (const name of [config.defaultVhost, ...config.vhosts]) broker.createVhost(name);
  for (const fact of await peopleFacts(config, authority, true)) authority.apply(fact);
  const context: SessionContext = {
    broker,
    authority,
    clock,
    random: nodeRandom,
    pool: new BufferPool(),
    limits: {
      frameMax: config.frameBytesMax,
      channelMax: config.channelMax,
      heartbeat: config.heartbeatS,
      handshakeTimeoutMs: config.handshakeTimeoutMs,
      messageBytesMax: config.messageBytesMax,
      connectionsMax: config.connectionsMax,
    },
    serverProperties: serverProperties(config, config.clusterName ?? `leveret@${hostname()}`),
    log,
    connections: new Set(),
    whenAccepting: run => later(run),
  };
  const listeners: Listener[] = [];
  for (const { host, port } of config.listeners) listeners.push(await listen(context, turn, host, port));
  const ticking = setInterval(() => {
    for (const connection of [...context.connections]) connection.tick();
  }, tickMs);
  const [first] = listeners as [Listener];
  return {
    amqp: { host: first.host, port: first.port },
    management: undefined,
    dataDir: config.dataDir,
    failed: new Promise(() => {}),
    close: async (reason = 'shutdown') => {
      for (const listener of listeners) listener.close();
      for (const connection of [...context.connections])
        connection.close(connectionForced(`broker forced connection closure with reason '${reason}'`));
      clearInterval(ticking);
      await new Promise(resolve => setTimeout(resolve, 50));
    },
  };
}
