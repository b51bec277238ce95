// Who gets the room under a prefetch that a channel's consumers share.
import { expect, test } from 'vitest';
import { SessionBench } from './bench.ts';

test('room under a global prefetch goes to the queues of a channel in turn', async () => {
  const bench = await SessionBench.open();
  bench.send(1, 'basic.qos', { prefetchCount: 1, global: true });
  const queues = ['one', 'two', 'three'];
  for (const queue of queues) {
    bench.send(1, 'queue.declare', { queue });
    bench.send(1, 'basic.consume', { queue, consumerTag: queue });
  }
  for (let n = 0; n < 4; n++) for (const queue of queues) bench.publish(1, queue, Buffer.from('x'));
  for (let deliveryTag = 1; deliveryTag < 7; deliveryTag++) bench.send(1, 'basic.ack', { deliveryTag });
  const tags = bench.sent.filter(({ what }) => what === '1 basic.deliver').map(({ fields }) => fields['consumerTag']);
  expect(tags).toEqual(['one', 'two', 'three', 'one', 'two', 'three', 'one']);
});
