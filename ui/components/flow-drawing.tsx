// The living drawing of a flow: producers, exchanges, queues and workers, with rates on the edges.
import type { JSX } from 'preact';
import { type Layout, layOut, NODE_HEIGHT, NODE_WIDTH } from '../flow.ts';
import { count, DASH, phrase, plural, rate } from '../format.ts';
import { exchangeName } from '../stats.ts';
import type { Flow, FlowNode } from '../types.ts';
import { link } from '../url.ts';

const MOST = 40;
const NAME_CHARS = 23;

export function FlowDrawing({ flow }: { flow: Flow }): JSX.Element {
  const layout = layOut(flow, MOST);
  const left = counts(layout.left, 'more ');
  const alone = counts(layout.alone, '');
  const moving = Math.max(1, ...layout.edges.map(({ edge }) => edge.rate ?? 0));
  return (
    <figure class="flow">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keyboard where it is wider than the page */}
      <section class="flow-box" tabIndex={0} aria-label="Drawing of who sends what where">
        <svg viewBox={`0 0 ${layout.width} ${layout.height}`} width={layout.width} height={layout.height}>
          <title>Producers, exchanges, queues and workers</title>
          {layout.edges.map(({ edge, from, to }) => (
            <Edge
              key={`${edge.from} ${edge.to} ${edge.label ?? ''}`}
              line={path(from, to)}
              rate={edge.rate}
              part={(edge.rate ?? 0) / moving}
            />
          ))}
          {layout.edges.map(({ edge, from, to }) => (
            <EdgeLabel
              key={`${edge.from} ${edge.to} ${edge.label ?? ''}`}
              from={from}
              to={to}
              rate={edge.rate}
              label={edge.label}
            />
          ))}
          {layout.nodes.map(({ node, x, y }) => (
            <Node key={node.id} node={node} x={x} y={y} />
          ))}
        </svg>
      </section>
      <figcaption class="muted">
        {left && <p>The busiest are drawn; not drawn: {left}.</p>}
        {alone && <p>Not drawn, for nothing comes and nothing goes there: {alone}.</p>}
      </figcaption>
    </figure>
  );
}

/** `2 queues and 1 exchange`, `2 more queues`. */
function counts(numbers: Layout['left'], more: string): string {
  const some = Object.entries(numbers).filter(([, number]) => number > 0);
  return phrase(some.map(([kind, number]) => plural(number, more + kind)));
}

type Place = Layout['nodes'][number];

function Edge({ line, rate, part }: { line: string; rate: number | null; part: number }): JSX.Element {
  // Three widths and three speeds: what matters is which edge carries more.
  const strength =
    rate === null ? 'unknown' : rate < 0.05 ? 'rests' : part > 0.5 ? 'much' : part > 0.1 ? 'some' : 'little';
  return <path class={`edge ${strength}`} d={line} />;
}

function EdgeLabel({
  from,
  to,
  rate: speed,
  label,
}: {
  from: Place;
  to: Place;
  rate: number | null;
  label?: string;
}): JSX.Element | null {
  const text = rate(speed);
  if (text === DASH && speed !== null) return null;
  const title = [label, speed === null && 'what goes this way is not counted'].filter(Boolean).join(': ');
  // Near the end, since several edges leave the same node; between two exchanges beside the bend.
  const [x, y] =
    from.x < to.x ? [to.x - 6, middle(to) - 6] : [to.x + NODE_WIDTH + 76, (middle(from) + middle(to)) / 2 + 4];
  return (
    <text class="edge-label" x={x} y={y}>
      {title && <title>{title}</title>}
      {text}
    </text>
  );
}

function path(from: Place, to: Place): string {
  const start = from.x < to.x ? from.x + NODE_WIDTH : from.x;
  if (from.x === to.x) {
    // From exchange to exchange: round the side.
    const side = from.x + NODE_WIDTH;
    return `M${side} ${middle(from)}C${side + 50} ${middle(from)} ${side + 50} ${middle(to)} ${side} ${middle(to)}`;
  }
  const end = from.x < to.x ? to.x : to.x + NODE_WIDTH;
  const bend = (start + end) / 2;
  return `M${start} ${middle(from)}C${bend} ${middle(from)} ${bend} ${middle(to)} ${end} ${middle(to)}`;
}

function middle({ y }: Place): number {
  return y + NODE_HEIGHT / 2;
}

function Node({ node, x, y }: { node: FlowNode; x: number; y: number }): JSX.Element {
  const name = node.kind === 'exchange' ? exchangeName(node.name) : node.name;
  const href = hrefOf(node);
  const body = (
    <g class={`node ${node.kind}`} transform={`translate(${x} ${y})`}>
      <title>{`${node.kind} ${name}`}</title>
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={node.kind === 'exchange' ? NODE_HEIGHT / 2 : 6} />
      <text x={12} y={17}>
        {name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS - 1)}…` : name}
      </text>
      <text class="about" x={12} y={32}>
        {about(node)}
      </text>
    </g>
  );
  return href ? <a href={href}>{body}</a> : body;
}

function about(node: FlowNode): string {
  if (node.kind === 'queue') {
    return `${count(node.messages_ready ?? node.messages ?? 0)} ready, ${count(node.messages_unacknowledged ?? 0)} unacked`;
  }
  const type = node['type'];
  return node.kind === 'exchange' && typeof type === 'string' ? `${type} exchange` : node.kind;
}

function hrefOf(node: FlowNode): string | undefined {
  if (node.kind === 'queue') return link(['queues', node.vhost, node.name]);
  if (node.kind === 'exchange') return link(['exchanges', node.vhost, node.name]);
  const channel = node['channel'];
  if (typeof channel === 'string') return link(['channels', channel]);
  const connection = node['connection_name'];
  return typeof connection === 'string' ? link(['connections', connection]) : undefined;
}
