// Looks inside a queue without touching it: a list of its messages, filtered, and a reader beside it.
import type { JSX } from 'preact';
import { api, withQuery } from '../api.ts';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { age, bytes, exact, moment } from '../format.ts';
import { useLoad } from '../load.ts';
import { deathReasons } from '../story.ts';
import type { Message, Queue } from '../types.ts';
import { link, setParams, view } from '../url.ts';
import { MessageReader } from './message-reader.tsx';
import { MessageState } from './message-state.tsx';

/** Messages of a page of the list, and bytes of each body that the list needs. */
const LIMIT = 50;
const PREVIEW_BYTES = 200;

/** Parameters of the address that say which messages are shown. */
const filters = ['state', 'key', 'header', 'text', 'death_reason', 'death_queue'] as const;

export function QueueMessages({ queue }: { queue: Queue }): JSX.Element {
  const { params, path: place } = view.value;
  const asked = Object.fromEntries(filters.map(name => [name, params[name]]));
  const chosen = params['message'];
  const list = useLoad<{ items: readonly Message[]; next: number | null }>(
    withQuery(api`queues/${queue.vhost}/${queue.name}/messages`, {
      ...asked,
      after: params['after'],
      limit: LIMIT,
      truncate: PREVIEW_BYTES,
    }),
  );
  const next = list.data?.next;
  const gone = (): void => {
    setParams({ message: undefined });
    list.again();
  };
  return (
    <div class={chosen ? 'messages reading' : 'messages'}>
      <div class="message-list">
        <Filters params={params} busy={list.busy} again={list.again} />
        {list.error ? (
          <Fault error={list.error} />
        ) : !list.data ? (
          <Loading />
        ) : list.data.items.length === 0 ? (
          <Nothing filtered={filters.some(name => params[name])} onwards={next !== null} />
        ) : (
          <Table
            label="Messages"
            rows={list.data.items}
            keyOf={message => String(message.sequence)}
            columns={columns(chosen)}
          />
        )}
        <nav class="pages" aria-label="Messages">
          {params['after'] && <a href={link(place, { ...params, after: undefined })}>From the head</a>}
          {next !== null && next !== undefined && (
            <a class="button" href={link(place, { ...params, after: String(next), message: undefined })}>
              {list.data?.items.length === 0 ? 'Look further' : 'Next messages'}
            </a>
          )}
        </nav>
      </div>
      {chosen && <MessageReader key={chosen} queue={queue} sequence={chosen} gone={gone} />}
    </div>
  );
}

/** Beside a reader there is room for less. */
function columns(chosen: string | undefined): Column<Message>[] {
  const { path, params } = view.value;
  const all: Column<Message>[] = [
    {
      id: 'sequence',
      title: 'Message',
      cell: message => (
        <a
          href={link(path, { ...params, message: String(message.sequence) })}
          aria-current={String(message.sequence) === chosen ? 'true' : undefined}
        >
          #{exact(message.sequence)}
        </a>
      ),
    },
    { id: 'key', title: 'Routing key', cell: message => <code>{message.routing_key}</code> },
    { id: 'body', title: 'Body', cell: message => <span class="preview">{preview(message)}</span> },
    { id: 'state', title: 'State', cell: message => <MessageState message={message} /> },
    {
      id: 'age',
      title: 'Age',
      number: true,
      cell: message => <span title={moment(message.published_at)}>{age(message.age_ms)}</span>,
    },
    { id: 'size', title: 'Size', number: true, cell: message => bytes(message.body_bytes) },
  ];
  return chosen ? all.filter(({ id }) => id !== 'size' && id !== 'body') : all;
}

function Filters({
  params,
  busy,
  again,
}: {
  params: Readonly<Record<string, string>>;
  busy: boolean;
  again: () => void;
}): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const changes = Object.fromEntries(filters.map(name => [name, String(data.get(name) ?? '') || undefined]));
    setParams({ ...changes, after: undefined }, true);
  };
  return (
    <form class="message-filters" onSubmit={submit} key={filters.map(name => params[name]).join()}>
      <label>
        State
        <select name="state" onChange={event => event.currentTarget.form?.requestSubmit()}>
          {[
            ['', 'all'],
            ['ready', 'ready'],
            ['unacked', 'unacked'],
          ].map(([value, title]) => (
            <option key={value} value={value} selected={value === (params['state'] ?? '')}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label>
        Routing key
        <input name="key" defaultValue={params['key']} data-filter />
      </label>
      <label>
        Header
        <input name="header" placeholder="name:value" defaultValue={params['header']} />
      </label>
      <label>
        Text in the body
        <input name="text" defaultValue={params['text']} />
      </label>
      <label>
        Died because
        <select name="death_reason" onChange={event => event.currentTarget.form?.requestSubmit()}>
          <option value="">(any)</option>
          {Object.entries(deathReasons).map(([reason, words]) => (
            <option key={reason} value={reason} selected={reason === params['death_reason']}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        Died in the queue
        <input name="death_queue" defaultValue={params['death_queue']} />
      </label>
      <button type="submit" class="primary">
        Search
      </button>
      <button type="button" disabled={busy} onClick={again}>
        Refresh
      </button>
    </form>
  );
}

function Nothing({ filtered, onwards }: { filtered: boolean; onwards: boolean }): JSX.Element {
  if (!filtered) {
    return (
      <Empty title="No messages">
        <p>Nothing waits here and no worker has anything in hand.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No message fits">
      <p>
        {onwards
          ? 'None among those looked at so far; there are more further on.'
          : 'None of the queue’s messages has what you look for.'}
      </p>
      <p>
        <button
          type="button"
          onClick={() => setParams(Object.fromEntries([...filters, 'after'].map(name => [name, undefined])))}
        >
          Show all
        </button>
      </p>
    </Empty>
  );
}

const PREVIEW_CHARS = 80;

/** The beginning of a body in one line. */
export function preview(message: Pick<Message, 'body_bytes' | 'payload' | 'payload_encoding'>): string {
  if (message.body_bytes === 0) return '(empty)';
  if (message.payload_encoding === 'base64') return '(binary)';
  return message.payload.slice(0, PREVIEW_CHARS).replace(/\s+/g, ' ');
}
