// What a delayed exchange keeps back: looked at, searched, cancelled, given another time, sent on now.
import type { JSX } from 'preact';
import { api, send, withQuery } from '../api.ts';
import { askDanger, openDialog, openForm } from '../components/dialog.tsx';
import { Facts, Figures } from '../components/parts.tsx';
import { Payload } from '../components/payload.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { Table } from '../components/table.tsx';
import { bytes, count, DASH, duration, exact, moment } from '../format.ts';
import { useLoad } from '../load.ts';
import { tableText } from '../stats.ts';
import type { DelayedMessage, Exchange } from '../types.ts';
import { link, setParams, view } from '../url.ts';
import { preview } from './queue-messages.tsx';

/** Messages of a page, and bytes of each body that are shown. */
const LIMIT = 50;
const SHOWN_BYTES = 16 * 1024;

const filters = ['key', 'header', 'text'] as const;

export function Delayed({ exchange }: { exchange: Exchange }): JSX.Element {
  const { params, path: place } = view.value;
  const path = api`exchanges/${exchange.vhost}/${exchange.name}/delayed`;
  const asked = Object.fromEntries(filters.map(name => [name, params[name]]));
  const list = useLoad<{ items: readonly DelayedMessage[]; next: number | null }>(
    withQuery(path, { ...asked, after: params['after'], limit: LIMIT, truncate: SHOWN_BYTES }),
  );
  const next = list.data?.next ?? null;
  const { next_due_at: due } = exchange;
  return (
    <>
      <Figures
        figures={[
          { name: 'Kept back', value: count(exchange.messages_delayed) },
          { name: 'Bodies', value: bytes(exchange.message_bytes_delayed) },
          { name: 'The next is due', value: due ? moment(due) : DASH, wide: true },
        ]}
      />
      <Filters params={params} busy={list.busy} again={list.again} />
      {list.error ? (
        <Fault error={list.error} />
      ) : !list.data ? (
        <Loading />
      ) : list.data.items.length === 0 ? (
        <Empty title={filters.some(name => params[name]) ? 'No message fits' : 'Nothing is kept back'}>
          <p>
            {next === null
              ? 'A message with the header x-delay is kept back for so many milliseconds.'
              : 'None among those looked at so far; there are more further on.'}
          </p>
        </Empty>
      ) : (
        <DelayedTable messages={list.data.items} path={path} again={list.again} />
      )}
      <nav class="pages" aria-label="Messages">
        {params['after'] && <a href={link(place, { ...params, after: undefined })}>From the first</a>}
        {next !== null && (
          <a class="button" href={link(place, { ...params, after: String(next) })}>
            {list.data?.items.length === 0 ? 'Look further' : 'Next messages'}
          </a>
        )}
      </nav>
    </>
  );
}

interface ActionProps {
  readonly path: string;
  /** Asks for the list anew: the message is not where it was. */
  readonly again: () => void;
}

function DelayedTable({ messages, ...props }: ActionProps & { messages: readonly DelayedMessage[] }): JSX.Element {
  return (
    <Table
      label="Delayed messages"
      rows={messages}
      keyOf={message => String(message.sequence)}
      columns={[
        {
          id: 'sequence',
          title: 'Message',
          cell: message => (
            <button type="button" class="small" onClick={() => show(message)}>
              #{exact(message.sequence)}
            </button>
          ),
        },
        {
          id: 'due',
          title: 'Due',
          cell: ({ due_at, due_in_ms }) => <span title={moment(due_at)}>in {duration(due_in_ms)}</span>,
        },
        { id: 'key', title: 'Routing key', word: 'routingKey', cell: message => <code>{message.routing_key}</code> },
        { id: 'body', title: 'Body', cell: message => <span class="preview">{preview(message)}</span> },
        { id: 'size', title: 'Size', number: true, cell: message => bytes(message.body_bytes) },
        {
          id: 'act',
          title: 'Change',
          cell: message => (
            <span class="row">
              <button type="button" class="small" onClick={() => release(message, props)}>
                Send now
              </button>
              <button type="button" class="small" onClick={() => reschedule(message, props)}>
                Another time
              </button>
              <button type="button" class="small danger" onClick={() => cancel(message, props)}>
                Cancel
              </button>
            </span>
          ),
        },
      ]}
    />
  );
}

interface FilterProps {
  readonly params: Readonly<Record<string, string>>;
  readonly busy: boolean;
  readonly again: () => void;
}

function Filters({ params, busy, again }: FilterProps): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const changes = Object.fromEntries(filters.map(name => [name, String(data.get(name) ?? '') || undefined]));
    setParams({ ...changes, after: undefined }, true);
  };
  return (
    <form class="message-filters" onSubmit={submit} key={filters.map(name => params[name]).join()}>
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
      <button type="submit" class="primary">
        Search
      </button>
      <button type="button" disabled={busy} onClick={again}>
        Refresh
      </button>
    </form>
  );
}

function show(message: DelayedMessage): void {
  openDialog(
    `Message #${exact(message.sequence)}`,
    <div class="got">
      <article>
        <Facts
          facts={[
            ['Due', moment(message.due_at)],
            ['Published', moment(message.published_at)],
            ['Routing key', <code key="key">{message.routing_key}</code>],
            ['Properties', tableText(message.properties) || 'none'],
          ]}
        />
        <Payload
          payload={message.payload}
          encoding={message.payload_encoding}
          bodyBytes={message.body_bytes}
          truncated={message.truncated}
        />
      </article>
    </div>,
    true,
  );
}

function release({ sequence }: DelayedMessage, { path, again }: ActionProps): void {
  openForm({
    title: `Send message ${exact(sequence)} now?`,
    verb: 'Send it now',
    intro: <p>It goes to the queues as if its time had come.</p>,
    fields: [],
    act: async () => {
      await send('POST', `${path}/${sequence}/release`);
      again();
      return 'Sent the message on.';
    },
  });
}

function reschedule({ sequence, due_in_ms: left }: DelayedMessage, { path, again }: ActionProps): void {
  openForm({
    title: `Another time for message ${exact(sequence)}`,
    verb: 'Keep it back',
    fields: [
      {
        name: 'delay',
        label: 'From now on, seconds',
        kind: 'number',
        value: Math.max(1, Math.round(left / 1000)),
        required: true,
        least: 1,
      },
    ],
    act: async ({ delay }) => {
      await send('PUT', `${path}/${sequence}`, { delay_ms: delay * 1000 });
      again();
      return `The message is due in ${duration(delay * 1000)}.`;
    },
  });
}

function cancel({ sequence }: DelayedMessage, { path, again }: ActionProps): void {
  askDanger({
    title: `Cancel message ${exact(sequence)}?`,
    verb: 'Drop 1 message',
    loss: <p>It is dropped and never sent.</p>,
    act: async () => {
      await send('DELETE', `${path}/${sequence}`);
      again();
      return 'Cancelled the message.';
    },
  });
}
