// Who has what: each worker of a queue with its tasks in hand, and a way to take one back.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, brokerNow, send } from '../api.ts';
import { askDanger } from '../components/dialog.tsx';
import { Amount, Facts, Tag } from '../components/parts.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { age, bytes, duration, exact, moment, percentiles, plural } from '../format.ts';
import { useLive } from '../live.ts';
import { exchangeName } from '../stats.ts';
import type { Queue, Task, Worker } from '../types.ts';
import { link } from '../url.ts';

export function QueueWorkers({ queue }: { queue: Queue }): JSX.Element {
  const live = useLive<Worker[]>(api`queues/${queue.vhost}/${queue.name}/workers`);
  const now = useNow();
  if (live.error) return <Fault error={live.error} />;
  if (!live.data) return <Loading />;
  if (live.data.length === 0) {
    return (
      <Empty title="Nobody works on this queue" command={`leveret consume ${queue.name} --prefetch 1 -- ./work.sh`}>
        <p>
          {queue.messages ? `${plural(queue.messages, 'message')} wait${queue.messages === 1 ? 's' : ''}. ` : ''}Start a
          worker with a client library, or try this:
        </p>
      </Empty>
    );
  }
  const held = [...live.data].sort((a, b) => oldest(a) - oldest(b));
  return (
    <div class="workers">
      {held.map(worker => (
        <WorkerCard key={`${worker.channel} ${worker.consumer_tag}`} queue={queue} worker={worker} now={now} />
      ))}
    </div>
  );
}

function WorkerCard({ queue, worker, now }: { queue: Queue; worker: Worker; now: number }): JSX.Element {
  const name = worker.user_provided_name || worker.connection_name;
  const more = worker.task_count - worker.tasks.length;
  return (
    <article class="card worker">
      <header>
        <h3>
          <a href={link(['channels', worker.channel])}>{name}</a>
        </h3>
        {worker.consumer_tag === '' ? (
          <Tag title="These were got with basic.get, not delivered to a consumer">basic.get</Tag>
        ) : (
          <code title="Consumer tag">{worker.consumer_tag}</code>
        )}
        {!worker.ack_required && <Tag title="What is sent counts as done">no ack</Tag>}
        {worker.active === false && <Tag mood="warn">not active</Tag>}
        <span class="muted">
          {worker.peer_host && `${worker.peer_host}:${worker.peer_port}`} {clientOf(worker)} {worker.user}
        </span>
      </header>
      <Facts
        facts={[
          ['In hand', <Amount key="held" of={worker.task_count} colour="unacked" />],
          ['Prefetch', worker.prefetch_count || 'no limit', 'prefetch'],
          ['Delivered', exact(worker.delivered)],
          ['Acknowledged', exact(worker.acked)],
          ['Work p50 / p95 / p99', percentiles(worker.processing_ms), 'processing'],
        ]}
      />
      {worker.tasks.length > 0 ? (
        <Table
          label={`Tasks of ${name}`}
          rows={worker.tasks}
          keyOf={task => String(task.delivery_tag)}
          columns={taskColumns(queue, worker, name, now)}
        />
      ) : (
        <p class="muted">
          {worker.ack_required ? 'It has no task now.' : 'It acknowledges nothing, so nothing is in its hands.'}
        </p>
      )}
      {more > 0 && <p class="muted">and {plural(more, 'more task')}</p>}
    </article>
  );
}

function taskColumns(queue: Queue, worker: Worker, name: string, now: number): Column<Task>[] {
  const usual = worker.processing_ms?.p99;
  return [
    {
      id: 'key',
      title: 'Task',
      cell: task => (
        <a
          href={link(['queues', queue.vhost, queue.name], {
            tab: 'messages',
            state: 'unacked',
            message: String(task.sequence),
          })}
        >
          {task.routing_key || exchangeName(task.exchange)} #{task.sequence}
        </a>
      ),
    },
    {
      id: 'held',
      title: 'Held for',
      number: true,
      cell: task => {
        const ms = now - task.delivered_at;
        const long = usual !== undefined && ms > 2 * usual && ms > 10_000;
        return (
          <span title={`Since ${moment(task.delivered_at)}`} class={long ? 'ink-dead' : ''}>
            {age(ms)}
            {long && <span class="muted"> (usually {duration(usual)})</span>}
          </span>
        );
      },
    },
    { id: 'size', title: 'Size', number: true, cell: task => bytes(task.body_bytes) },
    { id: 'tag', title: 'Delivery tag', word: 'deliveryTag', number: true, cell: task => task.delivery_tag },
    { id: 'again', title: 'Again', cell: task => (task.redelivered ? <Tag mood="warn">redelivered</Tag> : '') },
    {
      id: 'act',
      title: 'Take back',
      cell: task => (
        <button type="button" class="small" onClick={() => takeBack(queue, worker, task, name)}>
          Take back
        </button>
      ),
    },
  ];
}

/** The task goes back to its place and to the next free worker. */
function takeBack(queue: Queue, worker: Worker, task: Task, name: string): void {
  askDanger({
    title: 'Take this task back?',
    verb: 'Take it back',
    loss: (
      <p>
        {name} has held task {task.sequence} for {age(brokerNow() - task.delivered_at)}. It returns to its place in{' '}
        {queue.name}, marked redelivered, and goes to the next free worker. If {name} is still at work on it, it is done
        twice; its late answer is ignored.
      </p>
    ),
    act: async () => {
      await send('POST', api`queues/${queue.vhost}/${queue.name}/take-back`, {
        channel: worker.channel,
        delivery_tag: task.delivery_tag,
      });
      return `Took task ${task.sequence} back from ${name}.`;
    },
  });
}

function clientOf({ client }: Worker): string {
  if (!client) return '';
  return typeof client === 'string' ? client : [client.product, client.version].filter(Boolean).join(' ');
}

function oldest(worker: Worker): number {
  return Math.min(Number.POSITIVE_INFINITY, ...worker.tasks.map(task => task.delivered_at));
}

/** The broker's time, each second. */
function useNow(): number {
  const [now, setNow] = useState(brokerNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(brokerNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
