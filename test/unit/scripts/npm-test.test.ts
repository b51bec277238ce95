// What `npm test` counts as a failure, and that nothing it starts outlives its limit.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from '../../../scripts/test/run.mjs';
import { Tally } from '../../../scripts/test/tally.mjs';

const folder = mkdtempSync(join(tmpdir(), 'leveret-npm-test-'));
type Ending = Parameters<Tally['addReport']>[2];

afterAll(() => rmSync(folder, { recursive: true }));

describe('the tally', () => {
  const start = { kind: 'start', file: 'a.test.ts' };
  const done = { kind: 'done', file: 'a.test.ts' };
  const end = { kind: 'end' };
  const one = (state: string, why = '') => ({ kind: 'test', file: 'a.test.ts', name: 's > t', suite: 's', state, why });
  const fine: Ending = { code: 0, ending: 'ended with exit code 0', overran: false };

  function tallied(records: readonly object[], result = fine): { last: string; why: string[]; good: boolean } {
    const report = join(folder, 'report.jsonl');
    writeFileSync(report, records.map(record => `${JSON.stringify(record)}\n`).join(''));
    const tally = new Tally();
    tally.addReport('unit', report, result);
    const lines = tally.summary().trimEnd().split('\n');
    return { last: lines.at(-1)!, why: tally.failures.map(({ where, why }) => `${where}: ${why}`), good: tally.good };
  }

  test('is good when tests passed, and its last line has the counts', () => {
    const all = [start, one('passed'), one('passed'), done, end];
    expect(tallied(all)).toEqual({ last: '2 passed, 0 failed', why: [], good: true });
  });

  test('names skipped tests only when there are some, and does not fail for them', () => {
    const all = [start, one('passed'), one('skipped'), done, end];
    expect(tallied(all)).toEqual({ last: '1 passed, 0 failed, 1 skipped', why: [], good: true });
  });

  test.each([
    ['a failed test', [start, one('failed', 'oh'), done, end], fine, 'a.test.ts > s > t: oh'],
    [
      'a test without an end',
      [start, one('pending'), done, end],
      fine,
      'a.test.ts > s > t: the test was pending at the end',
    ],
    [
      'a file that cannot be loaded',
      [start, { kind: 'broken', file: 'a.test.ts', name: '', why: 'no' }, done, end],
      fine,
      'a.test.ts: no',
    ],
    ['an empty group', [end], fine, 'unit: there was no test in it'],
    ['a run without a report', [], { ...fine, code: 1, ending: 'crashed' }, 'unit: vitest crashed'],
    ['a run that ended in the middle', [start], fine, 'unit: vitest ended with exit code 0 during a.test.ts'],
    ['a killed run', [start], { code: null, ending: 'killed', overran: true }, 'unit: vitest killed during a.test.ts'],
    [
      'an exit code without a failed test',
      [start, one('passed'), done, end],
      { ...fine, code: 1, ending: 'gave 1' },
      'unit: vitest gave 1, but no test failed',
    ],
  ])('counts %s as one failure', (_, records, result, why) => {
    const found = tallied(records, result);
    expect(found).toMatchObject({ why: [why], good: false });
    expect(found.last).toMatch(/^\d+ passed, 1 failed$/);
  });

  test('is not good when nothing ran', () => {
    expect(new Tally().good).toBe(false);
  });
});

// Linux only: elsewhere processes are not found by their environment.
describe.runIf(process.platform === 'linux')('a command', () => {
  test('gives its exit code and what it printed', async () => {
    const script = 'console.log(process.env.WORD); process.exit(3)';
    const result = await run([process.execPath, '-e', script], { env: { WORD: 'hare' }, limitMs: 20_000, quiet: true });
    expect(result).toEqual({ code: 3, output: 'hare\n', ending: 'ended with exit code 3', overran: false, left: [] });
  });

  test('that does not exist ends with the reason', async () => {
    const result = await run([join(folder, 'gone')], { limitMs: 20_000, quiet: true });
    expect(result).toMatchObject({ code: null, ending: expect.stringContaining('ENOENT') });
  });

  test('names and ends the processes that it left behind', async () => {
    const leave = "require('child_process').spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref()";
    const result = await run([process.execPath, '-e', leave], { limitMs: 20_000, graceMs: 10 });
    expect(result).toMatchObject({ code: 0, left: [expect.stringMatching(/^sleep 600 \(\d+\)$/)] });
    const pid = Number(/\d+(?=\)$)/.exec(result.left[0]!)![0]);
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('over its limit is killed, with the children that left its process group', async () => {
    // The child holds the pipe: `run` comes back only when it has ended too.
    const child = "require('child_process').spawn('sleep', ['600'], { detached: true, stdio: 'inherit' })";
    const result = await run([process.execPath, '-e', child], { limitMs: 500, quiet: true });
    expect(result).toMatchObject({ overran: true, ending: 'killed after 0.5 s' });
  });
});

function isRunning(pid: number): boolean {
  // A killed process whose parent does not collect it stays as a zombie: state Z.
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
