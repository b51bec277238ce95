// The simulator in its short form: 2,000 seeds pass, and each deliberate fault is noticed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const program = '.cache/simulate/test/simulation/main.js';

beforeAll(async () => {
  await run('node_modules/.bin/tsc', ['-p', 'tsconfig.simulate.json']);
});

/** What the simulator prints; its exit code must be 0. */
async function simulate(...options: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [program, '--jobs', '2', ...options], { timeout: 170_000 }).catch(
    (error: { stdout?: string; message: string }) => {
      throw new Error(error.stdout || error.message);
    },
  );
  return stdout;
}

test('2,000 seeds keep the invariants of the journal', async () => {
  expect(await simulate('--seeds', '2000')).toContain('2000 seeds passed');
}, 180_000);

test('each of eleven deliberate faults is noticed', async () => {
  const said = await simulate('--faults');
  expect(said.match(/^noticed /gm)).toHaveLength(11);
}, 180_000);
