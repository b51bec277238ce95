// What arguments and policies say of queues and exchanges, in words.
import { bytes, duration, exact } from './format.ts';

type Plain = string | number | boolean;

interface Setting {
  readonly title: string;
  /** Its sign in lists of queues, as RabbitMQ's page writes it. */
  readonly sign?: string;
  readonly show?: (value: Plain) => string;
}

const time = (value: Plain): string => (typeof value === 'number' ? duration(value) : String(value));
const number = (value: Plain): string => (typeof value === 'number' ? exact(value) : String(value));
const size = (value: Plain): string => (typeof value === 'number' ? bytes(value) : String(value));
const truth = (value: Plain): string => (value === true ? 'yes' : value === false ? 'no' : String(value));
const limit = (value: Plain): string => (typeof value === 'number' && value < 0 ? 'none' : number(value));
const exchange = (value: Plain): string => (value === '' ? 'the default exchange' : String(value));

/** By policy keys, which are the arguments' names without `x-`. */
const settings: Readonly<Record<string, Setting>> = {
  'message-ttl': { title: 'Messages live for', sign: 'TTL', show: time },
  expires: { title: 'Deleted when unused for', sign: 'Exp', show: time },
  'max-length': { title: 'Most messages', sign: 'Lim', show: number },
  'max-length-bytes': { title: 'Most bytes', sign: 'Lim B', show: size },
  overflow: { title: 'When it is full', sign: 'Ovfl' },
  'dead-letter-exchange': { title: 'Dead letters go to', sign: 'DLX', show: exchange },
  'dead-letter-routing-key': { title: 'Dead letters get the key', sign: 'DLK' },
  'delivery-limit': { title: 'Returned at most', sign: 'DlL', show: limit },
  'max-priority': { title: 'Priorities up to', sign: 'Pri', show: number },
  'single-active-consumer': { title: 'Single active consumer', sign: 'SAC', show: truth },
  'consumer-timeout': { title: 'Workers may take', show: time },
  'delayed-retry-type': { title: 'Retries wait' },
  'delayed-retry-min': { title: 'The first retry waits', show: time },
  'delayed-retry-max': { title: 'A retry waits at most', show: time },
  'message-deduplication': { title: 'Deduplicates', sign: 'Dedup', show: truth },
  'cache-size': { title: 'Remembers values', show: number },
  'cache-ttl': { title: 'Remembers them for', show: time },
  'deduplication-header': { title: 'Deduplicates by the header' },
  'alternate-exchange': { title: 'What it cannot route goes to', sign: 'AE', show: exchange },
  'queue-type': { title: 'Type' },
  'delayed-type': { title: 'Routes as' },
};

function settingOf(name: string): Setting | undefined {
  return settings[name.replace(/^x-/, '')];
}

/** What an argument or a policy key is about; its name where there are no better words. */
export function settingTitle(name: string): string {
  return settingOf(name)?.title ?? name;
}

/** A value as people read it. */
export function settingText(name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return JSON.stringify(value);
  return settingOf(name)?.show?.(value) ?? String(value);
}

/** The sign of an argument or a policy key; undefined where it has none of its own. */
export function settingSign(name: string): string | undefined {
  return settingOf(name)?.sign;
}
