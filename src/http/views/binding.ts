// A binding as RabbitMQ shows it, and the key that names it in a path.
import { crc32 } from 'node:zlib';
import { Table } from '../../amqp/table.ts';
import type { Bound } from '../../broker/exchange.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { jsonOf } from '../amqp-json.ts';

/** A binding, or the one that every queue has to the default exchange by its name. */
export interface AnyBinding {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly kind: 'queue' | 'exchange';
  /** One character per byte. */
  readonly routingKey: string;
  readonly arguments: Table;
}

export function anyBinding(
  vhost: Vhost,
  { source, destination, routingKey, arguments: args }: Omit<Bound, 'durable'>,
): AnyBinding {
  return {
    source: source.name,
    vhost: vhost.name,
    destination: destination.name,
    kind: destination.kind,
    routingKey,
    arguments: args,
  };
}

export function defaultBinding(vhost: Vhost, { name }: Queue): AnyBinding {
  const routingKey = Buffer.from(name).toString('latin1');
  return { source: '', vhost: vhost.name, destination: name, kind: 'queue', routingKey, arguments: Table.empty };
}

export function bindingView(binding: AnyBinding): object {
  return { ...bindingDefinition(binding), properties_key: propertiesKey(binding) };
}

export interface BindingDefinition {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly destination_type: 'queue' | 'exchange';
  readonly routing_key: string;
  readonly arguments: object;
}

/** A binding as definitions files have it. */
export function bindingDefinition({
  source,
  vhost,
  destination,
  kind,
  routingKey,
  arguments: args,
}: AnyBinding): BindingDefinition {
  return {
    source,
    vhost,
    destination,
    destination_type: kind,
    routing_key: Buffer.from(routingKey, 'latin1').toString(),
    arguments: jsonOf(args),
  };
}

/** The routing key in quotes, `~` where it is empty, and a hash of the arguments where there are some. */
export function propertiesKey({ routingKey, arguments: args }: AnyBinding): string {
  const hash = args.size === 0 ? '' : `~${argumentsHash(args)}`;
  const key = quoted(routingKey);
  return key === '' ? hash || '~' : key + hash;
}

function argumentsHash(args: Table): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(args.encoded));
  return bytes.toString('base64url');
}

function quoted(key: string): string {
  return Buffer.from(key, 'latin1')
    .toString('latin1')
    .replace(/[^A-Za-z0-9._-]/g, char =>
      char === ' ' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}

/** Whether a path means this binding: its properties key as it is, or with the quoting taken off once. */
export function isNamedBy(binding: AnyBinding, inPath: string): boolean {
  const key = propertiesKey(binding);
  return key === inPath || unquoted(key) === inPath || unquoted(key.replaceAll('+', ' ')) === inPath;
}

function unquoted(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
