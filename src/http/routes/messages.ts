// Messages through the API: publish and get, as RabbitMQ's page does for trying things out.
import { z } from 'zod';
import { decodeProperties } from '../../amqp/properties.ts';
import { AmqpError } from '../../broker/errors.ts';
import { getFor, type Operator, publishFor, settleFor, type Taken } from '../../session/operator.ts';
import { bytesOfPayload, type JsonProperties, jsonOfProperties, payloadOf, propertiesOf } from '../amqp-json.ts';
import { HttpError, refusal, type Wording } from '../errors.ts';
import { argumentsTable, name, repeated, whole } from '../fields.ts';
import type { Management } from '../management.ts';
import { type Ask, type Route, route } from '../route.ts';
import { bodyOf, exchangeAndKey } from '../views/message.ts';
import { exchangeName } from './exchanges.ts';

/** Largest body of a publish, bytes; larger messages are published by AMQP. */
export const publishBytesMax: number = 16 << 20;
/** Most messages of one get. */
const getMax = 10_000;
/** What the payloads of one get may take before no more are taken, bytes. */
const getBytesMax = 64 << 20;
/** A publish waits so long for the journal to accept more, ms. */
const acceptingMsMax = 5_000;

const octet = whole(0, 255);

/** Properties under AMQP's names; RabbitMQ's clients send an empty array for none. */
const messageProperties: z.ZodType<JsonProperties, unknown> = z.preprocess(
  value => (Array.isArray(value) && value.length === 0 ? {} : value),
  z.strictObject({
    content_type: name.optional(),
    content_encoding: name.optional(),
    headers: argumentsTable.optional(),
    delivery_mode: octet.optional(),
    priority: octet.optional(),
    correlation_id: name.optional(),
    reply_to: name.optional(),
    expiration: name.optional(),
    message_id: name.optional(),
    timestamp: whole(0, Number.MAX_SAFE_INTEGER).optional(),
    type: name.optional(),
    user_id: name.optional(),
    app_id: name.optional(),
    cluster_id: name.optional(),
  }),
);

type Publication = {
  readonly routing_key: string;
  readonly properties: JsonProperties;
  readonly payload: string;
  readonly payload_encoding: 'string' | 'base64';
};

interface MessageFields {
  readonly routing_key: z.ZodType<string>;
  readonly properties: z.ZodType<JsonProperties, unknown>;
  readonly payload: z.ZodType<string>;
  readonly payload_encoding: z.ZodType<'string' | 'base64'>;
}

/** What a message to publish is made of. */
export const messageFields: MessageFields = {
  routing_key: name,
  properties: messageProperties,
  payload: z.string(),
  payload_encoding: z.enum(['string', 'base64'], 'neither string nor base64'),
};

const publication = z.strictObject({
  ...messageFields,
  ...repeated,
  /** Sent by RabbitMQ's page and command line beside the properties; of no effect. */
  exchange: z.unknown().optional(),
  delivery_mode: z.unknown().optional(),
  headers: z.unknown().optional(),
  props: z.unknown().optional(),
});

const ackModes = ['ack_requeue_true', 'ack_requeue_false', 'reject_requeue_true', 'reject_requeue_false'] as const;

const verdicts = {
  ack_requeue_true: 'requeue',
  ack_requeue_false: 'ack',
  reject_requeue_true: 'fail',
  reject_requeue_false: 'reject',
} as const;

const getting = z.strictObject({
  ackmode: z.enum(ackModes, `not one of ${ackModes.join(', ')}`),
  count: whole(0, getMax),
  encoding: z.enum(['auto', 'base64'], 'Unsupported encoding. Please use auto or base64.'),
  truncate: whole(0, Number.MAX_SAFE_INTEGER).optional(),
  ...repeated,
  queue: z.unknown().optional(),
  requeue: z.unknown().optional(),
  payload_file: z.unknown().optional(),
});

type AnyAsk = Ask<unknown, unknown, unknown>;

/** Who asks, as sessions know an operator. */
export function operatorOf({ management, viewer, vhost }: AnyAsk): Operator {
  return { context: management.session, held: management.held, user: viewer, vhost };
}

/** Resolves once the journal takes more. @throws HttpError 503 under an alarm, or while it does not catch up */
export async function untilAccepting({ broker, session }: Management): Promise<void> {
  const { journal } = broker.services;
  const reason = session.alarms.why;
  if (reason !== undefined) throw new HttpError(503, 'unavailable', reason);
  if (journal.accepting) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new HttpError(503, 'unavailable', 'the disk does not keep up; try again', { 'retry-after': '5' });
    timer = setTimeout(() => reject(error), acceptingMsMax);
  });
  try {
    await Promise.race([new Promise<void>(resolve => journal.whenAccepting(resolve)), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Publishes as the user; resolves with whether a queue got it, when that is durable. */
export function publishAs(
  ask: AnyAsk,
  exchange: string,
  given: Publication,
  wording: Wording = 'publish',
): Promise<boolean> {
  const message = {
    exchange,
    routingKey: given.routing_key,
    properties: propertiesOf(given.properties),
    body: bytesOfPayload(given.payload, given.payload_encoding),
  };
  return new Promise((resolve, reject) => {
    try {
      publishFor(operatorOf(ask), message, resolve);
    } catch (error) {
      reject(error instanceof AmqpError ? refusal(wording, error) : error);
    }
  });
}

/** Takes messages as the user. */
export function take(ask: AnyAsk, queue: string, count: number): Promise<readonly Taken[]> {
  return new Promise((resolve, reject) => {
    try {
      getFor(operatorOf(ask), queue, { count, bytes: getBytesMax }, (taken, error) => {
        if (error === undefined) resolve(taken);
        else reject(refusal('get', error));
      });
    } catch (error) {
      reject(error instanceof AmqpError ? refusal('get', error) : error);
    }
  });
}

function view({ entry, left }: Taken, encoding: 'auto' | 'base64', truncate: number | undefined): object {
  const { message } = entry;
  const { exchange, routingKey } = exchangeAndKey(message);
  const properties = jsonOfProperties(
    decodeProperties(message.header as Buffer, message.headerStart, message.headerEnd),
  );
  return {
    payload_bytes: message.bodyBytes,
    redelivered: entry.redelivered,
    exchange,
    routing_key: routingKey,
    message_count: left,
    // RabbitMQ writes no properties as an empty array.
    properties: Object.keys(properties).length === 0 ? [] : properties,
    ...payloadOf(bodyOf(message, truncate), encoding),
  };
}

export const messageRoutes: readonly Route[] = [
  route('POST', '/exchanges/:vhost/:exchange/publish', {
    body: publication,
    bodyBytesMax: publishBytesMax,
    answer: 'object',
    summary: 'Publishes a message; answers whether a queue got it',
    run: async ask => {
      await untilAccepting(ask.management);
      return { routed: await publishAs(ask, exchangeName(ask.params.exchange), ask.body) };
    },
  }),
  route('POST', '/queues/:vhost/:queue/get', {
    body: getting,
    answer: 'array',
    summary: 'Takes messages from the head of a queue and puts them back or not, as ackmode says',
    run: async ask => {
      const { ackmode, count, encoding, truncate } = ask.body;
      const taken = await take(ask, ask.params.queue, count);
      try {
        return taken.map(each => view(each, encoding, truncate));
      } finally {
        settleFor(operatorOf(ask), taken, verdicts[ackmode]);
      }
    },
  }),
];
