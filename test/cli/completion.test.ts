// Completion: what `leveret __complete` answers, and that the shells take their scripts and use it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../unit/cli/program.ts';
import { CliBroker } from './broker.ts';

let broker: CliBroker;
const bin = mkdtempSync(join(tmpdir(), 'leveret-completion-'));
beforeAll(async () => {
  broker = await CliBroker.start();
  await broker.prints('declare', 'queue', 'task_queue');
  await broker.prints('declare', 'queue', 'two words');
  const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
  writeFileSync(join(bin, 'leveret'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
});
afterAll(async () => {
  await broker.stop();
  rmSync(bin, { recursive: true, force: true });
});

const complete = async (...words: readonly string[]): Promise<string[]> =>
  (await broker.prints('__complete', '--', ...words)).split('\n').flatMap(line => line.split('\t')[0] || []);
const shell = (command: string, args: readonly string[]) =>
  spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}`, LEVERET_URL: broker.url() },
  });
const lacksShell = (name: string): boolean => spawnSync(name, ['-c', 'true']).status !== 0;

it('completes commands, what is below them, options and their values', async () => {
  expect(await complete('pu')).toEqual(['publish', 'purge']);
  expect(await complete('help', 'pee')).toEqual(['peek']);
  expect(await complete('list', 'con')).toEqual(['connections', 'consumers']);
  expect(await complete('peek', 'q', '--st')).toEqual(['--state']);
  expect(await complete('peek', 'q', '--state', 'un')).toEqual(['unacked']);
  expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(await complete('nonsense', '')).toEqual([]);
  expect(await complete()).toContain('start');
  expect(await complete('__')).toEqual([]);
});

it('completes names that the broker knows, and nothing without a broker', async () => {
  expect(await complete('purge', 't')).toEqual(['task_queue', 'two words']);
  expect(await complete('move', 'task_queue', 'two')).toEqual(['two words']);
  expect(await complete('get', '--vhost', '')).toEqual(['/']);
  expect(await complete('users', 'delete', '')).toEqual(['guest']);
  expect(await complete('declare', 'queue', '')).toEqual([]);
  expect(await run(['__complete', '--', 'purge', ''], { env: { LEVERET_URL: 'http://127.0.0.1:2' } })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

it('bash', async () => {
  const source = await broker.prints('completion', 'bash');
  const at = (...words: string[]) =>
    `COMP_WORDS=(leveret ${words.map(word => `'${word}'`).join(' ')}) COMP_CWORD=${words.length}; _leveret; printf '%s,' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = shell('bash', ['--norc', '-c', `${source}\n${at('purge', 't')}; ${at('li')}`]);
  expect([stdout, stderr]).toEqual(['task_queue,two\\ words,list,limits,', '']);
});

it.skipIf(lacksShell('zsh'))('zsh', async () => {
  const source = await broker.prints('completion', 'zsh');
  const { stdout, stderr } = shell('zsh', [
    '-f',
    '-c',
    `autoload -U compinit && compinit -u -D\n${source}\n_describe() { printf '%s,' "\${found[@]}" }\nwords=(leveret purge t) CURRENT=3; _leveret`,
  ]);
  expect([stdout, stderr]).toEqual(['task_queue:queue,two words:queue,', '']);
});

it.skipIf(lacksShell('fish'))('fish', async () => {
  const source = await broker.prints('completion', 'fish');
  const { stdout, stderr } = shell('fish', ['--no-config', '-c', `${source}\ncomplete -C 'leveret purge t'`]);
  expect([stdout, stderr]).toEqual(['task_queue\tqueue\ntwo words\tqueue\n', '']);
});
