// A channel as RabbitMQ shows it.
import type { Channel } from '../../session/channel.ts';
import { ofPublishes, valuesOf } from '../counters.ts';
import type { Management } from '../management.ts';
import { idleView } from './idle.ts';
import type { Rates } from './rates.ts';

/** As RabbitMQ names a channel. */
export function channelName({ connection, number }: Channel): string {
  return `${connection.name} (${number})`;
}

export function channelView(channel: Channel, { node, sampler }: Management, rates: Rates): object {
  const { connection, user } = channel;
  return {
    acks_uncommitted: 0,
    confirm: channel.confirms !== undefined,
    connection_details: {
      name: connection.name,
      peer_host: connection.peer.host,
      peer_port: connection.peer.port,
    },
    consumer_count: channel.consumers.size,
    global_prefetch_count: channel.credit.limit,
    ...idleView(sampler, channel),
    message_stats: rates.all(channel, 'msg_rates', valuesOf(ofPublishes, channel.stats)),
    messages_unacknowledged: channel.unsettled.count,
    messages_uncommitted: channel.transaction?.uncommittedPublishes ?? 0,
    messages_unconfirmed: channel.confirms?.unconfirmed ?? 0,
    name: channelName(channel),
    node,
    number: channel.number,
    pending_raft_commands: 0,
    prefetch_count: channel.prefetch,
    state: 'running',
    transactional: channel.transaction !== undefined,
    user: user.name,
    user_who_performed_action: user.name,
    vhost: channel.vhost.name,
  };
}
