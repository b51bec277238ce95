// Counts what passed, failed and was skipped, keeps the times, and says it all at the end.
import { existsSync, readFileSync } from 'node:fs';

export class Tally {
  passed = 0;
  skipped = 0;
  /** @type {{ where: string, why: string }[]} */
  failures = [];
  /** Suites with skipped tests: name and number. @type {Map<string, number>} */
  leftOut = new Map();
  /** What the user could do to have more run. @type {string[]} */
  wishes = [];
  /** @type {{ name: string, ms: number, budget: number }[]} */
  times = [];

  pass() {
    this.passed++;
  }

  /**
   * @param {string} where
   * @param {string} why
   */
  fail(where, why) {
    this.failures.push({ where, why });
  }

  /**
   * @param {string} suite
   */
  skip(suite) {
    this.skipped++;
    this.leftOut.set(suite, (this.leftOut.get(suite) ?? 0) + 1);
  }

  /**
   * Times a part of the run against its budget in minutes.
   * @template T
   * @param {string} name
   * @param {number} budget
   * @param {() => Promise<T>} part
   */
  async timed(name, budget, part) {
    const began = performance.now();
    try {
      return await part();
    } finally {
      this.times.push({ name, budget, ms: performance.now() - began });
    }
  }

  /**
   * Adds what vitest reported. A run that was cut short, failed without a failure, or tested nothing is a failure.
   * @param {string} group
   * @param {string} report The file our reporter wrote.
   * @param {{ code: number | null, ending: string, overran: boolean }} result How vitest ended.
   */
  addReport(group, report, result) {
    const before = { failures: this.failures.length, tests: this.passed + this.skipped };
    const open = new Set();
    let complete = false;
    for (const line of existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : []) {
      const record = JSON.parse(line);
      if (record.kind === 'start') open.add(record.file);
      if (record.kind === 'done') open.delete(record.file);
      if (record.kind === 'end') complete = true;
      if (record.kind === 'broken') this.fail([record.file, record.name].filter(Boolean).join(' > '), record.why);
      if (record.kind === 'test') this.#addTest(record);
    }
    const failures = this.failures.length - before.failures;
    if (result.overran || !complete) {
      this.fail(group, `vitest ${result.ending}${open.size > 0 ? ` during ${[...open].join(', ')}` : ''}`);
    } else if (result.code !== 0 && failures === 0) {
      this.fail(group, `vitest ${result.ending}, but no test failed`);
    } else if (failures === 0 && this.passed + this.skipped === before.tests) {
      this.fail(group, 'there was no test in it');
    }
  }

  /** @param {{ file: string, name: string, suite: string, state: string, why: string }} record */
  #addTest({ file, name, suite, state, why }) {
    if (state === 'passed') this.pass();
    else if (state === 'skipped') this.skip(`${file} > ${suite}`);
    else this.fail(`${file} > ${name}`, why || `the test was ${state} at the end`);
  }

  /** The table of times, what was left out, what failed, and the line of counts, which is the last. */
  summary() {
    const lines =
      this.times.length === 0 ? [] : ['', `${'part'.padEnd(20)}${'took'.padStart(10)}${'budget'.padStart(10)}`];
    for (const { name, ms, budget } of this.times) {
      const over = ms > budget * 60_000 ? '  over its budget' : '';
      lines.push(
        `${name.padEnd(20)}${`${(ms / 1000).toFixed(1)} s`.padStart(10)}${`${budget * 60} s`.padStart(10)}${over}`,
      );
    }
    if (this.leftOut.size > 0) lines.push('', 'Left out:');
    for (const [suite, count] of this.leftOut) lines.push(`  ${suite} (${count} ${count === 1 ? 'test' : 'tests'})`);
    if (this.wishes.length > 0) lines.push('', ...this.wishes);
    if (this.failures.length > 0) lines.push('', 'Failed:');
    for (const { where, why } of this.failures)
      lines.push(`  ${where}`, ...why.split('\n').map(line => `      ${line}`));
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : '';
    return [...lines, '', `${this.passed} passed, ${this.failures.length} failed${skipped}`, ''].join('\n');
  }

  /** Whether the run may be called good: something ran and nothing failed. */
  get good() {
    return this.failures.length === 0 && this.passed > 0;
  }
}
