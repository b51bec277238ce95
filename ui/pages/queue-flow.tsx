// A queue over time, and where its messages come from and go to.
import type { JSX } from 'preact';
import { api } from '../api.ts';
import { Breakdown } from '../components/breakdown.tsx';
import { FlowDrawing } from '../components/flow-drawing.tsx';
import { LengthsChart, RatesChart } from '../components/messages-charts.tsx';
import { RangePicker, Section } from '../components/parts.tsx';
import { around } from '../flow.ts';
import { useLive } from '../live.ts';
import { exchangeName } from '../stats.ts';
import type { Flow, Queue } from '../types.ts';
import { link } from '../url.ts';

export function QueueFlow({ queue }: { queue: Queue }): JSX.Element {
  const flow = useLive<Flow>(api`flow/${queue.vhost}`);
  const here = flow.data && around(flow.data, node => node.kind === 'queue' && node.name === queue.name);
  return (
    <>
      <div class="row end">
        <RangePicker />
      </div>
      <div class="charts">
        <LengthsChart totals={queue} />
        <RatesChart stats={queue.message_stats} />
      </div>
      {here && (
        <Section title="Who sends and who works">
          <FlowDrawing flow={here} />
        </Section>
      )}
      <Breakdowns queue={queue} />
    </>
  );
}

/** RabbitMQ's breakdown: what came from which exchange, and what went to which channel. */
function Breakdowns({ queue }: { queue: Queue }): JSX.Element {
  return (
    <div class="columns">
      <Breakdown
        title="From which exchanges"
        end="Exchange"
        rows={(queue.incoming ?? []).map(({ exchange: { name }, stats }) => ({
          name: exchangeName(name),
          href: link(['exchanges', queue.vhost, name]),
          stats,
        }))}
        counters={[['publish', 'Published']]}
      />
      <Breakdown
        title="To which channels"
        end="Channel"
        rows={(queue.deliveries ?? []).map(({ channel_details: { name }, stats }) => ({
          name,
          href: link(['channels', name]),
          stats,
        }))}
        counters={[
          ['deliver_get', 'Delivered'],
          ['ack', 'Acknowledged'],
        ]}
      />
    </div>
  );
}
