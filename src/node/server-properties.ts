// What connection.start says of this server. Clients such as kombu choose their ways by product and version, so both can be set.
import { bool, type FieldValue, longstr, Table } from '../amqp/table.ts';
import type { Config } from './config.ts';
import { VERSION } from './version.ts';

/** What RabbitMQ announces: clients look for some of these. Consumer priorities and direct reply-to are not there yet (docs/compatibility.md). */
const capabilities = [
  'publisher_confirms',
  'exchange_exchange_bindings',
  'basic.nack',
  'consumer_cancel_notify',
  'connection.blocked',
  'consumer_priorities',
  'authentication_failure_close',
  'per_consumer_qos',
  'direct_reply_to',
];

export function serverProperties(config: Config, clusterName: string): Table {
  const entries: Record<string, FieldValue> = {};
  for (const name of capabilities) entries[name] = bool(true);
  return Table.from({
    capabilities: { type: 'table', value: Table.from(entries) },
    cluster_name: longstr(clusterName),
    copyright: longstr('Copyright the Leveret authors'),
    information: longstr('Licensed under the Apache License 2.0'),
    leveret_version: longstr(VERSION),
    platform: longstr(`Node.js ${process.versions.node}`),
    product: longstr(config.product),
    version: longstr(config.productVersion),
  });
}
