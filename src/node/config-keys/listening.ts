// The settings that say where the broker listens.
import { integer, type Kind, text } from '../config-value.ts';
import type { Keys } from './key.ts';

const PORT = integer(0, 65535);
const PORT_OR_OFF: Kind<number | 'off'> = {
  takes: 'a port from 0 to 65535, or off',
  read: value => (value === 'off' || value === 'none' ? 'off' : PORT.read(value)),
};

export interface ListeningValues {
  host: string;
  port: number;
  /** off: no management listener. */
  managementPort: number | 'off';
  managementHost: string | undefined;
  /** off: no listener for Prometheus. */
  prometheusPort: number | 'off';
  prometheusHost: string | undefined;
}

/** In the order of the help. */
export const listeningKeys: Keys<ListeningValues> = {
  host: {
    env: ['LEVERET_HOST'],
    flag: '--host <address>',
    kind: text,
    fallback: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 for all',
  },
  port: {
    env: ['LEVERET_PORT'],
    flag: '--port <port>',
    kind: PORT,
    fallback: 5672,
    help: 'port for AMQP; 0 for any free one',
  },
  managementPort: {
    key: 'management.tcp.port',
    aliases: ['management.listener.port'],
    env: ['LEVERET_MANAGEMENT_PORT'],
    flag: '--management-port <port>',
    kind: PORT_OR_OFF,
    fallback: 15672,
    help: 'port for the management API; 0 for any free one, or off',
  },
  managementHost: {
    key: 'management.tcp.ip',
    aliases: ['management.listener.ip'],
    env: ['LEVERET_MANAGEMENT_HOST'],
    flag: '--management-host <address>',
    kind: text,
    fallback: undefined,
    fallbackShown: 'that of AMQP',
    help: 'address for the management API',
  },
  prometheusPort: {
    key: 'prometheus.tcp.port',
    aliases: ['prometheus.port'],
    env: ['LEVERET_PROMETHEUS_PORT'],
    flag: '--prometheus-port <port>',
    kind: PORT_OR_OFF,
    fallback: 15692,
    fallbackShown: '15692 if it is free',
    help: 'port for Prometheus, which needs no login; 0 for any free one, or off',
  },
  prometheusHost: {
    key: 'prometheus.tcp.ip',
    env: ['LEVERET_PROMETHEUS_HOST'],
    flag: '--prometheus-host <address>',
    kind: text,
    fallback: undefined,
    fallbackShown: 'that of AMQP',
    help: 'address for Prometheus',
  },
};
