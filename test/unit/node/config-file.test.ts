// The form of rabbitmq.conf, line by line.
import { expect, it } from 'vitest';
import { parseConfigFile, showPath } from '../../../src/node/config-file.ts';

const one = (line: string) => {
  const { lines, problems } = parseConfigFile(line);
  return problems[0]?.reason ?? [lines[0]?.path, lines[0]?.value];
};

it.each([
  ['heartbeat = 60', ['heartbeat'], '60'],
  ['  log.console.level=debug  ', ['log', 'console', 'level'], 'debug'],
  ['a = b = c', ['a'], 'b = c'],
  ['a = one # comment', ['a'], 'one'],
  ['a = ab#cd', ['a'], 'ab'],
  ['a = "ab#cd"', ['a'], 'ab#cd'],
  ["a = 'it # is' # comment", ['a'], 'it # is'],
  ['a = "^a\\.b$"', ['a'], '^a\\.b$'],
  ['a =', ['a'], ''],
  ['permissions."my.vhost".alice.read = .*', ['permissions', 'my.vhost', 'alice', 'read'], '.*'],
  ['permissions./.alice.read = .*', ['permissions', '/', 'alice', 'read'], '.*'],
  ['vhosts.my\\.vhost = true', ['vhosts', 'my.vhost'], 'true'],
])('%s', (line, path, value) => expect(one(line)).toEqual([path, value]));

it.each([
  ['heartbeat 60', /form key = value/],
  ['[{rabbit, []}].', /form key = value/],
  ['a. = 1', /form key = value/],
  ['a = "open', /not closed/],
])('%s is told', (line, reason) => expect(one(line)).toMatch(reason));

it('skips comments and empty lines, and counts them', () => {
  const { lines } = parseConfigFile('\ufeff# top\r\n\r\n  # indented\r\na = 1\r\n');
  expect(lines).toEqual([{ path: ['a'], value: '1', line: 4 }]);
});

it('shows a path as one would write it', () => {
  expect(showPath(['vhosts', 'my.vhost'])).toBe('vhosts."my.vhost"');
  expect(showPath(['vhosts', '/'])).toBe('vhosts./');
});
