// Starts the brokers that the conformance suite plays against: a RabbitMQ node and a Leveret process, each with a folder of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { lacks } from '../needs.ts';
import { Wire } from './wire.ts';

/** Which broker a scenario is played against. */
export type Product = 'rabbitmq' | 'leveret';

/** A running broker. `ours` is true when we started it; `stop` then ends it and removes its folder, once. */
export type Broker = {
  readonly product: Product;
  readonly port: number;
  /** Port of the management API; RabbitMQ has one where it was asked for. */
  readonly management: number;
  /** Port for Prometheus; likewise. */
  readonly prometheus: number;
  readonly ours: boolean;
  /** The memory or disk alarm goes off (`on`) or ends, by what an operator would do at run time. */
  alarm(resource: Resource, on: boolean): Promise<void>;
  stop(): Promise<void>;
};

/** What a broker can run low on. */
export type Resource = 'memory' | 'disk';

/** RabbitMQ's plugins for the management API and for Prometheus. */
export const managementPlugins: readonly string[] = ['rabbitmq_management', 'rabbitmq_prometheus'];

/** These, and the plugins whose exchange types and events Leveret has too. */
export const allPlugins: readonly string[] = [
  ...managementPlugins,
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
  'rabbitmq_event_exchange',
  'rabbitmq_sharding',
];

type Grant = { vhost: string; configure: string; write: string; read: string };
type User = { name: string; password: string; tags: string[]; grants: Grant[] };

const everything = (vhost: string): Grant => ({ vhost, configure: '.*', write: '.*', read: '.*' });

/** The vhosts that both brokers have. */
const vhosts: readonly string[] = ['/', 'other'];

/** The users that both brokers have. `limited` may use what has `-conf`, `-write` or `-read` in its name. */
const users: readonly User[] = [
  { name: 'guest', password: 'guest', tags: ['administrator'], grants: [everything('/'), everything('other')] },
  {
    name: 'limited',
    password: 'secret',
    tags: [],
    grants: [{ vhost: '/', configure: '-conf', write: '-write', read: '-read' }],
  },
  { name: 'locked', password: 'secret', tags: [], grants: [{ vhost: '/', configure: '^$', write: '^$', read: '^$' }] },
  { name: 'stranger', password: 'secret', tags: ['monitoring'], grants: [] },
  { name: 'double', password: 'secret', tags: ['impersonator'], grants: [everything('/')] },
];

/** The users and vhosts as RabbitMQ's definitions file. */
function definitions(): string {
  const hash = (password: string): string => {
    const salt = Buffer.from('salt');
    const digest = createHash('sha256')
      .update(Buffer.concat([salt, Buffer.from(password)]))
      .digest();
    return Buffer.concat([salt, digest]).toString('base64');
  };
  return JSON.stringify({
    vhosts: vhosts.map(name => ({ name })),
    users: users.map(({ name, password, tags }) => ({
      name,
      password_hash: hash(password),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: tags.join(','),
    })),
    permissions: users.flatMap(({ name, grants }) => grants.map(grant => ({ user: name, ...grant }))),
  });
}

/** The users and vhosts as Leveret's config file. */
function leveretConfig(): string {
  const lines = vhosts.filter(name => name !== '/').map(name => `vhosts.${name} = true`);
  for (const { name, password, tags, grants } of users.filter(user => user.name !== 'guest')) {
    lines.push(`users.${name}.password = ${password}`);
    if (tags.length) lines.push(`users.${name}.tags = ${tags.join(',')}`);
    for (const grant of grants) {
      const [key, { configure, write, read }] = [`permissions.${grant.vhost}.${name}`, grant];
      lines.push(`${key}.configure = ${configure}`, `${key}.write = ${write}`, `${key}.read = ${read}`);
    }
  }
  for (const right of ['configure', 'write', 'read']) lines.push(`permissions.other.guest.${right} = .*`);
  return `${lines.join('\n')}\n`;
}

let nextPort = Number(process.env['ORACLE_PORTS'] ?? 0);

/** True when nothing listens on this port of the loopback. */
function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * `count` ports of the loopback that are free now, or the next ones from `ORACLE_PORTS` on. They are below those that
 * the kernel gives to clients, since a broker takes its last port seconds later.
 */
async function freePorts(count: number): Promise<number[]> {
  if (nextPort > 0) return Array.from({ length: count }, () => nextPort++);
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** Waits for a login; rejects with the end of the log when the process ends first or the time is over. */
async function untilLogin(child: ChildProcess, port: number, log: string, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const dead = child.exitCode !== null || child.signalCode !== null;
    try {
      if (!dead) {
        const wire = await Wire.login(port);
        await wire.close();
        return;
      }
    } catch {
      // not up yet; the log is shown when it never comes up
    }
    if (dead || Date.now() > until) {
      const tail = fs.readFileSync(log, 'utf8').split('\n').slice(-30).join('\n');
      throw new Error(
        `the broker on port ${port} ${dead ? 'ended' : `gave no login in ${timeoutMs} ms`}; its log ends:\n${tail}`,
      );
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(hard);
}

async function launch(
  product: Product,
  prepare: (
    folder: string,
    port: number,
    http: { management: number; prometheus: number },
    others: number[],
  ) => { command: string[]; env: NodeJS.ProcessEnv },
  alarm: (port: number, env: NodeJS.ProcessEnv, management: number) => Broker['alarm'],
  after: (env: NodeJS.ProcessEnv) => void = () => {},
): Promise<Broker> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `oracle-${product}-`));
  const [port, ...more] = await freePorts(5);
  const http = { management: more[0]!, prometheus: more[1]! };
  const { command, env } = prepare(folder, port!, http, more.slice(2));
  const log = path.join(folder, 'output.log');
  const output = fs.openSync(log, 'a');
  const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', output, output] });
  const lastResort = (): void => void child.kill('SIGKILL');
  process.once('exit', lastResort);
  const stopping = async (): Promise<void> => {
    await end(child);
    process.removeListener('exit', lastResort);
    after(env);
    fs.closeSync(output);
    fs.rmSync(folder, { recursive: true, force: true });
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= stopping();
    return stopped;
  };
  try {
    await untilLogin(child, port!, log, product === 'rabbitmq' ? 90_000 : 30_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { product, port: port!, ...http, ours: true, alarm: alarm(port!, env, http.management), stop };
}

const epmd = '/usr/bin/epmd';
const rabbitmqServer = '/usr/lib/rabbitmq/bin/rabbitmq-server';

const erlCall = '/usr/bin/erl_call';

/** What `rabbitmqctl set_vm_memory_high_watermark` and `set_disk_free_limit` call, for an alarm and for none. */
const watermarks: { readonly [resource in Resource]: readonly [on: string, off: string] } = {
  memory: [
    'vm_memory_monitor set_vm_memory_high_watermark [0.00001]',
    'vm_memory_monitor set_vm_memory_high_watermark [0.9]',
  ],
  disk: [
    'rabbit_disk_monitor set_disk_free_limit [1000000000000000]',
    'rabbit_disk_monitor set_disk_free_limit [1000000]',
  ],
};

/** Alarms of the RabbitMQ node on this port. */
const rabbitmqAlarm =
  (port: number, env: NodeJS.ProcessEnv): Broker['alarm'] =>
  async (resource, on) => {
    const call = watermarks[resource][on ? 0 : 1];
    const ran = spawnSync(erlCall, ['-n', `oracle${port}@localhost`, '-a', call], { env, encoding: 'utf8' });
    if (ran.status !== 0 || !ran.stdout.startsWith('ok')) {
      throw new Error(`${erlCall} ${call} on port ${port} said ${ran.status} ${ran.stdout} ${ran.stderr}`);
    }
  };

/** Alarms of Leveret, set by an administrator. */
const leveretAlarm =
  (management: number): Broker['alarm'] =>
  async (resource, on) => {
    const response = await fetch(`http://127.0.0.1:${management}/api/alarms/${resource}`, {
      method: 'PUT',
      headers: {
        authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ set: on }),
    });
    if (!response.ok) throw new Error(`PUT /api/alarms/${resource}: ${response.status} ${await response.text()}`);
  };

/** Starts Debian's RabbitMQ as a node of its own, with an epmd of its own, on the loopback only. */
function startRabbitmq(plugins: readonly string[]): Promise<Broker> {
  const prepare: Parameters<typeof launch>[1] = (folder, port, { management, prometheus }, [dist, names]) => {
    fs.writeFileSync(path.join(folder, 'plugins'), `[${plugins.join()}].\n`);
    fs.writeFileSync(path.join(folder, 'definitions.json'), definitions());
    const settings = [`load_definitions = ${folder}/definitions.json`];
    if (plugins.includes('rabbitmq_management')) {
      settings.push(`management.tcp.port = ${management}`, 'management.tcp.ip = 127.0.0.1');
      settings.push(`prometheus.tcp.port = ${prometheus}`, 'prometheus.tcp.ip = 127.0.0.1');
      settings.push('collect_statistics_interval = 500');
    }
    fs.writeFileSync(path.join(folder, 'r.conf'), `${settings.join('\n')}\n`);
    const env = {
      ...process.env,
      HOME: folder,
      RABBITMQ_NODENAME: `oracle${port}@localhost`,
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_MNESIA_BASE: `${folder}/mnesia`,
      RABBITMQ_LOG_BASE: `${folder}/log`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
      RABBITMQ_CONFIG_FILE: `${folder}/r.conf`,
      RABBITMQ_DIST_PORT: String(dist),
      RABBITMQ_PID_FILE: `${folder}/pid`,
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none',
      ERL_EPMD_PORT: String(names),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    };
    return { command: [rabbitmqServer], env };
  };
  return launch('rabbitmq', prepare, rabbitmqAlarm, env => void spawnSync(epmd, ['-kill'], { env }));
}

/** True when this machine lacks the broker; in CI that is a failure, told by `npm test`. */
export function missing(product: Product): boolean {
  return product === 'rabbitmq' && lacks('rabbitmq-server');
}

/** Starts Leveret as built in `dist/`. */
function startLeveret(plugins: readonly string[]): Promise<Broker> {
  const prepare: Parameters<typeof launch>[1] = (folder, port, { management, prometheus }) => {
    // Hashes as RabbitMQ makes them, so that both say the same of users.
    const hashing = 'password_hashing_module = rabbit_password_hashing_sha256\n';
    fs.writeFileSync(
      path.join(folder, 'leveret.conf'),
      `${hashing}event_exchange = ${plugins.includes('rabbitmq_event_exchange')}\n${leveretConfig()}`,
    );
    const main = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
    const ports = ['--port', port, '--management-port', management, '--prometheus-port', prometheus].map(String);
    const flags = [...ports, '--data-dir', `${folder}/data`];
    return {
      command: [process.execPath, main, 'start', ...flags, '--config', `${folder}/leveret.conf`],
      env: process.env,
    };
  };
  return launch('leveret', prepare, (_port, _env, management) => leveretAlarm(management));
}

/**
 * The broker of this product: the running one named by `ORACLE_RABBITMQ_PORT` or `ORACLE_LEVERET_PORT` (and
 * `_MANAGEMENT_PORT`), or a new one; RabbitMQ with these plugins.
 */
export function startBroker(product: Product, plugins: readonly string[] = []): Promise<Broker> {
  const variable = `ORACLE_${product.toUpperCase()}`;
  const running = process.env[`${variable}_PORT`];
  if (running) {
    const management = Number(process.env[`${variable}_MANAGEMENT_PORT`] ?? 0);
    const prometheus = Number(process.env[`${variable}_PROMETHEUS_PORT`] ?? 0);
    const port = Number(running);
    const alarm = product === 'rabbitmq' ? rabbitmqAlarm(port, process.env) : leveretAlarm(management);
    return Promise.resolve({ product, port, management, prometheus, ours: false, alarm, stop: async () => {} });
  }
  return product === 'rabbitmq' ? startRabbitmq(plugins) : startLeveret(plugins);
}

/** The products that `ORACLE_TARGET` names, by default both. */
export function targets(): Product[] {
  const wanted = process.env['ORACLE_TARGET'];
  if (wanted === undefined || wanted === '') return ['rabbitmq', 'leveret'];
  if (wanted === 'rabbitmq' || wanted === 'leveret') return [wanted];
  throw new Error(`ORACLE_TARGET is ${wanted}; it can be rabbitmq or leveret`);
}
