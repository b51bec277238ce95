// Which part of a vhost's flow to draw, and where: four columns, the busiest first.
import type { Flow, FlowEdge, FlowNode } from './types.ts';

/** A node with its place in the drawing. */
export interface Placed {
  readonly node: FlowNode;
  readonly x: number;
  readonly y: number;
}

/** A drawing of a flow. */
export interface Layout {
  readonly nodes: readonly Placed[];
  readonly edges: readonly { readonly edge: FlowEdge; readonly from: Placed; readonly to: Placed }[];
  readonly width: number;
  readonly height: number;
  /** How many nodes of each kind had no room. */
  readonly left: Readonly<Record<FlowNode['kind'], number>>;
  /** How many of each kind nothing comes to and nothing leaves. */
  readonly alone: Readonly<Record<FlowNode['kind'], number>>;
}

export const NODE_WIDTH = 176;
export const NODE_HEIGHT = 40;
const COLUMN = 268;
const ROW = 54;
const MARGIN = 8;
const kinds: readonly FlowNode['kind'][] = ['producer', 'exchange', 'queue', 'worker'];

/** What leads to the nodes that are looked for and what follows from them. */
export function around(flow: Flow, wanted: (node: FlowNode) => boolean): Flow {
  const start = flow.nodes.filter(wanted).map(({ id }) => id);
  const seen = new Set([...reach(flow.edges, start, 'to', 'from'), ...reach(flow.edges, start, 'from', 'to')]);
  return {
    nodes: flow.nodes.filter(({ id }) => seen.has(id)),
    edges: flow.edges.filter(({ from, to }) => seen.has(from) && seen.has(to)),
  };
}

function reach(
  edges: readonly FlowEdge[],
  start: readonly string[],
  near: 'from' | 'to',
  far: 'from' | 'to',
): Set<string> {
  const seen = new Set(start);
  const open = [...start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const edge of edges) {
      if (edge[near] !== id || seen.has(edge[far])) continue;
      seen.add(edge[far]);
      open.push(edge[far]);
    }
  }
  return seen;
}

/** Places the nodes in columns by kind, at most `most` in each, so that edges cross little. */
export function layOut(flow: Flow, most: number): Layout {
  const weight = new Map<string, number>();
  for (const { from, to, rate } of flow.edges) {
    // What is connected comes before what is alone, and what moves before what rests.
    for (const id of [from, to]) weight.set(id, (weight.get(id) ?? 0) + 1e-6 + (rate ?? 0));
  }
  const left = { producer: 0, exchange: 0, queue: 0, worker: 0 };
  const alone = { ...left };
  const columns = kinds.map(kind => {
    const every = flow.nodes.filter(node => node.kind === kind);
    // Where nothing is connected at all, what there is gets drawn all the same.
    const all = flow.edges.length === 0 ? every : every.filter(({ id }) => weight.has(id));
    alone[kind] = every.length - all.length;
    all.sort((a, b) => (weight.get(b.id) ?? 0) - (weight.get(a.id) ?? 0) || compare(a.id, b.id));
    left[kind] = Math.max(0, all.length - most);
    // The order must not follow the rates, or nodes would jump at each sample.
    return all.slice(0, most).sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
  });
  untangle(columns, flow.edges);
  const rows = Math.max(1, ...columns.map(column => column.length));
  const height = rows * ROW + 2 * MARGIN;
  const nodes = columns.flatMap((column, number) =>
    column.map((node, index) => ({
      node,
      x: MARGIN + number * COLUMN,
      y: MARGIN + ((rows - column.length) * ROW) / 2 + index * ROW,
    })),
  );
  const places = new Map(nodes.map(placed => [placed.node.id, placed]));
  const edges = flow.edges.flatMap(edge => {
    const [from, to] = [places.get(edge.from), places.get(edge.to)];
    return from && to ? [{ edge, from, to }] : [];
  });
  return { nodes, edges, width: 3 * COLUMN + NODE_WIDTH + 2 * MARGIN, height, left, alone };
}

/** Each column in the order of the middle of its neighbours, a few times to and fro. */
function untangle(columns: readonly FlowNode[][], edges: readonly FlowEdge[]): void {
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  const order = [1, 2, 3, 2, 1, 0];
  for (const number of order) {
    const place = new Map(
      columns.flatMap((column, at) =>
        at === number ? [] : column.map((node, index) => [node.id, index / column.length] as const),
      ),
    );
    const middles = new Map(
      columns[number]?.map((node, index) => {
        const at = (neighbours.get(node.id) ?? []).map(id => place.get(id)).filter(value => value !== undefined);
        return [node.id, at.length ? at.reduce((sum, value) => sum + value, 0) / at.length : index / 1e3];
      }),
    );
    columns[number]?.sort((a, b) => (middles.get(a.id) ?? 0) - (middles.get(b.id) ?? 0));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
