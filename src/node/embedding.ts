// The broker as a library: options as an object, checked like every other setting, and a broker that stops without a trace.
import { ConfigError, loadConfig } from './config.ts';
import { KEYS, type Values } from './config-keys.ts';
import { type Log, SILENT_LOG } from './logging.ts';
import { nearest } from './nearest.ts';
import type { GivenName } from './settings.ts';
import { type RunningBroker, startBrokerProcess } from './start.ts';

/** A user to have at every start. */
export interface UserOption {
  readonly name: string;
  readonly password: string;
  /** For example `administrator`; none by default. */
  readonly tags?: readonly string[];
  /** What the user may do, by vhost; nothing by default. Each right is a regular expression on the names of queues and exchanges. */
  readonly permissions?: Readonly<Record<string, { configure?: string; write?: string; read?: string }>>;
}

/** The settings that are given as they are; `leveret start --help` explains each. */
type Plain = Omit<Values, 'memory' | 'dataDir' | 'defaultPass' | 'logLevel'>;

/**
 * How to start a broker. Every setting of `leveret start` is here, but nothing is read from the environment or from a file, and
 * four have other defaults: any free port, no listeners for management and Prometheus, no disk.
 */
export interface BrokerOptions extends Partial<Plain> {
  /** Port for AMQP. 0, the default, takes any free one. */
  readonly port?: number;
  /** Port for the management API, 0 for any free one. `off` by default. */
  readonly managementPort?: number | 'off';
  /** Port for Prometheus, 0 for any free one. `off` by default. */
  readonly prometheusPort?: number | 'off';
  /** Folder for all that is durable. Without one everything is in memory and gone when the broker stops. */
  readonly dataDir?: string;
  /** True puts everything in memory, whatever `dataDir` says. */
  readonly memory?: boolean;
  /** Password of `defaultUser`. */
  readonly defaultPass?: string;
  /** Users beside the first one. */
  readonly users?: readonly UserOption[];
  /** Vhosts beside `defaultVhost`. */
  readonly vhosts?: readonly string[];
  /** Gets what the broker has to say, in place of a log on stderr. Nothing is said by default. */
  readonly log?: Log;
}

/** A broker that runs in this process and keeps it alive until `stop`. */
export interface EmbeddedBroker {
  /** For clients: `amqp://guest:guest@127.0.0.1:40123/%2F`, with the first user's name and password. */
  readonly url: string;
  /** The address listened on. */
  readonly host: string;
  readonly port: number;
  /** Where the management API is; undefined when it is off. */
  readonly management: { readonly host: string; readonly port: number } | undefined;
  /** Where Prometheus may read; undefined when it is off. */
  readonly prometheus: { readonly host: string; readonly port: number } | undefined;
  /** undefined: in memory. */
  readonly dataDir: string | undefined;
  /**
   * Closes all connections as a shutdown does (320 CONNECTION_FORCED), writes what waits for the disk and lets go of the folder.
   * Resolves when nothing is left that would keep the process alive; may be called again.
   */
  stop(): Promise<void>;
}

/**
 * Starts a broker in this process.
 *
 *     const broker = await startBroker();
 *     const connection = await amqplib.connect(broker.url);
 *     ...
 *     await broker.stop();
 *
 * Several may run at a time, each with a folder of its own or none.
 * @throws ConfigError naming every option that is wrong; the system's error where a port is taken or the folder cannot be used;
 *   code DATA_DIR_LOCKED when another broker has the folder.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<EmbeddedBroker> {
  const { log = SILENT_LOG, users = [], vhosts = [], ...given } = options;
  const values = textOf({
    port: 0,
    managementPort: 'off',
    prometheusPort: 'off',
    memory: options.dataDir === undefined,
    ...given,
  });
  const named = [...vhosts.map(name => ({ key: 'vhosts' as const, names: [name], text: 'true' })), ...namesOf(users)];
  const { config, warnings } = loadConfig({ options: { values, named } });
  for (const warning of warnings) log.warning(warning);
  const broker = await startBrokerProcess(config, log);
  let stopping: Promise<void> | undefined;
  const { name, password } = config.firstUser;
  return {
    url: urlOf(broker.amqp, name, password.reveal(), config.defaultVhost),
    host: broker.amqp.host,
    port: broker.amqp.port,
    management: broker.management,
    prometheus: broker.prometheus,
    dataDir: broker.dataDir,
    stop: () => {
      stopping ??= broker.close();
      return stopping;
    },
  };
}

function textOf(given: Readonly<Record<string, unknown>>): { [Name in keyof Values]?: string } {
  const known = Object.keys(KEYS);
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!known.includes(name)) {
      const near = nearest(name, [...known, 'users', 'vhosts', 'log']);
      throw new ConfigError(`option ${name} is not known${near === undefined ? '' : `; did you mean ${near}?`}`);
    }
    if (value !== undefined) values[name] = value === Number.POSITIVE_INFINITY ? 'infinity' : String(value);
  }
  return values;
}

function namesOf(users: readonly UserOption[]): GivenName[] {
  return users.flatMap(({ name, password, tags, permissions = {} }) => [
    { key: 'password' as const, names: [name], text: password },
    ...(tags === undefined ? [] : [{ key: 'tags' as const, names: [name], text: tags.join(',') }]),
    ...Object.entries(permissions).flatMap(([vhost, rights]) =>
      (['configure', 'write', 'read'] as const).map(key => ({ key, names: [vhost, name], text: rights[key] ?? '^$' })),
    ),
  ]);
}

/** An address that means every one of this machine is not one to connect to. */
function urlOf({ host, port }: RunningBroker['amqp'], user: string, password: string, vhost: string): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const shown = reachable.includes(':') ? `[${reachable}]` : reachable;
  return `amqp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${shown}:${port}/${encodeURIComponent(vhost)}`;
}
