// `npm run simulate`: runs seeds, prints how many a second, and of a failure the seed and what happened.
import { type Fault, faults } from './faults.ts';
import { type Counts, Simulation } from './simulation.ts';

async function run(seed: number, fault?: Fault): Promise<Error | Counts> {
  try {
    return await new Simulation({ seed, fault }).run();
  } catch (error) {
    return error as Error;
  }
}
const [from, to, fault] = process.argv.slice(2);
const start = performance.now();
let failed = 0;
const total: Counts = { lives: 0, steps: 0, messages: 0, deliveries: 0, recovered: 0, failures: 0 };
if (process.env['TRACE']) {
  const lines: string[] = [];
  await new Simulation({ seed: Number(from), fault: fault as Fault, trace: line => lines.push(line) })
    .run()
    .catch(e => lines.push(e.stack));
  console.log(lines.join('\n'));
  process.exit();
}
for (let seed = Number(from); seed < Number(to); seed++) {
  const result = await run(seed, fault as Fault | undefined);
  if (result instanceof Error) {
    failed++;
    console.log(seed, result.stack?.slice(0, 700));
    if (failed > 5) break;
  } else for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += result[key];
}
console.log(failed, total, ((Number(to) - Number(from)) / (performance.now() - start)) * 1000, faults.length);
