// What `npm test` runs: the groups of tests, where they live, and how long each may take on two cores.
/**
 * @typedef {object} Group
 * @property {string} name What `npm test -- NAME` calls it.
 * @property {string[]} paths Folders (ending in /) and files with its tests.
 * @property {number} budget Minutes it should take on two cores; at three times that it is killed.
 * @property {boolean} [packages] Whether its tests use programs from Debian packages.
 * @property {boolean} [alone] Whether its files run one after the other, since each starts brokers of its own.
 */

/** @type {readonly Group[]} */
export const groups = [
  { name: 'unit', paths: ['test/unit/', 'test/model/', 'test/architecture.test.ts'], budget: 1 },
  { name: 'simulation', paths: ['test/simulation/'], budget: 3 },
  { name: 'conformance', paths: ['test/conformance/'], budget: 4, packages: true, alone: true },
  { name: 'torture', paths: ['test/torture/'], budget: 2, packages: true, alone: true },
  { name: 'interop', paths: ['test/interop/'], budget: 2, packages: true, alone: true },
  { name: 'faults', paths: ['test/faults/'], budget: 2, alone: true },
  { name: 'cli', paths: ['test/cli/'], budget: 1 },
  { name: 'browser', paths: ['test/ui/'], budget: 3, packages: true, alone: true },
  { name: 'http', paths: ['test/http/'], budget: 3, packages: true, alone: true },
];

/** Minutes for what is not a group of tests: packages and build, the static checks, the short form on another Node. */
export const budgets = { setUp: 4, checks: 1, otherNode: 2 };

/** How often a budget may be spent before the part is killed. */
export const hardLimit = 3;

/** Static checks, each counted as one test: a name and a command of node_modules/.bin. */
export const checks = [
  { name: 'biome check', command: ['biome', 'check', '.'] },
  { name: 'tsc --noEmit', command: ['tsc', '--noEmit'] },
  { name: 'tsc --noEmit -p ui', command: ['tsc', '--noEmit', '-p', 'ui'] },
  { name: 'knip', command: ['knip', '--no-progress', '--no-config-hints'] },
];
