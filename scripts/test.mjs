// `npm test`: sets up what the tests need, runs them group by group and ends with the line `N passed, N failed`.
// `npm test -- unit` runs the groups named only (`checks` is one of them). With CI=true a missing part is a failure.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, files } from './test/build.mjs';
import { aptLine, canInstall, install, missingPackages } from './test/debian.mjs';
import { budgets, checks, groups, hardLimit } from './test/groups.mjs';
import { killAll, run } from './test/run.mjs';
import { Tally } from './test/tally.mjs';

const ci = !['', 'false', '0'].includes(process.env.CI ?? '');
const tally = new Tally();
const scratch = mkdtempSync(join(tmpdir(), 'leveret-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])) {
  process.on(signal, () => {
    killAll();
    process.exit(code);
  });
}
process.chdir(join(import.meta.dirname, '..'));

await main(process.argv.slice(2));
process.exitCode = tally.good ? 0 : 1;
process.stdout.write(tally.summary());

/** @param {string[]} names Groups to run; all when empty. */
async function main(names) {
  const known = ['checks', ...groups.map(group => group.name)];
  const unknown = names.filter(name => !known.includes(name));
  if (unknown.length > 0) {
    tally.fail(
      `npm test -- ${names.join(' ')}`,
      `there is no group ${unknown.join(', ')}; the groups are ${known.join(', ')}`,
    );
    return;
  }
  const wanted = (/** @type {string} */ name) => names.length === 0 || names.includes(name);
  const tests = testFiles();
  const chosen = groups.filter(group => wanted(group.name) && tests.some(file => belongs(file, group)));
  for (const name of names.filter(name => name !== 'checks' && !chosen.some(group => group.name === name))) {
    tally.fail(name, 'there are no tests in this group yet');
  }

  const built = await tally.timed('set-up', budgets.setUp, () => setUp(chosen.some(group => group.packages)));
  if (wanted('checks')) await tally.timed('checks', budgets.checks, () => check(tests));
  if (!built) return;
  for (const group of chosen) {
    await tally.timed(group.name, group.budget, () => test(group.name, group, process.execPath));
  }
  const node = process.env.LEVERET_NODE24;
  if (node && names.length === 0) await tally.timed('on Node 24', budgets.otherNode, () => shortForm(node, '24'));
}

/**
 * Installs the packages and builds.
 * @param {boolean} packages
 * @returns {Promise<boolean>} Whether there is a build to test.
 */
async function setUp(packages) {
  const limitMs = limit(budgets.setUp);
  let missing = packages ? missingPackages() : [];
  if (missing.length > 0 && canInstall()) {
    console.log(`Installing ${missing.join(', ')} with apt`);
    const failure = await install(missing, limitMs);
    if (failure) tally.fail('set-up: Debian packages', failure);
    missing = missingPackages();
  }
  if (missing.length > 0) {
    if (ci) tally.fail('set-up: Debian packages', `missing: ${missing.join(', ')}`);
    tally.wishes.push(`Tests that need programs missing here were left out. To have them: ${aptLine(missing)}`);
  }
  const failure = await build(limitMs);
  if (failure) tally.fail('set-up: build', failure);
  return failure === '';
}

/**
 * The static checks, a line each.
 * @param {string[]} tests
 */
async function check(tests) {
  const stray = tests.filter(file => !groups.some(group => belongs(file, group)));
  const why = `in no group of scripts/test/groups.mjs, so never run: ${stray.join(', ')}`;
  report('every test is in a group', stray.length === 0, why);
  for (const { name, command } of checks) {
    const [program = '', ...rest] = command;
    const result = await run([`node_modules/.bin/${program}`, ...rest], {
      limitMs: limit(budgets.checks),
      quiet: true,
    });
    report(name, result.code === 0, `${result.ending}\n${result.output.trim()}`);
  }
}

/**
 * Counts and prints one check.
 * @param {string} name
 * @param {boolean} good
 * @param {string} why
 */
function report(name, good, why) {
  if (good) tally.pass();
  else tally.fail(name, why);
  console.log(good ? ` ok  ${name}` : `FAIL ${name} (why: at the end)`);
}

/**
 * Runs one group of tests with vitest.
 * @param {string} name As reports call it.
 * @param {import('./test/groups.mjs').Group} group
 * @param {string} node The Node to run on, by its path.
 * @param {Record<string, string>} [env]
 */
async function test(name, group, node, env = {}) {
  console.log(`\n== ${name}`);
  const file = join(scratch, `${name.replaceAll(' ', '-')}.jsonl`);
  const options = [
    '--reporter=default',
    '--reporter=./scripts/reporter.mjs',
    ...(group.alone ? ['--no-file-parallelism'] : []),
  ];
  const result = await run([node, 'node_modules/vitest/vitest.mjs', 'run', ...options, ...group.paths], {
    env: { ...env, LEVERET_TEST_REPORT: file },
    limitMs: limit(group.budget),
  });
  tally.addReport(name, file, result);
  if (result.left.length > 0) tally.fail(name, `left running, and killed: ${result.left.join(', ')}`);
}

/**
 * The short form on another Node: the unit tests, and a broker that takes and gives a message.
 * @param {string} node
 * @param {string} version Its major version, which a test asserts.
 */
async function shortForm(node, version) {
  if (!existsSync(node)) {
    tally.fail(`Node ${version}`, `LEVERET_NODE24 names ${node}, which is not there`);
    return;
  }
  const unit = groups.find(group => group.name === 'unit');
  if (unit) await test(`unit on Node ${version}`, unit, node, { LEVERET_NODE: version });
  const result = await run([node, 'scripts/smoke.mjs'], { limitMs: limit(budgets.checks), quiet: true });
  report(`smoke on Node ${version}`, result.code === 0, `${result.ending}\n${result.output.trim()}`);
}

/** Every test file, by its path from the root of the project. */
function testFiles() {
  return files('test')
    .filter(file => file.endsWith('.test.ts'))
    .map(file => `test/${file}`);
}

/**
 * @param {string} file
 * @param {import('./test/groups.mjs').Group} group
 */
function belongs(file, group) {
  return group.paths.some(path => (path.endsWith('/') ? file.startsWith(path) : file === path));
}

/** @param {number} budget In minutes. */
function limit(budget) {
  return budget * hardLimit * 60_000;
}
