// The composition root: every room is made here, wired, started and stopped in order.
import { Authority } from '../auth/authority.ts';
import { connectionForced } from '../broker/errors.ts';
import { Memory } from '../broker/memory.ts';
import type { Unsettled } from '../broker/unsettled.ts';
import { noMetadata } from '../broker/vhost-metadata.ts';
import { type Listener, listen } from '../net/listener.ts';
import { Turn } from '../net/turn.ts';
import { Alarms } from '../session/alarms.ts';
import type { Connection } from '../session/connection.ts';
import type { SessionContext } from '../session/context.ts';
import { closeWithOwners } from '../session/forced-close.ts';
import { heldByOperators } from '../session/operator.ts';
import { BufferPool } from '../session/output.ts';
import type { Address, Config } from './config.ts';
import { loadDefinitions } from './load-definitions.ts';
import type { Log } from './logging.ts';
import { type Managing, nodeName, startManagement } from './management.ts';
import { peopleFacts } from './people-facts.ts';
import { serverProperties } from './server-properties.ts';
import { nodeRandom, TurnClock } from './services.ts';
import { openStores } from './stores.ts';
import { keepTime } from './timekeeper.ts';
import { watchWatermarks, watermarksOf } from './watermarks.ts';

/** A broker that runs in this process. */
export interface RunningBroker {
  readonly amqp: Address;
  readonly management: Address | undefined;
  readonly prometheus: Address | undefined;
  readonly dataDir: string | undefined;
  /** Stops in order. */
  close(reason?: string): Promise<void>;
  /** Resolves when the broker cannot go on. */
  readonly failed: Promise<Error>;
}

const tickMs = 500;
/** How long clients may take to answer the close at shutdown, ms. */
const closeMs = 1000;

/** Starts a broker. */
export async function startBrokerProcess(config: Config, log: Log): Promise<RunningBroker> {
  const turn = new Turn();
  const clock = new TurnClock();
  const later = (run: () => void): void => turn.later(run);
  const memory = new Memory(config.memoryBudgetBytes);
  const authority = new Authority({ now: () => performance.now(), loopbackUsers: config.loopbackUsers });
  const connections = new Set<Connection>();
  let held: Unsettled | undefined;
  const stores = await openStores({
    config,
    log,
    clock,
    random: nodeRandom,
    memory,
    authority,
    later,
    atEnd: run => turn.atEnd(run),
    unsettled: () => unsettledOf(connections, held),
  });
  const { broker, journal } = stores;
  held = heldByOperators(broker.services);
  const withFirst = stores.isNew && config.loadDefinitions === undefined;
  broker.nodeName = nodeName;
  broker.limits = {
    queuesMax: config.queuesMax,
    exchangesMax: config.exchangesMax,
    vhostsMax: config.vhostsMax,
  };
  if (withFirst) broker.createVhost(config.defaultVhost, { ...noMetadata, description: 'Default virtual host' });
  for (const name of config.vhosts) broker.createVhost(name);
  for (const fact of await peopleFacts(config, authority, withFirst)) {
    authority.apply(fact);
    journal.record(fact);
  }
  if (config.loadDefinitions !== undefined) {
    const target = { broker, authority, passwordAlgorithm: config.passwordHashing };
    await loadDefinitions(config.loadDefinitions, target).catch(async error => {
      await stores.close();
      throw error;
    });
  }
  if (config.eventVhost !== undefined && !broker.vhosts.has(config.eventVhost))
    log.warning(
      `event_exchange.vhost: there is no vhost '${config.eventVhost}'; no events are sent until there is one`,
    );
  broker.events.begin();
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
      outputTimeoutMs: config.outputTimeoutMs,
      messageBytesMax: config.messageBytesMax,
      connectionsMax: config.connectionsMax,
      consumerTimeoutMs: config.consumerTimeoutMs,
      channelsMax: config.channelsMax,
      consumersMax: config.consumersMax,
    },
    nodeName,
    serverProperties: serverProperties(config, config.clusterName ?? nodeName),
    log,
    connections,
    alarms: new Alarms({ connections, log, nodeName, events: broker.events, trouble: stores.trouble }),
  };
  closeWithOwners(connections, broker, authority);
  const watermarks = watermarksOf(config);
  const stopWatching = await watchWatermarks(watermarks, config.dataDir, context.alarms);
  const listeners: Listener[] = [];
  let managing: Managing;
  try {
    for (const { host, port } of config.listeners) listeners.push(await listen(context, turn, host, port));
    const subject = {
      config,
      session: context,
      held,
      listeners,
      log,
      journal: stores.figures,
      trouble: stores.trouble,
      watermarks,
    };
    managing = await startManagement(subject);
  } catch (error) {
    for (const listener of listeners) listener.close();
    stopWatching();
    await stores.close();
    throw error;
  }
  const stopTime = keepTime(broker.services.deadlines, clock);
  const ticking = setInterval(() => {
    memory.retry();
    for (const connection of [...connections]) connection.tick();
  }, tickMs);
  const [first] = listeners as [Listener];
  return {
    amqp: { host: first.host, port: first.port },
    management: managing.management && { host: managing.management.host, port: managing.management.port },
    prometheus: managing.prometheus && { host: managing.prometheus.host, port: managing.prometheus.port },
    dataDir: config.dataDir,
    failed: new Promise(() => {}),
    close: async (reason = 'shutdown') => {
      for (const listener of listeners) listener.close();
      const text = `broker forced connection closure with reason '${reason}'`;
      for (const connection of [...connections]) connection.close(connectionForced(text));
      await closed(connections);
      for (const listener of listeners) listener.cut();
      await managing.close();
      clearInterval(ticking);
      stopTime();
      stopWatching();
      await stores.close();
    },
  };
}

/** Resolves when all clients have answered the close, or after a while without those that have not. */
async function closed(connections: ReadonlySet<Connection>): Promise<void> {
  const end = performance.now() + closeMs;
  while (connections.size > 0 && performance.now() < end) await new Promise(resolve => setTimeout(resolve, 10));
  for (const connection of connections) connection.resetNow();
}

function* unsettledOf(connections: Iterable<Connection>, held: Unsettled | undefined): Generator<Unsettled> {
  if (held !== undefined) yield held;
  for (const { channels } of connections) for (const { unsettled } of channels.values()) yield unsettled;
}
