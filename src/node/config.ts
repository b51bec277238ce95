// The configuration: one typed, checked object made of flags, environment, file and fallbacks.
import type { Values } from './config-keys.ts';
import {
  type ConfiguredPermission,
  type ConfiguredTopicPermission,
  type ConfiguredUser,
  type FirstUser,
  peopleOf,
} from './config-people.ts';
import { Settings, type Sources } from './settings.ts';

/** Where to listen. Port 0 takes any free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Everything that can be set, as it was set. */
export interface Config extends Readonly<Omit<Values, Raw>> {
  /** At least one; the first is the one that is announced. */
  readonly listeners: readonly Address[];
  /** undefined: no management listener. */
  readonly management: Address | undefined;
  /** undefined: no listener for Prometheus. */
  readonly prometheus: Address | undefined;
  /** Whether its port was set: one that is taken is then an error. */
  readonly prometheusIsAskedFor: boolean;
  /** As given, relative to the working folder; undefined: no disk. */
  readonly dataDir: string | undefined;
  /** The vhost that has `amq.rabbitmq.event`; undefined: no events are sent. */
  readonly eventVhost: string | undefined;
  readonly firstUser: FirstUser;
  /** Who may log in from this machine only. */
  readonly loopbackUsers: readonly string[];
  readonly users: readonly ConfiguredUser[];
  /** Vhosts to have at every start, the default one not among them. */
  readonly vhosts: readonly string[];
  readonly permissions: readonly ConfiguredPermission[];
  readonly topicPermissions: readonly ConfiguredTopicPermission[];
}

/** Settings that do not stand in the configuration by themselves but make up something in it. */
type Raw =
  | 'host'
  | 'port'
  | 'managementHost'
  | 'managementPort'
  | 'prometheusHost'
  | 'prometheusPort'
  | 'dataDir'
  | 'memory'
  | 'defaultUser'
  | 'defaultPass'
  | 'defaultConfigure'
  | 'defaultWrite'
  | 'defaultRead'
  | 'eventExchange'
  | 'eventExchangeVhost';

/** Says all that is wrong with the configuration, a line each. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads and checks the settings: flags win over environment, environment over file, file over fallbacks.
 * @throws ConfigError naming every mistake with its place.
 */
export function loadConfig(sources: Sources = {}): { config: Config; warnings: readonly string[] } {
  const settings = new Settings(sources);
  const { host, port, managementHost, managementPort, prometheusHost, prometheusPort, ...others } = settings.values;
  const { memory, defaultUser, defaultPass, ...rest } = others;
  const { defaultConfigure, defaultWrite, defaultRead, eventExchange, eventExchangeVhost, ...plain } = rest;
  const listeners = listenersOf(settings);
  const people = peopleOf(settings);
  if (settings.problems.length > 0) throw new ConfigError(settings.problems.join('\n'));
  const config: Config = {
    ...plain,
    ...people,
    listeners,
    management:
      managementPort === 'off' ? undefined : { host: managementHost ?? listeners[0]!.host, port: managementPort },
    prometheus:
      prometheusPort === 'off' ? undefined : { host: prometheusHost ?? listeners[0]!.host, port: prometheusPort },
    prometheusIsAskedFor: settings.given.has('prometheusPort'),
    dataDir: memory ? undefined : plain.dataDir,
    eventVhost:
      (eventExchange ?? eventExchangeVhost !== undefined) ? (eventExchangeVhost ?? plain.defaultVhost) : undefined,
  };
  return { config, warnings: settings.warnings };
}

/** Host or port from flags or environment mean one listener; otherwise those of the file. */
function listenersOf(settings: Settings): Address[] {
  const { host, port } = settings.values;
  const inFile = settings.named('listeners').map(({ value }) => ({ host: value.host ?? host, port: value.port }));
  if (inFile.length === 0) return [{ host, port }];
  if (!settings.given.has('host') && !settings.given.has('port')) {
    return inFile.filter((a, i) => inFile.findIndex(b => a.host === b.host && a.port === b.port) === i);
  }
  const first = inFile[0]!;
  return [
    { host: settings.given.has('host') ? host : first.host, port: settings.given.has('port') ? port : first.port },
  ];
}
