// `npm run bench`: runs the scenarios over the brokers and prints the table.
import { writeFileSync } from 'node:fs';
import { Broker } from './broker.ts';
import { deepQueue, manyConsumers, topicBindings, topicKeys } from './growth-scenarios.ts';
import { fixedRate, loadScenarios } from './load-scenarios.ts';
import { canPin, pinSelf } from './machine.ts';
import { management } from './management-scenario.ts';
import { type Options, readOptions } from './options.ts';
import { heading, machineLine, type Result, section } from './report.ts';
import { endGenerator, runLoad } from './run-load.ts';
import type { Bench, Scenario } from './scenario.ts';
import { delayed, semantics } from './semantics-scenarios.ts';
import { syncCounts } from './sync-scenario.ts';
import { backlog, coldStart, idleConnections } from './whole-broker-scenarios.ts';

const scenarios: readonly Scenario[] = [
  ...loadScenarios,
  fixedRate,
  backlog,
  idleConnections,
  coldStart,
  topicBindings,
  topicKeys,
  manyConsumers,
  deepQueue,
  ...semantics,
  delayed,
  syncCounts,
  management,
];

/** The bench as one scenario sees it, with its results going to `result`. */
function benchFor(options: Options, brokers: readonly Broker[], result: Result): Bench {
  const dropped = new Set<Broker>();
  const fail = (broker: Broker, what: string) =>
    void result.failures.push(`${result.scenario} ${broker.name}: ${what}`);
  return {
    ...options,
    brokers,
    fail,
    note: (broker, values) => {
      result.runs[broker.name] ??= [];
      result.runs[broker.name]!.push(values);
    },
    load: async (broker, job) => {
      const run = await runLoad(broker, job);
      if (!run.ok)
        fail(broker, `${job.queue}: ${run.sent} sent, ${run.received} received, ${JSON.stringify(run.faults)}`);
      return run;
    },
    each: async work => {
      for (const broker of brokers) {
        if (dropped.has(broker)) continue;
        try {
          await work(broker);
        } catch (error) {
          fail(broker, (error as Error).message);
          dropped.add(broker);
          await broker.fresh();
        }
      }
    },
  };
}

async function runAll(options: Options, brokers: readonly Broker[], machine: string): Promise<Result[]> {
  const names = brokers.map(broker => broker.name);
  const scaledBy = options.scale === 1 ? '' : `; every count multiplied by ${options.scale}`;
  console.log(`${machine}\n${options.runs} runs each, by turns; medians${scaledBy}\n\n${heading(names)}`);
  const results: Result[] = [];
  for (const scenario of scenarios.filter(({ name }) => options.scenarios.includes(name))) {
    const result: Result = { scenario: scenario.name, title: scenario.title, runs: {}, failures: [] };
    results.push(result);
    await scenario.run(benchFor(options, brokers, result));
    console.log(section(scenario, result, names));
    for (const failure of result.failures) console.log(`  FAILED ${failure}`);
    if (options.json) {
      const about = { machine, date: new Date().toISOString(), scale: options.scale };
      writeFileSync(options.json, `${JSON.stringify({ ...about, results }, undefined, 1)}\n`);
    }
  }
  return results;
}

const options = readOptions(
  process.argv.slice(2),
  scenarios.map(({ name }) => name),
);
const machine = machineLine(options.pin && canPin());
const pinned = options.pin && canPin();
if (pinned) pinSelf(1);
const brokers = options.brokers.map((spec, at) => new Broker(spec, options.port + at * 10, pinned ? 0 : undefined));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endGenerator();
    for (const broker of brokers) broker.abandon();
    process.exit(130);
  });
}
let failed = true;
try {
  for (const broker of brokers) await broker.start();
  const results = await runAll(options, brokers, machine);
  const failures = results.flatMap(result => result.failures);
  failed = failures.length > 0;
  if (failed) console.log(`${failures.length} checks failed:\n${failures.map(text => `  ${text}`).join('\n')}`);
  else console.log('no check failed: of the messages sent, none was missing, doubled, out of order or damaged');
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
} finally {
  endGenerator();
  for (const broker of brokers) {
    await broker.remove(failed);
    if (failed) console.error(`bench: the log of ${broker.name} is ${broker.logFile}`);
  }
}
process.exit(failed ? 1 : 0);
