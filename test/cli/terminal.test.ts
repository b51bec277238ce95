// What only shows on a terminal: tables of its width, colours, questions, typed passwords, and `leveret top` live.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliBroker } from './broker.ts';
import { hasTerminals, Terminal } from './terminal.ts';

let broker: CliBroker;
const long = `a-queue-with-a-name-${'x'.repeat(100)}`;
beforeAll(async () => {
  broker = await CliBroker.start();
  await broker.prints('declare', 'queue', long);
  await broker.prints('declare', 'queue', '漢字の列');
});
afterAll(() => broker.stop());

const open = (args: readonly string[], columns?: number, env: Readonly<Record<string, string>> = {}): Terminal =>
  new Terminal(args, { LEVERET_URL: broker.url(), ...env }, columns, 24);
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about control characters
const codes = /\x1b\[[0-9;?]*[A-Za-z]/g;

describe.skipIf(!hasTerminals())('on a terminal', () => {
  it('a table has its width, cut with …, and bold titles', async () => {
    const terminal = open(['list', 'queues'], 100);
    expect(await terminal.end()).toBe(0);
    const lines = terminal.output.replaceAll(codes, '').trimEnd().split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines.find(line => line.startsWith('a-queue'))).toMatch(/^a-queue-\S*… /);
    // The wide characters take two columns each.
    expect(lines.find(line => line.startsWith('漢'))!.length).toBeLessThanOrEqual(95);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(terminal.output).toContain('\x1b[1m');
  });

  it('elsewhere nothing is cut, and there are no colours; NO_COLOR and a dumb terminal have none either', async () => {
    const printed = await broker.prints('list', 'queues');
    expect(printed).toContain(long);
    expect(printed).not.toContain('\x1b');
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const terminal = open(['list', 'queues'], 70, env);
      await terminal.end();
      expect(terminal.output).not.toContain('\x1b');
    }
  });

  it('what is dangerous asks: anything but yes does nothing', async () => {
    await broker.prints('declare', 'queue', 'asked');
    const no = open(['delete', 'queue', 'asked']);
    await no.sees(/Delete queue 'asked' .*\? \[y\/N\] /);
    no.type('\r');
    expect(await no.end()).toBe(1);
    expect(no.output).toContain('nothing was done');
    expect(await broker.prints('list', 'queues')).toContain('asked');
    const yes = open(['delete', 'queue', 'asked']);
    await yes.sees(/\[y\/N\] /);
    yes.type('y\r');
    expect(await yes.end()).toBe(0);
    expect(await broker.prints('list', 'queues')).not.toContain('asked');
  });

  it('a password is typed twice and never shown', async () => {
    const terminal = open(['users', 'add', 'typed', '--tags', 'management']);
    await terminal.sees(/Password for user 'typed': /);
    terminal.type('gehaim\x7f\x7f\x7fheim\r');
    await terminal.sees(/again: /);
    terminal.type('gehheim\r');
    expect(await terminal.end()).toBe(0);
    expect(terminal.output).not.toMatch(/heim/);
    const env = { LEVERET_URL: broker.url('typed', 'gehheim') };
    expect((await broker.leveret(['list', 'queues'], { env })).code).toBe(0);
    const different = open(['users', 'add', 'other']);
    await different.sees(/Password/);
    different.type('one\r');
    await different.sees(/again: /);
    different.type('two\r');
    expect(await different.end()).toBe(1);
    expect(await broker.prints('users')).not.toContain('other');
  });

  it('top takes the screen, follows keys and gives the screen back', async () => {
    await broker.prints('declare', 'queue', 'aaa');
    const top = open(['top', '--interval', '200ms'], 100);
    await top.sees(/q quit/);
    expect(top.output).toContain('\x1b[?1049h');
    expect(top.output).toMatch(/ready▼/);
    top.type('S');
    await top.sees(/queue▲/);
    top.type('r');
    await top.sees(/queue▼/);
    const before = top.output.length;
    await broker.prints('declare', 'queue', 'zzz-new');
    await top.sees(/zzz-new/, before);
    top.type(' ');
    await top.sees(/paused/, before);
    top.type('q');
    expect(await top.end()).toBe(0);
    expect(top.output.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
  });

  it('top writes only lines that changed', async () => {
    const top = open(['top', '--interval', '200ms'], 100);
    await top.sees(/q quit/);
    const from = top.output.length;
    // The clock in the first line goes on.
    await top.sees(/(\d\d:\d\d:\d\d[\s\S]*){3}/, from);
    const written = top.output.slice(from);
    top.type('\x03');
    expect(await top.end()).toBe(0);
    expect(written).not.toContain('\x1b[2J');
    expect(written).not.toContain('q quit');
  });

  it('top keeps the last character of a line that is cut', async () => {
    const top = open(['top'], 50);
    await top.sees(/…/);
    top.type('q');
    expect(await top.end()).toBe(0);
    expect(top.output.replaceAll('\x1b[0m', '')).not.toContain('…\x1b[K');
  });

  it('top says so when the broker is away, and goes on when it is back', async () => {
    const own = await CliBroker.start();
    const top = new Terminal(['top', '--interval', '200ms'], { LEVERET_URL: own.url() }, 100, 24);
    await top.sees(/q quit/);
    await own.stop();
    await top.sees(/no broker answers|cannot reach/);
    top.type('q');
    expect(await top.end()).toBe(0);
  });
});

it('top --once prints a picture without control codes; without a terminal nothing else is possible', async () => {
  const printed = await broker.prints('top', '--once');
  expect(printed).toMatch(/^Leveret \d.*\n.*queues\n/);
  expect(printed).toMatch(/queue +ready▼ +unacked/);
  expect(printed).not.toContain('\x1b');
  expect((await broker.json('top', '--once')).queues).toContainEqual(expect.objectContaining({ name: long }));
  expect(await broker.leveret(['top'], { input: '' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--once'),
  });
});
