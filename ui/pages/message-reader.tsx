// One message: where it came from, what it carries, and what can be done to it.
import type { JSX } from 'preact';
import { api, read, send, withQuery } from '../api.ts';
import { askDanger, openForm } from '../components/dialog.tsx';
import { Facts } from '../components/parts.tsx';
import { Payload } from '../components/payload.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { age, exact, moment } from '../format.ts';
import { Icon } from '../icons.tsx';
import { useLoad } from '../load.ts';
import { exchangeName } from '../stats.ts';
import type { Message, Queue, Table } from '../types.ts';
import { link, setParams } from '../url.ts';
import { MessageState } from './message-state.tsx';
import { MessageStory } from './message-story.tsx';
import { messageFields, messageOf, otherQueues } from './queue-actions.tsx';

/** Bytes of a body that are shown. */
const SHOWN_BYTES = 256 * 1024;

interface ReaderProps {
  readonly queue: Queue;
  readonly sequence: string;
  /** Called when the message is not in the queue any more, or not where it was. */
  readonly gone: () => void;
}

export function MessageReader({ queue, sequence, gone }: ReaderProps): JSX.Element {
  const path = api`queues/${queue.vhost}/${queue.name}/messages/${sequence}`;
  const { data: message, error } = useLoad<Message>(withQuery(path, { truncate: SHOWN_BYTES }));
  return (
    <article class="card reader" aria-label={`Message ${sequence}`}>
      <header>
        <h3>Message #{exact(Number(sequence))}</h3>
        <button
          type="button"
          class="quiet"
          aria-label="Close the message"
          onClick={() => setParams({ message: undefined })}
        >
          <Icon name="close" />
        </button>
      </header>
      {error?.status === 404 ? (
        <Empty title="It is gone">
          <p>A worker has acknowledged it, or it was moved or deleted.</p>
        </Empty>
      ) : error ? (
        <Fault error={error} />
      ) : !message ? (
        <Loading />
      ) : (
        <>
          <MessageActions queue={queue} message={message} path={path} gone={gone} />
          <MessageFacts queue={queue} message={message} />
          <MessageStory queue={queue.name} message={message} />
          <Payload
            payload={message.payload}
            encoding={message.payload_encoding}
            bodyBytes={message.body_bytes}
            truncated={message.truncated}
          />
        </>
      )}
    </article>
  );
}

function MessageFacts({ queue, message }: { queue: Queue; message: Message }): JSX.Element {
  const { headers = {}, ...properties } = message.properties;
  const { worker } = message;
  return (
    <>
      <Facts
        facts={[
          ['State', <MessageState key="state" message={message} />],
          ['Published', `${moment(message.published_at)}, ${age(message.age_ms)} ago`],
          ['Expires', message.expires_at ? moment(message.expires_at) : undefined],
          [
            'Exchange',
            <a key="exchange" href={link(['exchanges', queue.vhost, message.exchange])}>
              {exchangeName(message.exchange)}
            </a>,
          ],
          ['Routing key', <code key="key">{message.routing_key}</code>, 'routingKey'],
          [
            'Delivered to',
            worker && (
              <a key="worker" href={link(['channels', worker.channel])}>
                {worker.connection_name}, {moment(worker.delivered_at)}
              </a>
            ),
          ],
          ...tableFacts(properties),
        ]}
      />
      {Object.keys(headers as Table).length > 0 && (
        <>
          <h4>Headers</h4>
          <Facts facts={tableFacts(headers as Table)} />
        </>
      )}
    </>
  );
}

function tableFacts(table: Table): (readonly [string, string])[] {
  return Object.entries(table).map(([name, value]) => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
}

interface ActionProps {
  readonly queue: Queue;
  readonly message: Message;
  readonly path: string;
  readonly gone: () => void;
}

function MessageActions(props: ActionProps): JSX.Element {
  const { message, path, gone } = props;
  return (
    <div class="row">
      <button type="button" onClick={() => void edit(props)}>
        Edit and republish
      </button>
      <button type="button" onClick={() => void move(props)}>
        Move
      </button>
      {message.state === 'unacked' && (
        <button
          type="button"
          onClick={() =>
            askDanger({
              title: 'Requeue this message?',
              verb: 'Requeue',
              loss: (
                <p>
                  It returns to its place, marked redelivered, and goes to the next free worker; the one that has it may
                  still be at work on it.
                </p>
              ),
              act: async () => {
                await send('POST', `${path}/requeue`);
                gone();
                return 'Requeued the message.';
              },
            })
          }
        >
          Requeue
        </button>
      )}
      <button
        type="button"
        class="danger"
        onClick={() =>
          askDanger({
            title: 'Delete this message?',
            verb: 'Delete 1 message',
            loss: (
              <p>
                Message {exact(message.sequence)} will be gone for good.
                {message.worker && ' A worker has it now; what it answers is ignored.'}
              </p>
            ),
            act: async () => {
              await send('DELETE', path);
              gone();
              return 'Deleted the message.';
            },
          })
        }
      >
        Delete
      </button>
    </div>
  );
}

async function move({ queue, message, path, gone }: ActionProps): Promise<void> {
  openForm({
    title: `Move message ${exact(message.sequence)}`,
    verb: 'Move',
    fields: [
      {
        name: 'queue',
        label: 'To the queue',
        kind: 'text',
        required: true,
        known: await otherQueues(queue.vhost, queue.name).catch(() => []),
      },
    ],
    act: async ({ queue: to }) => {
      await send('POST', `${path}/move`, { queue: to });
      gone();
      return `Moved the message to ${to}.`;
    },
  });
}

/** A copy with changes; the original stays unless asked otherwise. */
async function edit({ queue, path, gone }: ActionProps): Promise<void> {
  const whole = await read<Message>(path);
  openForm({
    title: `Edit message ${exact(whole.sequence)}`,
    verb: 'Republish',
    fields: [
      {
        name: 'exchange',
        label: 'To the exchange',
        kind: 'text',
        value: whole.exchange,
        hint: 'Empty is the default exchange: the routing key names the queue.',
      },
      ...messageFields({
        key: whole.routing_key,
        properties: whole.properties,
        payload: whole.payload,
        encoding: whole.payload_encoding,
      }),
      {
        name: 'remove',
        label: 'Remove the original',
        kind: 'check',
        hint: `From ${queue.name}, when the copy is published.`,
      },
    ],
    act: async values => {
      await send('POST', `${path}/republish`, {
        ...messageOf(values),
        exchange: values['exchange'],
        remove: values['remove'],
      });
      gone();
      return 'Republished the message.';
    },
  });
}
