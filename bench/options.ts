// The benchmark's command line.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { BrokerSpec } from './broker.ts';
import { rabbitmqScript } from './rabbitmq.ts';
import { peerName } from './report.ts';

/** What was asked for. */
export interface Options {
  scenarios: string[];
  runs: number;
  scale: number;
  backlog: number;
  deep: number;
  brokers: BrokerSpec[];
  /** First port; each broker takes ten from there on. */
  port: number;
  json: string | undefined;
  pin: boolean;
}

interface Raw extends Omit<Options, 'scenarios' | 'brokers'> {
  scenarios: string;
  brokers?: string;
  command: string[];
}

/** Reads the arguments; on a wrong one says what is wrong and ends the process with exit status 1. */
export function readOptions(argv: readonly string[], scenarioNames: readonly string[]): Options {
  const command = new Command('npm run bench --')
    .description('Measures Leveret on this machine, with RabbitMQ beside it when it is installed.')
    .option('--scenarios <names>', `any of ${scenarioNames.join(',')}`, scenarioNames.join(','))
    .option('--runs <n>', 'measured runs of each scenario; the table shows medians', positive, 3)
    .option('--scale <x>', 'multiplies every message count, as in --scale 0.1', positive, 1)
    .option('--brokers <names>', 'which brokers, in order (default: leveret, and rabbitmq when installed)')
    .option(
      '--command <name=command>',
      'another broker; {port}, {http} and {dir} are filled in; repeatable',
      collect,
      [],
    )
    .option('--backlog <n>', 'messages in the backlog of E', positive, 1_000_000)
    .option('--deep <n>', 'messages that wait in the deep queue', positive, 10_000_000)
    .option('--port <n>', 'first of the ports to use; ten for each broker', positive, 27_100)
    .option('--json <file>', 'also write every run to a file')
    .option('--no-pin', 'do not keep brokers and load on a core each')
    .exitOverride(error => process.exit(error.exitCode))
    .parse(argv, { from: 'user' });
  const raw = command.opts<Raw>();
  const scenarios = raw.scenarios.split(',');
  const unknown = scenarios.find(name => !scenarioNames.includes(name));
  if (unknown !== undefined) command.error(`no scenario "${unknown}": there are ${scenarioNames.join(', ')}`);
  const { brokers, problem } = chooseBrokers(raw.brokers?.split(','), raw.command);
  if (problem !== undefined) command.error(problem);
  return { ...raw, json: raw.json, runs: Math.round(raw.runs), scenarios, brokers };
}

/** The brokers by name: those given by `--command`, Leveret as it was built, RabbitMQ as it is installed. */
function chooseBrokers(
  names: string[] | undefined,
  commands: readonly string[],
): { brokers: BrokerSpec[]; problem?: string } {
  const known = new Map<string, BrokerSpec>();
  const main = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
  const leveret = `${process.execPath} ${main} start --port {port} --management-port {http} --data-dir {dir}`;
  if (existsSync(main)) known.set('leveret', { name: 'leveret', command: leveret });
  for (const text of commands) {
    const [, name, command] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
    if (!name || !command) return { brokers: [], problem: `--command "${text}" is not NAME=COMMAND` };
    known.set(name, { name, command });
  }
  if (rabbitmqScript()) known.set(peerName, { name: peerName });
  const brokers: BrokerSpec[] = [];
  for (const name of names ?? known.keys()) {
    const spec = known.get(name);
    if (!spec) return { brokers: [], problem: missing(name) };
    brokers.push(spec);
  }
  return brokers.length > 0 ? { brokers } : { brokers, problem: missing('leveret') };
}

function missing(name: string): string {
  if (name === 'leveret') return 'leveret is not built: run npm run build';
  if (name === peerName) return 'rabbitmq is not installed: apt-get install --no-install-recommends rabbitmq-server';
  return `no broker "${name}": say how to run it with --command '${name}=COMMAND'`;
}

function positive(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!(value > 0)) throw new InvalidArgumentError('It has to be a number over 0.');
  return value;
}

function collect(text: string, before: string[]): string[] {
  return [...before, text];
}
