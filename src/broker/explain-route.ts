// Why a message arrives where it does, or nowhere: the walk of route.ts again, with a reason in words for each binding.
import { encodeProperties } from '../amqp/properties.ts';
import { equalValues, type FieldValue, Table, toPlain } from '../amqp/table.ts';
import type { ExchangeType } from './binding.ts';
import { copyKeys } from './copy-keys.ts';
import type { Bound, Destination, Exchange } from './exchange.ts';
import { DirectExchange } from './exchanges/direct.ts';
import { FanoutExchange } from './exchanges/fanout.ts';
import { HeadersExchange } from './exchanges/headers.ts';
import { TopicExchange } from './exchanges/topic.ts';
import { encodeAddress, Message } from './message.ts';
import type { Queue } from './queue.ts';
import { Routed } from './routed.ts';
import type { Vhost } from './vhost.ts';

/** More bindings than this are counted only. */
const bindingsMax = 10_000;

/** One way that a message could go from an exchange, looked at. */
export interface ExplainedBinding {
  /** default: the default exchange's own, to the queue that the key names. alternate: to the exchange that gets what is left over. */
  readonly via: 'binding' | 'default' | 'alternate';
  readonly source: Exchange;
  readonly destination: Destination;
  /** One character per byte. */
  readonly routingKey: string;
  readonly arguments: Table;
  readonly matched: boolean;
  readonly why: string;
}

export interface ExplainedRoute {
  /** In the order looked at. */
  readonly bindings: readonly ExplainedBinding[];
  /** How many more bindings there are. Those that match count for `queues` all the same. */
  readonly left: number;
  readonly queues: readonly Queue[];
  readonly outcome: 'routed' | 'dropped' | 'returned';
  readonly why: string;
}

/** What would happen to a message. `routingKey` holds one character per byte; headers CC and BCC count. @throws AmqpError as a publish */
export function explainRoute(
  vhost: Vhost,
  exchange: Exchange,
  routingKey: string,
  headers: Table | undefined,
  mandatory = false,
): ExplainedRoute {
  const bindings: ExplainedBinding[] = [];
  let left = 0;
  const queues = new Set<Queue>();
  const seen = new Set<Exchange>([exchange]);
  const open = [exchange];
  const note = (way: ExplainedBinding): boolean => {
    const { destination, matched } = way;
    if (bindings.length < bindingsMax) bindings.push(way);
    else left++;
    if (!matched) return false;
    if (destination.kind === 'queue') queues.add(destination);
    else if (!seen.has(destination)) {
      seen.add(destination);
      open.push(destination);
    }
    return true;
  };
  const header = encodeProperties(headers === undefined ? {} : { headers }, 0);
  const keys = [routingKey, ...copyKeys(header, 0, header.length)];
  const address = encodeAddress(exchange.name, routingKey);
  const message = new Message(address, header, 0, header.length, header, 0, 0, undefined, 0, false, undefined, 0);
  for (let from = open.shift(); from !== undefined; from = open.shift()) {
    const way = { source: from, arguments: Table.empty };
    let found = false;
    for (const key of from.name === '' ? keys : []) {
      const named = vhost.queues.get(text(key));
      if (named === undefined) continue;
      const why = 'the default exchange gives it to the queue that the routing key names';
      found = note({ ...way, routingKey: key, via: 'default', destination: named, matched: true, why });
    }
    const routed = new Routed(message, keys);
    const chosen = choices.has(from.type) ? chosenBy(from, routed) : undefined;
    for (const bound of from.bindings.values())
      if (note({ ...bound, via: 'binding', ...explain(from, bound, routed, chosen) })) found = true;
    const alternate = from.alternate ? vhost.exchanges.get(from.alternate) : undefined;
    if (alternate === undefined) continue;
    const why = found
      ? `the alternate exchange is not asked: ${nameOf(from)} has found a way`
      : `the alternate exchange gets it, because ${nameOf(from)} has found no way`;
    note({ ...way, routingKey, via: 'alternate', destination: alternate, matched: !found, why });
  }
  return { bindings, left, queues: [...queues], ...outcome(vhost, exchange, queues.size, text(routingKey), mandatory) };
}

function outcome(
  vhost: Vhost,
  exchange: Exchange,
  queues: number,
  key: string,
  mandatory: boolean,
): Pick<ExplainedRoute, 'outcome' | 'why'> {
  const refused = exchange.internal ? '. But clients may not publish to it: it is internal' : '';
  if (queues > 0)
    return { outcome: 'routed', why: `it goes to ${queues === 1 ? '1 queue' : `${queues} queues`}${refused}` };
  const { alternate } = exchange;
  let reason = `no binding of ${nameOf(exchange)} leads it to a queue`;
  if (exchange.name === '') reason = `there is no queue '${key}', and the default exchange knows no other way`;
  else if (exchange.bindings.size === 0) reason = `nothing is bound to ${nameOf(exchange)}`;
  if (alternate === undefined) reason += exchange.name === '' ? '' : ', and it has no alternate exchange';
  else if (!vhost.exchanges.has(alternate)) reason += `, and its alternate exchange '${alternate}' does not exist`;
  else reason += `, nor does its alternate exchange '${alternate}'`;
  return mandatory
    ? {
        outcome: 'returned',
        why: `${reason}: being mandatory, it comes back to its publisher with 312 NO_ROUTE${refused}`,
      }
    : { outcome: 'dropped', why: `${reason}: it is dropped, and confirmed if its publisher asks for that${refused}` };
}

/** Types that choose one of all destinations, whatever each binding says alone. */
const choices: ReadonlySet<string> = new Set(['x-consistent-hash', 'x-modulus-hash', 'x-random', 'x-local-random']);

function chosenBy({ routing }: Exchange, routed: Routed): Destination | undefined {
  let chosen: Destination | undefined;
  routing.route(routed, destination => {
    chosen = destination;
  });
  return chosen;
}

/** Asks the exchange's own type, with this binding alone; for types that choose, `chosen` is what they have chosen. */
function explain(
  { type }: Exchange,
  bound: Bound,
  routed: Routed,
  chosen: Destination | undefined,
): { matched: boolean; why: string } {
  const matches = (key: string): boolean => alone(type, bound, new Routed(routed.message, [key]));
  const key = routed.keys.find(matches) ?? (routed.keys[0] as string);
  const matched = choices.has(type) ? chosen === bound.destination : matches(key);
  return {
    matched,
    why: reasons[type]?.(bound, key, routed.headers, matched) ?? (matched ? 'it matches' : 'it does not match'),
  };
}

/** Types whose bindings match, or not, each by itself. */
const matching: Readonly<Record<string, () => ExchangeType<Destination>>> = {
  direct: () => new DirectExchange(),
  fanout: () => new FanoutExchange(),
  topic: () => new TopicExchange(),
  headers: () => new HeadersExchange(),
};

function alone(type: string, bound: Bound, routed: Routed): boolean {
  const routing = matching[type]?.();
  if (routing === undefined) return true;
  let matched = false;
  routing.add(bound);
  routing.route(routed, () => {
    matched = true;
  });
  return matched;
}

type Reason = (bound: Bound, routingKey: string, headers: Table | undefined, matched: boolean) => string;

const reasons: Readonly<Record<string, Reason>> = {
  direct: (bound, key, _, matched) =>
    matched
      ? `the routing key is '${text(key)}'`
      : `the routing key '${text(key)}' is not '${text(bound.routingKey)}', and a direct exchange wants it to the letter`,
  fanout: () => 'a fanout exchange sends everything to all that is bound to it',
  topic: (bound, key, _, matched) => {
    const [pattern, words] = [text(bound.routingKey), text(key)];
    return matched
      ? `the routing key '${words}' matches the pattern '${pattern}'`
      : `the routing key '${words}' does not match the pattern '${pattern}'${mismatch(pattern, words)}`;
  },
  headers: (bound, _, headers, matched) => explainHeaders(bound.arguments, headers, matched),
  'x-recent-history': () => 'an exchange with a history sends everything to all that is bound to it',
  'x-consistent-hash': (bound, _key, _headers, matched) =>
    `the hash falls ${matched ? '' : 'not '}into the share of this destination, whose weight is ${text(bound.routingKey)}`,
  'x-modulus-hash': (_bound, key, _headers, matched) =>
    `the hash of the routing key '${text(key)}' falls ${matched ? 'on' : 'not on'} this destination`,
  'x-random': (_bound, _key, _headers, matched) => drawn(matched),
  'x-local-random': (_bound, _key, _headers, matched) => drawn(matched),
};

function drawn(matched: boolean): string {
  return `one destination is drawn for each message: this time ${matched ? 'this one' : 'another'}`;
}

/** Where the first difference is; nothing is said of patterns with #, where there may be several. */
function mismatch(pattern: string, key: string): string {
  const wanted = pattern === '' ? [] : pattern.split('.');
  const words = key === '' ? [] : key.split('.');
  if (wanted.includes('#')) return '';
  if (wanted.length !== words.length) return `: it has ${counted(words.length)}, the pattern ${counted(wanted.length)}`;
  const at = wanted.findIndex((word, i) => word !== '*' && word !== words[i]);
  return at < 0 ? '' : `: word ${at + 1} is '${words[at]}' instead of '${wanted[at]}'`;
}

function explainHeaders(args: Table, headers: Table | undefined, matched: boolean): string {
  const match = args.get('x-match');
  const kind = match?.type === 'longstr' ? Buffer.from(match.value).toString() : 'all';
  const wanted = [...args].filter(([key]) => key !== 'x-match' && (kind.endsWith('-with-x') || !key.startsWith('x-')));
  const any = kind.startsWith('any');
  if (wanted.length === 0)
    return any ? 'the binding wants any of no headers, which none can have' : 'the binding asks for no header';
  const differences = wanted.map(([key, value]) => difference(key, value, headers?.get(key)));
  if (!any)
    return matched ? 'all headers that the binding wants are there' : (differences.find(Boolean) ?? 'a header differs');
  if (!matched) return `none of the headers that the binding wants is there: ${differences.find(Boolean)}`;
  const fit = wanted[differences.indexOf(undefined)]?.[0];
  return fit === undefined
    ? 'a header that the binding wants is there'
    : `the header '${fit}' is as the binding wants it`;
}

/** How a header is not as a binding wants it; undefined when it is. */
function difference(key: string, wanted: FieldValue, got: FieldValue | undefined): string | undefined {
  if (got === undefined) return `the header '${key}' is missing`;
  // A void argument asks only for the presence of the key.
  if (wanted.type === 'void' || equalValues(wanted, got)) return undefined;
  return `the header '${key}' is ${shown(got)}, the binding wants ${shown(wanted)}`;
}

function shown(value: FieldValue): string {
  return `${JSON.stringify(toPlain(value))} (${value.type})`;
}

function counted(words: number): string {
  return words === 1 ? '1 word' : `${words} words`;
}

function nameOf({ name }: Exchange): string {
  return name === '' ? 'the default exchange' : `exchange '${name}'`;
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}
