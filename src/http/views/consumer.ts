// A consumer as RabbitMQ shows it.
import type { Consumer } from '../../broker/consumer.ts';
import type { Channel } from '../../session/channel.ts';
import { jsonOf } from '../amqp-json.ts';
import type { Management } from '../management.ts';
import { channelName } from './channel.ts';

export function consumerView(consumer: Consumer, management: Management): object {
  const channel = consumer.channel as Channel;
  const { connection } = channel;
  const { singleActiveConsumer } = consumer.queue.settings;
  const active = !singleActiveConsumer || consumer.queue.activeConsumer === consumer;
  return {
    arguments: jsonOf(consumer.arguments),
    ack_required: !consumer.noAck,
    active,
    activity_status: !singleActiveConsumer ? 'up' : active ? 'single_active' : 'waiting',
    channel_details: {
      connection_name: connection.name,
      name: channelName(channel),
      node: management.node,
      number: channel.number,
      peer_host: connection.peer.host,
      peer_port: connection.peer.port,
      user: channel.user.name,
    },
    consumer_tag: consumer.tag,
    exclusive: consumer.exclusive,
    prefetch_count: consumer.prefetch,
    queue: { name: consumer.queue.name, vhost: consumer.queue.vhost },
  };
}
