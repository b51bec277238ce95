// `leveret start`: reads the settings, starts the broker, says where it is, and ends it in order.
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { Collector } from '../node/collector.ts';
import { type Config, ConfigError, loadConfig } from '../node/config.ts';
import { KEYS, type Values } from '../node/config-keys.ts';
import type { Log } from '../node/logging.ts';
import type { RunningBroker } from '../node/start.ts';
import { VERSION } from '../node/version.ts';
import { Failure } from './failure.ts';
import { explainStartFailure } from './start-failure.ts';
import { settingsHelp } from './start-help.ts';

export { VERSION } from '../node/version.ts';

/** The promise of the documents: after a signal the process is gone within this time, in milliseconds. */
const STOP_MS_MAX = 5000;

/** Time between two looks at the heap, in milliseconds. */
const COLLECTOR_LOOK_MS = 500;

/** The command, with a flag for every setting that has one. */
export function startCommand(): Command {
  const command = new Command('start')
    .description(
      'Starts a broker for AMQP 0-9-1 clients. Without any setting: port 5672, guest/guest, from this machine only.',
    )
    .addOption(new Option('--config <file>', 'config file in the form of rabbitmq.conf (LEVERET_CONFIG)'));
  for (const { flag, help, fallback, fallbackShown } of Object.values(KEYS)) {
    const shown = fallbackShown ?? (fallback === false ? undefined : fallback);
    if (flag) command.addOption(new Option(flag, shown === undefined ? help : `${help} (default: ${shown})`));
  }
  return command.addHelpText('after', settingsHelp).action(start);
}

async function start(options: Record<string, string | boolean | undefined>): Promise<void> {
  const { config, warnings } = readSettings(options);
  // Loaded here, so that a mistake in the settings is told without waiting for the broker's code.
  const [{ createLog }, { startBrokerProcess }] = await Promise.all([
    import('../node/logging.ts'),
    import('../node/start.ts'),
  ]);
  tuneCollector();
  const log = createLog({ level: config.logLevel });
  for (const warning of warnings) log.warning(warning);
  const stopped = nextSignal();
  let broker: RunningBroker;
  try {
    broker = await startBrokerProcess(config, log);
  } catch (error) {
    throw explainStartFailure(error, config);
  }
  process.stdout.write(`${readyLine(broker, config)}\n`);
  // The words that tools made for RabbitMQ wait for in the log.
  log.info('Server startup complete; 0 plugins started.');
  const end = await Promise.race([stopped, broker.failed]);
  await stop(broker, log, end);
}

function readSettings(options: Record<string, string | boolean | undefined>): ReturnType<typeof loadConfig> {
  const flags: { [Name in keyof Values]?: string } = {};
  for (const name of Object.keys(KEYS) as (keyof Values)[]) {
    const given = options[name];
    if (given !== undefined) flags[name] = String(given);
  }
  const path = options['config'] ?? process.env['LEVERET_CONFIG'];
  const file = typeof path === 'string' ? { name: path, content: readConfigFile(path) } : undefined;
  try {
    return loadConfig({ flags, env: process.env, ...(file && { file }) });
  } catch (error) {
    if (error instanceof ConfigError) throw new Failure(error.message, 2);
    throw error;
  }
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : message;
    throw new Failure(`the config file ${path} cannot be read: ${reason}`, 2);
  }
}

function readyLine(broker: RunningBroker, config: Config): string {
  const show = ({ host, port }: { host: string; port: number }): string =>
    `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const management = broker.management ? `, management on http://${show(broker.management)}` : '';
  const data = config.dataDir === undefined ? 'everything in memory' : `data in ${config.dataDir}`;
  return `Leveret ${VERSION} is ready: AMQP on ${show(broker.amqp)}${management}, ${data}`;
}

/** Resolves with the first SIGTERM or SIGINT; the second one ends the process at once. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let seen = false;
    for (const [signal, exitCode] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      process.on(signal, () => {
        if (seen) process.exit(exitCode);
        seen = true;
        resolve(signal);
      });
    }
  });
}

/** The process is the broker's alone: its collector can be set for that. */
function tuneCollector(): void {
  const collector = new Collector();
  collector.look();
  setInterval(() => collector.look(), COLLECTOR_LOOK_MS).unref();
}

async function stop(broker: RunningBroker, log: Log, why: NodeJS.Signals | Error): Promise<never> {
  setTimeout(() => {
    process.stderr.write(`leveret: stopping took more than ${STOP_MS_MAX / 1000} s; ended without waiting longer\n`);
    process.exit(1);
  }, STOP_MS_MAX);
  if (why instanceof Error) log.error('The broker failed and stops', { err: why });
  else log.info(`${why}: stopping`);
  try {
    await broker.close(why instanceof Error ? why.message : undefined);
  } catch (error) {
    process.stderr.write(`leveret: stopping failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
  if (why instanceof Error) process.stderr.write(`leveret: the broker failed: ${why.message}\n`);
  process.exit(why instanceof Error ? 1 : 0);
}
