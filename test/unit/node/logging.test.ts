// The log's two forms, its levels, and what it hides.
import { expect, it } from 'vitest';
import { createLog } from '../../../src/node/logging.ts';
import { Secret } from '../../../src/node/secret.ts';

it('writes JSON lines from its level on', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'warning', pretty: false, write: line => lines.push(line) });
  log.debug('no');
  log.info('no');
  log.warning('disk is slow', { ms: 12 });
  log.error('broken', { err: new Error('why') });
  expect(lines).toHaveLength(2);
  expect(lines.every(line => line.endsWith('\n'))).toBe(true);
  const [warning, error] = lines.map(line => JSON.parse(line));
  expect(warning).toEqual({
    level: 'warning',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    ms: 12,
    msg: 'disk is slow',
  });
  expect(error).toMatchObject({ level: 'error', msg: 'broken', err: { message: 'why', stack: expect.any(String) } });
});

it('none means none', () => {
  const lines: string[] = [];
  createLog({ level: 'none', write: line => lines.push(line) }).error('x');
  expect(lines).toEqual([]);
});

it('is readable on a terminal', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', pretty: true, write: line => lines.push(line) });
  log.info('accepting', { peer: '127.0.0.1', count: 2 });
  log.error('broken', { err: new Error('why') });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken out
  const plain = lines.map(line => line.replace(/\x1b\[\d+m/g, ''));
  expect(lines[0]).toContain('\x1b[32m');
  expect(plain[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {4}accepting peer=127\.0\.0\.1 count=2\n$/);
  expect(plain[1]).toMatch(/error {3}broken\nError: why\n {4}at /);
});

it('hides secrets', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', pretty: false, write: line => lines.push(line) });
  log.info('a', { password: 'hush', user: { passwordHash: 'hush', name: 'x' }, pass: new Secret('hush') });
  expect(lines[0]).not.toContain('hush');
  expect(JSON.parse(lines[0]!)).toMatchObject({ password: '(hidden)', user: { name: 'x' }, pass: '(hidden)' });
});
