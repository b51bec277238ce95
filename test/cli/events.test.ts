// `leveret events` against a broker process whose event exchange is off.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Program } from '../unit/cli/program.ts';
import { CliBroker } from './broker.ts';

let broker: CliBroker;

beforeAll(async () => {
  broker = await CliBroker.start();
});
afterAll(() => broker.stop());

async function watching(...args: readonly string[]): Promise<Program> {
  const program = new Program(['events', ...args], { env: { LEVERET_URL: broker.url() } });
  await program.sees(/watching the events of http/, 'stderr');
  return program;
}

it('tells events whose keys match, a line each', async () => {
  const program = await watching('--key', 'queue.*', '--count', '2');
  await broker.prints('declare', 'queue', 'told');
  await broker.prints('delete', 'queue', 'told', '--yes');
  const { code, stdout } = await program.ended;
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}queue\.created {2}user_who_performed_action=guest {2}.*name=told/,
  );
  expect(lines[1]).toMatch(/queue\.deleted .*name=told {2}vhost=\//);
});

it('prints an event per line with --json, and no password', async () => {
  const program = await watching('--key', 'user.authentication.failure', '--json', '--count', '1');
  await expect(broker.connect('wrong', 'guest:the-wrong-one')).rejects.toThrow();
  const { stdout } = await program.ended;
  expect(JSON.parse(stdout)).toMatchObject({
    event: 'user.authentication.failure',
    headers: { name: 'guest', auth_mechanism: 'PLAIN', ssl: false },
  });
  expect(stdout).not.toContain('the-wrong-one');
});

it('is for who may monitor', async () => {
  const { origin } = new URL(broker.url());
  await fetch(`${origin}/api/users/visitor`, {
    method: 'PUT',
    headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
    body: JSON.stringify({ password: 'secret', tags: 'management' }),
  });
  const { code, stderr } = await broker.leveret(['events', '--url', broker.url('visitor', 'secret')]);
  expect(code).toBe(4);
  expect(stderr).toContain("user 'visitor' may not do this");
});
