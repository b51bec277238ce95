// docs/operations.md explains every setting there is. `DOCS_WRITE=1` writes the tables.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KEYS, type Key, NAMED_KEYS, type NamedKey } from '../../../src/node/config-keys.ts';

const page = path.resolve(import.meta.dirname, '../../../docs/operations.md');
const [begin, end] = ['<!-- settings: generated from src/node/config-keys.ts -->', '<!-- end of settings -->'];

it('docs/operations.md lists every setting as the program has it', () => {
  const text = fs.readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  expect(from, `the mark ${begin}`).toBeGreaterThan(0);
  expect(to, `the mark ${end}`).toBeGreaterThan(from);
  const fresh = `${text.slice(0, from)}${begin}\n\n${settings()}\n\n${text.slice(to)}`;
  if (process.env['DOCS_WRITE'] === '1') fs.writeFileSync(page, fresh);
  expect(fs.readFileSync(page, 'utf8') === fresh, 'run: DOCS_WRITE=1 npx vitest run test/unit/docs').toBe(true);
});

function settings(): string {
  const single = (Object.values(KEYS) as Key<unknown>[]).map(key => [
    key.key === undefined ? '`listeners.tcp.$name`' : code(key.key, ...(key.aliases ?? [])),
    code(...key.env),
    key.flag === undefined ? '' : code(key.flag.split(' ')[0] as string),
    key.help,
    key.kind.takes,
    String(key.fallbackShown ?? key.fallback),
  ]);
  const named = (Object.values(NAMED_KEYS) as NamedKey<unknown>[]).map(({ pattern, help, kind }) => [
    code(pattern),
    help.replace(/^\.\.\. /, 'the same user, '),
    kind.takes,
  ]);
  return [
    ...table(['key in a file', 'environment', 'flag', 'what it is', 'takes', 'without it'], single),
    '',
    'In a config file only, once per name:',
    '',
    ...table(['key in a file', 'what it is', 'takes'], named),
  ].join('\n');
}

function table(heads: string[], rows: string[][]): string[] {
  const all = [heads, ...rows].map(row => row.map(cell => cell.replaceAll('|', '\\|')));
  const widths = heads.map((_, column) => Math.max(...all.map(row => (row[column] as string).length)));
  const line = (row: string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  const [head, ...body] = all.map(line);
  return [head as string, `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...body];
}

function code(...words: string[]): string {
  return words.map(word => `\`${word}\``).join(', ');
}
