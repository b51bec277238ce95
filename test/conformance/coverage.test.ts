// The coverage table has no gap, and the pages made from it are fresh. `ORACLE_WRITE=1` writes them.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { conformancePage, coverage, differencesTable, outcomes } from './coverage.ts';
import { scenarios } from './scenario.ts';
import './scenarios/index.ts';
import { methods } from './wire-methods.ts';

const docs = path.resolve(import.meta.dirname, '../../docs');
const stale = 'run: ORACLE_WRITE=1 npx vitest run test/conformance/coverage.test.ts';
const write = process.env['ORACLE_WRITE'] === '1';
const [begin, end] = ['<!-- differences: generated from the conformance suite -->', '<!-- end of differences -->'];

describe('coverage of the conformance suite', () => {
  test('every row has a scenario', () => {
    const gaps = [...coverage(scenarios)].filter(([, list]) => list.length === 0).map(([row]) => row);
    expect(gaps).toEqual([]);
  });

  test('every method has a row', () => {
    expect(Object.keys(outcomes).sort()).toEqual(methods.map(method => method.name).sort());
  });

  test('every scenario covers something', () => {
    expect(scenarios.filter(({ covers }) => covers.length === 0).map(({ id }) => id)).toEqual([]);
    expect(scenarios.length).toBeGreaterThanOrEqual(600);
  });

  test('docs/conformance.md is fresh', () => {
    const file = path.join(docs, 'conformance.md');
    const page = conformancePage(scenarios);
    if (write) fs.writeFileSync(file, page);
    expect(fs.readFileSync(file, 'utf8') === page, stale).toBe(true);
  });

  test('docs/compatibility.md lists every intended difference', () => {
    const file = path.join(docs, 'compatibility.md');
    const page = fs.readFileSync(file, 'utf8');
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    expect(from >= 0 && to > from, `${file} lacks the lines "${begin}" and "${end}"`).toBe(true);
    const fresh = `${page.slice(0, from)}${begin}\n\n${differencesTable(scenarios)}\n\n${page.slice(to)}`;
    if (write) fs.writeFileSync(file, fresh);
    expect(fs.readFileSync(file, 'utf8') === fresh, stale).toBe(true);
  });
});
