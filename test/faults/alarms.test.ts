// Too little memory or disk: publishers are stopped and told, everybody else goes on, and every place says why.
import { expect, it, onTestFinished } from 'vitest';
import { Broker, eventually } from './broker.ts';

function options(setting: string, value: string, disk: boolean): Parameters<typeof Broker.start>[0] {
  return { env: { [setting]: value, LEVERET_PROMETHEUS_PORT: 'off' }, disk };
}

const cases = [
  ['memory', options('LEVERET_VM_MEMORY_HIGH_WATERMARK_ABSOLUTE', '1000', false), 'mem_alarm', 'memory_used'],
  ['disk', options('LEVERET_DISK_FREE_LIMIT_ABSOLUTE', '1000TB', true), 'disk_free_alarm', 'free_disk_space'],
] as const;

it.each(cases)('too little %s stops publishers, and is told everywhere', async (resource, settings, field, metric) => {
  const broker = await Broker.start(settings);
  const channel = await broker.channel();
  await channel.call('queue.declare', { queue: 'q' });
  channel.publish('', 'q', 'waits');
  await channel.wire.expect(0, 'connection.blocked', { reason: `low on ${resource}` });
  const other = await broker.channel();
  await other.gotNothing('q');
  await broker.logged('warning', new RegExp(`^${resource} resource limit alarm set on node `));
  expect(await broker.health()).toEqual({
    status: 503,
    body: { status: 'failed', reason: expect.stringMatching(/the (watermark|limit) is at|the limit is/) },
  });
  const check = await broker.ask('/health/checks/local-alarms');
  expect(check).toMatchObject({ status: 503, body: { status: 'failed', alarms: [{ resource }] } });
  const [node] = (await broker.ask('/nodes')).body as Record<string, unknown>[];
  expect(node).toMatchObject({ [field]: true });
  const alarms = await broker.ask('/alarms');
  expect(alarms.body).toMatchObject([{ resource, set_by: 'watermark', reason: expect.stringContaining('MiB') }]);
  const metrics = await fetch(`http://127.0.0.1:${broker.managementPort}/metrics`, {
    headers: { authorization: `Basic ${btoa('guest:guest')}` },
  });
  expect(await metrics.text()).toMatch(new RegExp(`^rabbitmq_alarms_${metric}_watermark 1$`, 'm'));
  const connections = await eventually(
    async () => (await broker.ask('/connections')).body as { state: string }[],
    list => list.length === 2,
    'both connections',
  );
  expect(connections.map(({ state }) => state).sort()).toEqual(['blocked', 'blocking']);
});

it('an alarm set by hand: a worker that publishes and acknowledges on one connection gets on', async () => {
  const broker = await Broker.start();
  const drill = async (method: string, body?: object): Promise<void> => {
    expect(await broker.ask('/alarms/memory', method, body)).toMatchObject({ status: 204 });
  };
  const producer = await broker.channel();
  await producer.call('queue.declare', { queue: 'tasks' });
  await producer.call('queue.declare', { queue: 'results' });
  const count = 50;
  for (let n = 1; n <= count; n++) producer.publish('', 'tasks', `task ${n}`);
  await producer.sync();
  await drill('PUT', { set: true });
  onTestFinished(() => drill('DELETE').catch(() => {}));
  const worker = await broker.channel();
  await worker.call('basic.qos', { prefetchCount: 1 });
  await worker.consume('tasks', 'worker');
  for (let n = 1; n <= count; n++) {
    await worker.delivered('worker', n, 'tasks', `task ${n}`);
    worker.publish('', 'results', `result ${n}`);
    worker.ack(n);
  }
  await worker.wire.expect(0, 'connection.blocked', { reason: 'low on memory' });
  await producer.gotNothing('results');
  await drill('DELETE');
  await worker.wire.expect(0, 'connection.unblocked', {});
  await eventually(
    async () => Number((await producer.call('queue.declare', { queue: 'results', passive: true }))['messageCount']),
    n => n === count,
    'all results',
  );
  await producer.gotNothing('tasks');
});

it('only an administrator may set an alarm by hand, and only of what there is', async () => {
  const broker = await Broker.start();
  await broker.ask('/users/monitor', 'PUT', { password: 'secret', tags: 'monitoring' });
  expect(await broker.ask('/alarms/disk', 'PUT', { set: true }, 'monitor:secret')).toMatchObject({ status: 401 });
  expect(await broker.ask('/alarms/disk', 'DELETE', undefined, 'monitor:secret')).toMatchObject({ status: 401 });
  expect(await broker.ask('/alarms/cpu', 'PUT', { set: true })).toMatchObject({ status: 404 });
  expect(await broker.ask('/alarms/disk', 'PUT', { set: 'often' })).toMatchObject({ status: 400 });
  expect(await broker.ask('/alarms', 'GET', undefined, 'monitor:secret')).toEqual({ status: 200, body: [] });
});
