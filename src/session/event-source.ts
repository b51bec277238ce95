// The events of connections, logins, channels and consumers, with all that RabbitMQ tells of them.
import type { Consumer } from '../broker/consumer.ts';
import type { EventValues } from '../broker/event-table.ts';
import { erlangAddress } from '../broker/events.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';

const protocol = '{0,9,1}';

export function loginSucceeded(connection: Connection, user: string): void {
  connection.context.broker.events.emit('user.authentication.success', loginOf(connection, user));
}

/** Says no more than RabbitMQ does: neither what was wrong nor what was given as a password. */
export function loginFailed(connection: Connection, user: string): void {
  connection.context.broker.events.emit('user.authentication.failure', {
    error: `user '${user}' - invalid credentials`,
    ...loginOf(connection, user),
  });
}

export function connectionCreated(connection: Connection, vhost: Vhost): void {
  const { context, peer, name } = connection;
  const user = connection.user?.name ?? '';
  const { events } = context.broker;
  events.by(user, () =>
    events.emit('connection.created', {
      node: context.nodeName,
      connected_at: connection.connectedAt,
      client_properties: connection.clientProperties,
      channel_max: connection.channelMax,
      frame_max: connection.frameMax,
      timeout: connection.heartbeat,
      vhost: vhost.name,
      user,
      protocol,
      ssl_hash: '',
      ssl_cipher: '',
      ssl_key_exchange: '',
      ssl_protocol: '',
      auth_mechanism: connection.mechanism,
      peer_cert_validity: '',
      peer_cert_issuer: '',
      peer_cert_subject: '',
      ssl: false,
      peer_host: erlangAddress(peer.host),
      host: erlangAddress(peer.localHost),
      peer_port: peer.port,
      port: peer.localPort,
      name,
      pid: name,
      type: 'network',
      user_provided_name: connection.givenName,
    }),
  );
}

export function connectionClosed(connection: Connection): void {
  const { context, name } = connection;
  context.broker.events.emit('connection.closed', {
    client_properties: connection.clientProperties,
    node: context.nodeName,
    pid: name,
    name,
    user_provided_name: connection.givenName,
  });
}

export function channelCreated(channel: Channel): void {
  const { connection, number, user, vhost } = channel;
  const { events } = connection.context.broker;
  const name = nameOf(channel);
  events.by(user.name, () =>
    events.emit('channel.created', {
      vhost: vhost.name,
      user: user.name,
      number,
      connection: connection.name,
      name,
      pid: name,
    }),
  );
}

export function channelClosed(channel: Channel): void {
  const { events } = channel.connection.context.broker;
  events.by(channel.user.name, () => events.emit('channel.closed', { pid: nameOf(channel) }));
}

export function consumerCreated(channel: Channel, consumer: Consumer): void {
  const { events } = channel.connection.context.broker;
  const { queue } = consumer;
  // It may have waited for the disk.
  events.by(channel.user.name, () =>
    events.emit('consumer.created', {
      arguments: consumer.arguments,
      prefetch_count: consumer.prefetch,
      queue: queue.name,
      vhost: queue.vhost,
      channel: nameOf(channel),
      ack_required: !consumer.noAck,
      exclusive: consumer.exclusive,
      consumer_tag: consumer.tag,
    }),
  );
}

/** By whoever is acting: nobody, where the channel ends. */
export function consumerDeleted(channel: Channel, { queue, tag }: Consumer): void {
  channel.connection.context.broker.events.emit('consumer.deleted', {
    queue: queue.name,
    vhost: queue.vhost,
    channel: nameOf(channel),
    consumer_tag: tag,
  });
}

/** What stands where RabbitMQ has an Erlang process: as it is named in the API. */
function nameOf(channel: Channel): string {
  return `${channel.connection.name} (${channel.number})`;
}

function loginOf(connection: Connection, name: string): EventValues<'user.authentication.success'> {
  const { peer } = connection;
  return {
    ssl: false,
    auth_mechanism: connection.mechanism,
    protocol,
    peer_port: peer.port,
    peer_host: erlangAddress(peer.host),
    connection_name: connection.name,
    host: erlangAddress(peer.localHost),
    name,
    connection_type: 'network',
  };
}
