// What a message has been through, as far as it can be told: from its headers, its properties and where it is now.
import type { Message, Table } from './types.ts';

/** One thing that happened to a message. */
export interface Event {
  /** ms since the epoch; undefined where nobody has noted when. */
  readonly at: number | undefined;
  readonly what: string;
  /** In words: by whom, where, how often. */
  readonly more: readonly string[];
}

/** Why messages die, in words. */
export const deathReasons: Readonly<Record<string, string>> = {
  expired: 'its time to live was over',
  rejected: 'a worker rejected it',
  maxlen: 'the queue was full',
  delivery_limit: 'it was delivered too often',
};

/** The events in their order; each death that the headers tell of stands once, with how often it happened. */
export function storyOf(message: Message, queue: string): readonly Event[] {
  const headers = table(message.properties['headers']);
  const deaths = deathsOf(headers);
  const { worker } = message;
  return [
    ...saidByPublisher(message.properties, deaths.length > 0),
    ...deaths,
    {
      at: message.published_at ?? undefined,
      what: `${deaths.length > 0 ? 'Came' : 'Was published'} to ${queue}`,
      more: [
        `through ${exchange(message.exchange)}`,
        message.routing_key === '' ? 'without a routing key' : `with the routing key ${message.routing_key}`,
      ],
    },
    ...cameBack(message, headers),
    worker
      ? {
          at: worker.delivered_at,
          what: worker.consumer_tag === '' ? 'Was got' : `Was delivered to ${worker.consumer_tag}`,
          more: [`on ${worker.channel}, as delivery ${worker.delivery_tag}`, 'not acknowledged yet'],
        }
      : { at: undefined, what: 'Waits for a worker', more: [] },
  ];
}

/** What its publisher wrote into it: nobody else knows who that was. */
function saidByPublisher(properties: Table, died: boolean): readonly Event[] {
  const { timestamp, user_id: user, app_id: app } = properties;
  if (typeof timestamp !== 'number' && user === undefined && app === undefined && !died) return [];
  return [
    {
      at: typeof timestamp === 'number' ? timestamp * 1000 : undefined,
      what: 'Was published first',
      more: [
        ...(user === undefined ? [] : [`by the user ${user}`]),
        ...(app === undefined ? [] : [`by the application ${app}`]),
        ...(typeof timestamp === 'number' ? ['at the time that the publisher gives'] : []),
      ],
    },
  ];
}

/** `x-death` has the newest first, and counts what happened in the same way in the same queue. */
function deathsOf(headers: Table): Event[] {
  const all = headers['x-death'];
  return (Array.isArray(all) ? all : [])
    .map(table)
    .filter(death => typeof death['queue'] === 'string')
    .reverse()
    .map(death => {
      const { reason, count, time } = death;
      const keys = Array.isArray(death['routing-keys']) ? death['routing-keys'].map(String) : [];
      const times = Number(count ?? 1);
      return {
        at: typeof time === 'number' ? time * 1000 : undefined,
        what: `Was dead-lettered from ${death['queue']}`,
        more: [
          deathReasons[String(reason)] ?? String(reason),
          ...(times > 1 ? [`${times.toLocaleString('en')} times, this is when it was the first time`] : []),
          ...(death['exchange'] === undefined
            ? []
            : [`it had come through ${exchange(String(death['exchange']))}${keyWords(keys)}`]),
          ...(death['original-expiration'] === undefined
            ? []
            : [`it was to expire after ${death['original-expiration']} ms`]),
        ],
      };
    });
}

/** When it came back, nobody notes. */
function cameBack({ redelivered }: Message, headers: Table): readonly Event[] {
  const times = headers['x-delivery-count'];
  if (!redelivered && typeof times !== 'number') return [];
  const more = typeof times === 'number' ? [`${times.toLocaleString('en')} times so far`] : [];
  return [{ at: undefined, what: 'Was delivered and came back', more }];
}

function keyWords(keys: readonly string[]): string {
  const named = keys.filter(key => key !== '');
  return named.length === 0 ? '' : ` with ${named.join(', ')}`;
}

function exchange(name: string): string {
  return name === '' ? 'the default exchange' : `the exchange ${name}`;
}

function table(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}
