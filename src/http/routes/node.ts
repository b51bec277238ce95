// The node itself: overview, memory, name, and what of RabbitMQ's there is none of.
import { z } from 'zod';
import { notAuthorised, notFound } from '../errors.ts';
import type { Management } from '../management.ts';
import { changed, emptyList, plainList, type Route, route } from '../route.ts';
import { nodeMemory, nodeView } from '../views/node.ts';
import { overviewView } from '../views/overview.ts';

function expectNode({ node }: Management, name: string): void {
  if (name !== node) throw notFound();
}

/** Each part in percent of their sum. */
function relative(management: Management): Record<string, unknown> {
  const { total, strategy, message_bodies: _, ...parts } = nodeMemory(management);
  const sum = Object.values(parts as Record<string, number>).reduce((a, b) => a + b, 0);
  const shares = Object.entries(parts).map(([name, bytes]) => [name, Math.round(((bytes as number) / sum) * 100)]);
  return { ...Object.fromEntries(shares), strategy, total: 100 };
}

export const nodeRoutes: readonly Route[] = [
  route('GET', '/overview', {
    answer: 'object',
    summary: 'Versions, totals and rates of everything',
    run: ({ management, viewer, rates }) => overviewView(management, viewer, rates),
  }),
  route('GET', '/cluster-name', {
    answer: 'object',
    summary: 'The name that clients are told',
    run: ({ management }) => ({ name: management.clusterName }),
  }),
  route('PUT', '/cluster-name', {
    need: 'administrator',
    body: z.strictObject({ name: z.string() }),
    answer: 'nothing',
    summary: 'The name is a setting: only the name that it has is taken',
    run: ({ management, body }) => {
      if (body.name !== management.clusterName) throw notAuthorised('set cluster_name in the configuration');
      return changed;
    },
  }),
  route('GET', '/nodes', {
    need: 'monitoring',
    answer: 'list',
    summary: 'The one node that there is',
    run: ({ management, rates }) => plainList([nodeView(management, rates)]),
  }),
  route('GET', '/nodes/:node', {
    need: 'monitoring',
    answer: 'object',
    summary: 'The node',
    run: ({ management, params, rates }) => {
      expectNode(management, params.node);
      return nodeView(management, rates);
    },
  }),
  route('GET', '/nodes/:node/memory', {
    need: 'monitoring',
    answer: 'object',
    summary: 'What the memory of the process is used for, bytes',
    run: ({ management, params }) => {
      expectNode(management, params.node);
      return { memory: nodeMemory(management) };
    },
  }),
  route('GET', '/nodes/:node/memory/relative', {
    need: 'monitoring',
    answer: 'object',
    summary: 'The same in percent',
    run: ({ management, params }) => {
      expectNode(management, params.node);
      return { memory: relative(management) };
    },
  }),
  route('GET', '/version', {
    answer: 'object',
    summary: 'The versions',
    run: ({ management }) => ({ version: management.productVersion, leveret_version: management.version }),
  }),
  route('GET', '/extensions', {
    answer: 'list',
    summary: 'Extensions of the page: there are none',
    run: () => emptyList,
  }),
  route('GET', '/auth', {
    need: 'open',
    answer: 'object',
    summary: 'How the page logs in: by name and password',
    run: () => ({ enable_uaa: false, uaa_client_id: '', uaa_location: '' }),
  }),
  route('GET', '/auth/attempts/:node', {
    need: 'monitoring',
    answer: 'list',
    summary: 'Logins that were tried, by protocol',
    run: ({ management, params, login }) => {
      expectNode(management, params.node);
      return plainList(login.attempts.view());
    },
  }),
  route('DELETE', '/auth/attempts/:node', {
    need: 'monitoring',
    answer: 'nothing',
    summary: 'Counts logins anew',
    run: ({ management, params, login }) => {
      expectNode(management, params.node);
      login.attempts.reset();
      return changed;
    },
  }),
  route('GET', '/auth/attempts/:node/source', {
    need: 'monitoring',
    answer: 'list',
    summary: 'Logins by where they came from: not kept, as in RabbitMQ by default',
    run: ({ management, params }) => {
      expectNode(management, params.node);
      return emptyList;
    },
  }),
  route('DELETE', '/auth/attempts/:node/source', {
    need: 'monitoring',
    answer: 'nothing',
    summary: 'Counts logins anew',
    run: ({ management, params, login }) => {
      expectNode(management, params.node);
      login.attempts.reset();
      return changed;
    },
  }),
  route('POST', '/rebalance/queues', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Spreads queues over nodes: there is one node',
    run: () => changed,
  }),
  route('DELETE', '/reset', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Forgets statistics: counters go on',
    run: () => changed,
  }),
  route('DELETE', '/reset/:node', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Forgets statistics of the node: counters go on',
    run: ({ management, params }) => {
      expectNode(management, params.node);
      return changed;
    },
  }),
  ...['/feature-flags', '/deprecated-features', '/deprecated-features/used'].map(path =>
    route('GET', path, {
      need: 'administrator',
      answer: 'list',
      summary: 'Feature flags of RabbitMQ: there are none',
      run: () => emptyList,
    }),
  ),
];
