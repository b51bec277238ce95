// One replay: how far it is, where its messages go, and its end.
import type { JSX } from 'preact';
import { api, send as request } from '../api.ts';
import { Facts, Tag } from '../components/parts.tsx';
import { Table } from '../components/table.tsx';
import { say } from '../components/toast.tsx';
import { exact, moment, plural } from '../format.ts';
import { refresh } from '../live.ts';
import { exchangeName } from '../stats.ts';
import type { Replay } from '../types.ts';

/** Places shown of one replay. */
const SHOWN = 10;

/** `send` sends what a dry run has counted; undefined where that is not known any more. */
export function ReplayCard({ replay, send }: { replay: Replay; send?: (() => void) | undefined }): JSX.Element {
  const { id, state, dry_run, matched, sent, unroutable, skipped, remaining, rate, limit } = replay;
  const ready = matched - unroutable - skipped;
  const name = `${dry_run ? 'Dry run' : 'Replay'} ${id}`;
  return (
    <article class="card replay" aria-label={name}>
      <header>
        <h3>{name}</h3>
        <Tag mood={state === 'running' ? 'warn' : state === 'done' ? 'good' : 'bad'}>{state}</Tag>
        <span class="muted">since {moment(replay.started_at)}</span>
      </header>
      {state === 'running' && (
        <progress max={matched + remaining || 1} value={matched} aria-label={`Progress of ${name}`} />
      )}
      <Facts
        facts={[
          [dry_run ? 'Would go back' : 'Sent', exact(dry_run ? ready : sent)],
          ['No queue gets them', unroutable > 0 ? exact(unroutable) : undefined],
          ['Cannot go', skipped > 0 ? exact(skipped) : undefined],
          ['Still to look at', state === 'running' ? exact(remaining) : undefined],
          ['At most', limit === null ? undefined : plural(limit, 'message')],
          ['No faster than', rate === null ? undefined : `${exact(rate)}/s`],
        ]}
      />
      <Origins replay={replay} />
      <p class="row">
        {dry_run && state === 'done' && send && ready > 0 && (
          <button type="button" class="primary" onClick={send}>
            Replay {plural(ready, 'message')}
          </button>
        )}
        <button type="button" onClick={() => void remove(replay)}>
          {state === 'running' ? 'Cancel' : 'Forget'}
        </button>
      </p>
    </article>
  );
}

function Origins({ replay: { id, origins, dry_run } }: { replay: Replay }): JSX.Element | null {
  if (origins.length === 0) return null;
  const shown = [...origins].sort((a, b) => b.count - a.count).slice(0, SHOWN);
  return (
    <>
      <Table
        label={`Where to, ${id}`}
        rows={shown}
        keyOf={({ exchange, routing_key }) => `${exchange} ${routing_key}`}
        columns={[
          { id: 'exchange', title: dry_run ? 'Would go to' : 'To', cell: ({ exchange }) => exchangeName(exchange) },
          { id: 'key', title: 'Routing key', cell: ({ routing_key }) => <code>{routing_key}</code> },
          { id: 'count', title: 'Messages', number: true, cell: ({ count }) => exact(count) },
        ]}
      />
      {origins.length > SHOWN && <p class="muted">and {exact(origins.length - SHOWN)} more places</p>}
    </>
  );
}

async function remove({ id, state }: Replay): Promise<void> {
  try {
    await request('DELETE', api`replays/${id}`);
    say(state === 'running' ? 'Cancelled the replay; what was sent stays sent.' : 'Forgot the replay.');
  } catch (error) {
    say((error as Error).message, 'bad');
  }
  refresh();
}
