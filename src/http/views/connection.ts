// A connection as RabbitMQ shows it.
import type { Connection } from '../../session/connection.ts';
import { jsonOf } from '../amqp-json.ts';
import { ofConnectionBytes, valuesOf } from '../counters.ts';
import type { Management } from '../management.ts';
import type { Rates } from './rates.ts';

/** The name that the client gave itself. */
export function givenName({ clientProperties }: Connection): string | undefined {
  const name = clientProperties.get('connection_name');
  return name?.type === 'longstr' ? Buffer.from(name.value).toString() : undefined;
}

function stateOf({ state, publisherPause }: Connection): string {
  return state === 'running' && publisherPause.state !== 'none' ? publisherPause.state : state;
}

export function connectionView(connection: Connection, { node }: Management, rates: Rates): object {
  const { peer } = connection;
  const user = connection.user?.name ?? '';
  const name = givenName(connection);
  return {
    auth_mechanism: connection.mechanism,
    channel_max: connection.channelMax,
    channels: connection.channels.size,
    client_properties: jsonOf(connection.clientProperties),
    connected_at: connection.connectedAt,
    frame_max: connection.frameMax,
    host: peer.localHost,
    name: connection.name,
    node,
    peer_cert_issuer: null,
    peer_cert_subject: null,
    peer_cert_validity: null,
    peer_host: peer.host,
    peer_port: peer.port,
    port: peer.localPort,
    protocol: 'AMQP 0-9-1',
    ...rates.all(connection, 'data_rates', valuesOf(ofConnectionBytes, connection)),
    recv_cnt: connection.stats.receivedChunks,
    send_cnt: connection.stats.sentChunks,
    send_pend: 0,
    ssl: false,
    ssl_cipher: null,
    ssl_hash: null,
    ssl_key_exchange: null,
    ssl_protocol: null,
    state: stateOf(connection),
    timeout: connection.heartbeat,
    type: 'network',
    user,
    ...(name === undefined ? {} : { user_provided_name: name }),
    user_who_performed_action: user,
    vhost: connection.vhost?.name ?? '',
  };
}
