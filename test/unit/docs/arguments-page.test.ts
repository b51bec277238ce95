// docs/arguments.md has every argument and policy key that there is. `DOCS_WRITE=1` writes the tables.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type ArgumentRow, argumentTable, type Winner } from '../../../src/broker/argument-table.ts';
import { patternLengthMax } from '../../../src/broker/policy.ts';

const page = path.resolve(import.meta.dirname, '../../../docs/arguments.md');
const [begin, end] = ['<!-- arguments: generated from src/broker/argument-table.ts -->', '<!-- end of arguments -->'];

it('docs/arguments.md lists every argument and policy key as the broker has it', () => {
  const text = fs.readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  expect(from, `the mark ${begin}`).toBeGreaterThan(0);
  expect(to, `the mark ${end}`).toBeGreaterThan(from);
  const fresh = `${text.slice(0, from)}${begin}\n\n${tables()}\n\n${text.slice(to)}`;
  if (process.env['DOCS_WRITE'] === '1') fs.writeFileSync(page, fresh);
  expect(fs.readFileSync(page, 'utf8') === fresh, 'run: DOCS_WRITE=1 npx vitest run test/unit/docs').toBe(true);
  expect(fresh).toContain(`at most ${patternLengthMax.toLocaleString('en')} characters`);
});

function tables(): string {
  const of = (on: ArgumentRow['on'][number]): ArgumentRow[] =>
    argumentTable.filter(row => row.argument !== undefined && row.on.includes(on));
  return [
    '## Queues',
    '',
    ...table(['argument', 'takes', 'types', 'compared', 'policy key', 'what it means'], of('queue').map(queueRow)),
    '',
    '## Consumers',
    '',
    ...table(
      ['argument', 'takes', 'types', 'what it means'],
      of('consumer').map(row => [code(row.argument), row.kind.shown, types(row), row.meaning]),
    ),
    '',
    '## Exchanges',
    '',
    ...table(
      ['argument', 'takes', 'compared', 'policy key', 'what it means'],
      of('exchange').map(row => [code(row.argument), row.kind.shown, yes(row), code(row.key), row.meaning]),
    ),
    '',
    '## Policy keys',
    '',
    ...table(
      ['key', 'takes', 'beside an argument', 'in operator policies', 'leaves alone', 'what it means'],
      argumentTable.filter(({ key }) => key !== undefined).map(keyRow),
    ),
  ].join('\n');
}

function queueRow(row: ArgumentRow): string[] {
  return [code(row.argument), row.kind.shown, types(row), yes(row), code(row.key), row.meaning];
}

function keyRow(row: ArgumentRow): string[] {
  const wins: Record<Winner, string> = {
    lower: 'the lower holds',
    argument: 'the argument holds',
    policy: 'the policy holds',
  };
  const beside = row.argument === undefined || row.wins === undefined ? '' : wins[row.wins];
  const quorum = row.quorumWins === undefined ? '' : `; of a quorum queue ${wins[row.quorumWins]}`;
  const operator = { lower: 'the lower holds', operator: "the operator's holds" };
  return [
    code(row.key),
    row.kind.shown,
    beside + quorum,
    row.operator === undefined ? 'no' : operator[row.operator],
    (row.policySkips ?? []).join(', '),
    row.meaning,
  ];
}

function types({ types: all = [] }: ArgumentRow): string {
  return all.join(', ');
}

function yes({ compared }: ArgumentRow): string {
  return compared === true ? 'yes' : 'no';
}

function code(name: string | undefined): string {
  return name === undefined ? '' : `\`${name}\``;
}

function table(heads: string[], rows: string[][]): string[] {
  const widths = heads.map((_, column) => Math.max(...[heads, ...rows].map(row => (row[column] as string).length)));
  const line = (row: string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  const [head, ...body] = [heads, ...rows].map(line);
  return [head as string, `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...body];
}
