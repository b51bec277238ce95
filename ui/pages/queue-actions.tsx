// What can be done to a queue: declare, publish, get, move, purge, delete.
import type { JSX } from 'preact';
import { api, exchangePath, read, send, withQuery } from '../api.ts';
import { askDanger, openDialog, openForm } from '../components/dialog.tsx';
import type { Field, Values } from '../components/fields.tsx';
import { Facts, Tag } from '../components/parts.tsx';
import { Payload } from '../components/payload.tsx';
import { say } from '../components/toast.tsx';
import { exact, plural } from '../format.ts';
import { argumentsOf } from '../known-arguments.ts';
import { vhosts } from '../session.ts';
import { exchangeName } from '../stats.ts';
import type { Queue, Table } from '../types.ts';
import { go } from '../url.ts';

/** When more messages than this are lost, the name has to be typed. */
const MUCH = 1000;

export function vhostField(vhost: string): Field {
  return {
    name: 'vhost',
    label: 'Virtual host',
    kind: 'select',
    value: vhost,
    options: vhosts.value.map(name => ({ value: name, label: name })),
  };
}

/** Asks for all that a queue is declared with. */
export async function declareQueue(vhost: string): Promise<void> {
  const keys = await argumentsOf('queue');
  openForm({
    title: 'Declare a queue',
    verb: 'Declare',
    fields: [
      ...(vhosts.value.length > 1 ? [vhostField(vhost)] : []),
      { name: 'name', label: 'Name', kind: 'text', required: true },
      {
        name: 'durable',
        label: 'Durable',
        kind: 'check',
        value: true,
        hint: 'It is there again after a restart of the broker.',
      },
      { name: 'auto_delete', label: 'Auto-delete', kind: 'check', hint: 'It goes when its last consumer has gone.' },
      { name: 'arguments', label: 'Arguments', kind: 'table', keys },
    ],
    act: async ({ vhost: chosen = vhost, name, durable, auto_delete, arguments: table }) => {
      await send('PUT', api`queues/${chosen}/${name}`, { durable, auto_delete, arguments: table });
      go(['queues', chosen, name]);
      return `Declared the queue ${name}.`;
    },
  });
}

/** The fields of a message that is to be published. */
export function messageFields(values: {
  key?: string;
  properties?: Table;
  payload?: string;
  encoding?: string;
}): Field[] {
  const { headers = {}, delivery_mode: mode, ...properties } = values.properties ?? {};
  return [
    { name: 'routing_key', label: 'Routing key', kind: 'text', value: values.key ?? '' },
    {
      name: 'delivery_mode',
      label: 'Delivery mode',
      kind: 'select',
      value: String(mode ?? 2),
      options: [
        { value: '2', label: 'Persistent: in a durable queue it outlives a restart' },
        { value: '1', label: 'Transient' },
      ],
    },
    { name: 'headers', label: 'Headers', kind: 'table', value: headers as Table },
    {
      name: 'properties',
      label: 'Properties',
      kind: 'table',
      value: properties,
      known: [
        'content_type',
        'content_encoding',
        'correlation_id',
        'reply_to',
        'message_id',
        'timestamp',
        'type',
        'user_id',
        'app_id',
        'priority',
        'expiration',
      ],
    },
    { name: 'payload', label: 'Body', kind: 'area', value: values.payload ?? '' },
    {
      name: 'payload_encoding',
      label: 'The body is',
      kind: 'select',
      value: values.encoding ?? 'string',
      options: [
        { value: 'string', label: 'Text' },
        { value: 'base64', label: 'Base64' },
      ],
    },
  ];
}

/** The message that was put into those fields. */
export function messageOf(values: Values): {
  routing_key: string;
  properties: Table;
  payload: string;
  payload_encoding: string;
} {
  const { routing_key, headers, properties, delivery_mode, payload, payload_encoding } = values;
  return {
    routing_key,
    properties: {
      ...properties,
      delivery_mode: Number(delivery_mode),
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
    },
    payload,
    payload_encoding,
  };
}

/** Asks for a message and publishes it to an exchange. */
export function publishTo(vhost: string, exchange: string, key: string): void {
  openForm({
    title: `Publish to ${exchange === '' && key ? key : exchangeName(exchange)}`,
    verb: 'Publish',
    ...(exchange === '' && key
      ? { intro: <p>Through the default exchange, which takes the routing key for the queue's name.</p> }
      : {}),
    fields: messageFields({ key }),
    act: async values => {
      const { routed } = await send<{ routed: boolean }>(
        'POST',
        `${exchangePath(vhost, exchange)}/publish`,
        messageOf(values),
      );
      if (!routed) throw new Error('It was published, but no queue got it: no binding fits. “Try a key” says why.');
      return 'Published one message.';
    },
  });
}

interface Got {
  readonly payload_bytes: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routing_key: string;
  readonly message_count: number;
  readonly properties: Table;
  readonly payload: string;
  readonly payload_encoding: string;
}

const TRUNCATE_BYTES = 50_000;

/** Gets messages as RabbitMQ's page does. It changes the queue, which the form says. */
export function getFrom({ vhost, name }: Queue): void {
  openForm({
    title: `Get from ${name}`,
    verb: 'Get',
    intro: (
      <p>
        A get touches the queue: messages that go back are marked redelivered. The tab Messages looks without touching.
      </p>
    ),
    fields: [
      {
        name: 'ackmode',
        label: 'Afterwards',
        kind: 'select',
        value: 'ack_requeue_true',
        options: [
          { value: 'ack_requeue_true', label: 'Put them back (nack, requeue)' },
          { value: 'reject_requeue_true', label: 'Put them back (reject, requeue)' },
          { value: 'ack_requeue_false', label: 'They are gone (ack)' },
          { value: 'reject_requeue_false', label: 'They are gone (reject)' },
        ],
      },
      {
        name: 'encoding',
        label: 'Bodies',
        kind: 'select',
        value: 'auto',
        options: [
          { value: 'auto', label: 'As text where they are text' },
          { value: 'base64', label: 'As base64' },
        ],
      },
      { name: 'count', label: 'How many', kind: 'number', value: 1, required: true },
    ],
    act: async ({ ackmode, encoding, count }) => {
      const got = await send<Got[]>('POST', api`queues/${vhost}/${name}/get`, {
        ackmode,
        encoding,
        count,
        truncate: TRUNCATE_BYTES,
      });
      if (got.length === 0) return 'The queue has no ready message.';
      // The form closes first.
      setTimeout(() =>
        openDialog(`Got ${plural(got.length, 'message')} from ${name}`, <GotMessages got={got} />, true),
      );
      return undefined;
    },
  });
}

function GotMessages({ got }: { got: readonly Got[] }): JSX.Element {
  return (
    <div class="got">
      {got.map((message, index) => (
        <article key={index}>
          <Facts
            facts={[
              ['Exchange', exchangeName(message.exchange)],
              ['Routing key', message.routing_key],
              ['Redelivered', message.redelivered ? <Tag mood="warn">yes</Tag> : 'no'],
              ['Left in the queue', exact(message.message_count)],
              ...Object.entries(message.properties).map(
                ([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
              ),
            ]}
          />
          <Payload
            payload={message.payload}
            encoding={message.payload_encoding}
            bodyBytes={message.payload_bytes}
            truncated={message.payload_bytes > TRUNCATE_BYTES}
          />
        </article>
      ))}
    </div>
  );
}

/** Names of the other queues of a vhost, to be offered. */
export async function otherQueues(vhost: string, name: string): Promise<string[]> {
  const path = withQuery(api`queues/${vhost}`, { page: 1, page_size: 100, columns: 'name' });
  const { items } = await read<{ items: readonly Queue[] }>(path);
  return items.map(queue => queue.name).filter(other => other !== name);
}

/** Moves ready messages to another queue. */
export async function moveFrom(queue: Queue): Promise<void> {
  const { vhost, name } = queue;
  const known = await otherQueues(vhost, name).catch(() => []);
  openForm({
    title: `Move messages from ${name}`,
    verb: 'Move',
    intro: (
      <p>
        {plural(queue.messages_ready ?? 0, 'ready message')} can be moved, from the head on. Each is in one of the two
        queues at any time, whatever happens.
      </p>
    ),
    fields: [
      { name: 'queue', label: 'To the queue', kind: 'text', required: true, known },
      { name: 'count', label: 'At most', kind: 'number', hint: 'Empty moves all that are ready.' },
    ],
    act: async ({ queue: to, count }) => {
      const { moved } = await send<{ moved: number }>('POST', api`queues/${vhost}/${name}/move`, {
        queue: to,
        count: count ?? null,
      });
      return `Moved ${plural(moved, 'message')} to ${to}.`;
    },
  });
}

export function purge(queue: Queue): void {
  const ready = queue.messages_ready ?? 0;
  const kept = queue.messages_unacknowledged ?? 0;
  askDanger({
    title: `Purge ${queue.name}?`,
    verb: `Purge ${plural(ready, 'message')}`,
    loss: (
      <p>
        <b>{plural(ready, 'ready message')}</b> will be gone for good.
        {kept > 0 && ` ${plural(kept, 'message')} that workers have now ${kept === 1 ? 'stays' : 'stay'} with them.`}
      </p>
    ),
    ...(ready > MUCH ? { name: queue.name } : {}),
    act: async () => {
      await send('DELETE', api`queues/${queue.vhost}/${queue.name}/contents`);
      return `Purged ${queue.name}.`;
    },
  });
}

export function deleteQueue(queue: Queue): void {
  const { messages = 0, messages_unacknowledged: unacked = 0, consumers = 0 } = queue;
  askDanger({
    title: `Delete the queue ${queue.name}?`,
    verb: 'Delete the queue',
    loss: (
      <p>
        With it go <b>{plural(messages, 'message')}</b>
        {unacked > 0 && `, ${exact(unacked)} of them with workers now`}, its bindings
        {consumers > 0 && `, and ${plural(consumers, 'consumer')} will be cancelled`}.
      </p>
    ),
    ...(messages > MUCH ? { name: queue.name } : {}),
    act: async () => {
      await send('DELETE', api`queues/${queue.vhost}/${queue.name}`);
      go(['queues']);
      say(`Deleted the queue ${queue.name}.`);
      return undefined;
    },
  });
}
