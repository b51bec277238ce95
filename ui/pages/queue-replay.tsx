// Dead letters go back to where they came from: what is wanted is counted first, then sent, and each replay shows how far it is.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, api, send } from '../api.ts';
import { askDanger } from '../components/dialog.tsx';
import { type Field, Fields, type Values, valuesOf } from '../components/fields.tsx';
import { Section } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import { Icon } from '../icons.tsx';
import { refresh, useLive } from '../live.ts';
import { deathReasons } from '../story.ts';
import type { Queue, Replay } from '../types.ts';
import { ReplayCard } from './replay-card.tsx';

/** What is asked for, as the API takes it. */
type Wanted = Readonly<Record<string, unknown>>;

export function QueueReplay({ queue }: { queue: Queue }): JSX.Element {
  const all = useLive<readonly Replay[]>(api`replays`).data ?? [];
  const own = all.filter(replay => replay.vhost === queue.vhost && replay.queue === queue.name).reverse();
  /** What each dry run of this page has counted, so that the same can be sent. */
  const [counted, setCounted] = useState<ReadonlyMap<number, Wanted>>(new Map());
  const path = api`queues/${queue.vhost}/${queue.name}/replay`;
  const dryRun = async (wanted: Wanted): Promise<void> => {
    const { id } = await send<Replay>('POST', path, { ...wanted, dry_run: true });
    setCounted(before => new Map(before).set(id, wanted));
    refresh();
  };
  return (
    <div class="columns">
      <Section title="Send dead letters back">
        <p class="lead">
          Messages that died go back to the exchange and with the routing key that they had before. A dry run counts
          them and changes nothing; then you can send them.
        </p>
        <WantedForm dryRun={dryRun} />
      </Section>
      <Section title="Replays">
        {own.length === 0 && (
          <Empty title="None yet">
            <p>What you start here shows its progress here, and stays until the broker is restarted.</p>
          </Empty>
        )}
        {own.map(replay => {
          const wanted = counted.get(replay.id);
          const sent = (): void => setCounted(before => new Map([...before].filter(([id]) => id !== replay.id)));
          const ask = wanted && (() => replayThem(path, replay, wanted, sent));
          return <ReplayCard key={replay.id} replay={replay} send={ask} />;
        })}
      </Section>
    </div>
  );
}

const fields: readonly Field[] = [
  {
    name: 'death_reason',
    label: 'Died because',
    kind: 'select',
    options: [
      { value: '', label: '(any reason)' },
      ...Object.entries(deathReasons).map(([value, label]) => ({ value, label })),
    ],
  },
  { name: 'death_queue', label: 'Died in the queue', kind: 'text' },
  { name: 'older_s', label: 'Died longer ago than, seconds', kind: 'number' },
  { name: 'younger_s', label: 'Died less long ago than, seconds', kind: 'number' },
  { name: 'key', label: 'Routing key has', kind: 'text' },
  { name: 'header', label: 'Header', kind: 'text', hint: 'name, or name:value' },
  { name: 'text', label: 'Text in the body', kind: 'text' },
  { name: 'limit', label: 'At most, messages', kind: 'number', least: 1 },
  { name: 'rate', label: 'At most, messages a second', kind: 'number', least: 1 },
  {
    name: 'origin',
    label: 'Back to where it was before',
    kind: 'select',
    options: [
      { value: 'newest', label: 'its last death' },
      { value: 'first', label: 'its first death' },
    ],
  },
  {
    name: 'exchange',
    label: 'Or all to the exchange',
    kind: 'text',
    hint: 'amq.default is the default exchange: the routing key names the queue.',
  },
  { name: 'routing_key', label: 'With the routing key', kind: 'text', hint: 'Nothing typed keeps each one’s own.' },
  {
    name: 'reset_counters',
    label: 'Forget deaths and returns',
    kind: 'check',
    value: true,
    hint: 'Takes x-death and the delivery count away, so that limits count anew.',
  },
];

function WantedForm({ dryRun }: { dryRun: (wanted: Wanted) => Promise<void> }): JSX.Element {
  const [error, setError] = useState('');
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setError('');
    try {
      await dryRun(wantedIn(valuesOf(event.currentTarget as HTMLFormElement, fields)));
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught;
      setError(caught.message);
    }
  };
  return (
    <form class="wanted" onSubmit={event => void submit(event)}>
      <Fields fields={fields} />
      {error && (
        <p class="problem" role="alert">
          <Icon name="warn" />
          {error}
        </p>
      )}
      <button type="submit" class="primary">
        Dry run
      </button>
    </form>
  );
}

/** Empty fields ask for nothing. */
function wantedIn({ older_s, younger_s, exchange, routing_key, ...rest }: Values): Wanted {
  const ms = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : seconds * 1000);
  const to = exchange ? { exchange, ...(routing_key ? { routing_key } : {}) } : undefined;
  const wanted: Wanted = { ...rest, older_than_ms: ms(older_s), younger_than_ms: ms(younger_s), to };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== '' && value !== undefined));
}

/** What was counted is sent once: then the numbers are others. */
function replayThem(path: string, { matched, unroutable, skipped }: Replay, wanted: Wanted, sent: () => void): void {
  const number = matched - unroutable - skipped;
  askDanger({
    title: 'Send these dead letters back?',
    verb: `Replay ${messages(number)}`,
    loss: (
      <p>
        <b>{messages(number)}</b> leave this queue and go to where they came from, where workers get them again. What is
        sent stays sent, though you cancel. Those that no queue would get stay here.
      </p>
    ),
    act: async () => {
      const { id } = await send<Replay>('POST', path, wanted);
      sent();
      return `Replay ${id} has begun.`;
    },
  });
}

function messages(number: number): string {
  return `${number.toLocaleString('en')} ${number === 1 ? 'message' : 'messages'}`;
}
