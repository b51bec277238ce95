// Health: Leveret's own check without a login, and RabbitMQ's checks.
import { Table } from '../../amqp/table.ts';
import { settleFor } from '../../session/operator.ts';
import { expectRight } from '../access.ts';
import { durably } from '../durable.ts';
import { badRequest, notFound } from '../errors.ts';
import type { Management } from '../management.ts';
import { type Route, route } from '../route.ts';
import { operatorOf, publishAs, take, untilAccepting } from './messages.ts';

/** RabbitMQ's name for the queue of its test. */
const aliveness = 'aliveness-test';
const transient = { durable: false, exclusive: false, autoDelete: false, arguments: Table.empty };

function ok(more: object = {}): Response {
  return Response.json({ status: 'ok', ...more });
}

function failed(reason: string, more: object = {}): Response {
  return Response.json({ status: 'failed', reason, ...more }, { status: 503 });
}

function general({ session }: Management): Response {
  const { why } = session.alarms;
  return why === undefined ? ok() : failed(why);
}

function inService({ trouble }: Management): Response {
  const reason = trouble();
  return reason === undefined ? ok() : failed(reason);
}

function alarms({ session, node }: Management): Response {
  const on = [...session.alarms];
  if (on.length === 0) return ok();
  const found = [...new Set(on.map(({ resource }) => resource))].map(resource => ({ node, resource }));
  return failed(`There are alarms in effect: ${session.alarms.why}`, { alarms: found });
}

type Check = (management: Management) => Response;

const checks: readonly (readonly [path: string, check: Check, summary: string])[] = [
  ['/health/checks/alarms', alarms, 'Whether no alarm is on'],
  ['/health/checks/local-alarms', alarms, 'Whether no alarm is on at this node'],
  ['/health/checks/is-in-service', inService, 'Whether all that has to be kept can be kept'],
  ['/health/checks/ready-to-serve-clients', inService, 'Whether all that has to be kept can be kept'],
  ['/healthchecks/node', general, 'Whether the broker does all it should'],
];

const singleNode: readonly string[] = [
  '/health/checks/node-is-quorum-critical',
  '/health/checks/node-is-mirror-sync-critical',
];

export const healthRoutes: readonly Route[] = [
  route('GET', '/health', {
    need: 'open',
    answer: 'response',
    summary: 'Whether the broker does all it should; needs no login',
    run: ({ management }) => general(management),
  }),
  ...checks.map(([path, check, summary]) =>
    route('GET', path, { answer: 'response', summary, run: ({ management }) => check(management) }),
  ),
  ...singleNode.map(path =>
    route('GET', path, {
      answer: 'response',
      summary: 'Whether the cluster can do without this node: there is no other',
      run: () => ok({ reason: 'single node cluster' }),
    }),
  ),
  route('GET', '/health/checks/virtual-hosts', {
    answer: 'response',
    summary: 'Whether all vhosts run',
    run: () => ok(),
  }),
  route('GET', '/health/checks/port-listener/:port', {
    answer: 'response',
    summary: 'Whether something listens on the port',
    run: ({ management, params }) => {
      if (!/^\d{1,5}$/.test(params.port)) throw badRequest('Invalid port');
      const port = Number(params.port);
      const ports = [...management.listeners, management.http].map(listener => listener.port);
      return ports.includes(port) ? ok({ port }) : failed('No active listener', { missing: port, ports });
    },
  }),
  route('GET', '/health/checks/protocol-listener/:protocol', {
    answer: 'response',
    summary: 'Whether the protocol is listened for',
    run: ({ params }) => {
      const { protocol } = params;
      const protocols = ['amqp', 'http'];
      const known = protocols.includes(protocol) || ['amqp091', 'amqp0-9-1', 'amqp0.9.1'].includes(protocol);
      return known ? ok({ protocol }) : failed('No active listener', { missing: protocol, protocols });
    },
  }),
  route('GET', '/health/checks/certificate-expiration/:within/:unit', {
    answer: 'response',
    summary: 'Whether no certificate expires within that time: there are none',
    run: ({ params }) => {
      if (!/^\d{1,6}$/.test(params.within)) throw badRequest('Invalid expiration value.');
      if (!/^(days|weeks|months|years)$/.test(params.unit)) {
        throw badRequest('Time unit not recognised. Supported units: days, weeks, months, years.');
      }
      return ok();
    },
  }),
  route('GET', '/aliveness-test/:vhost', {
    answer: 'response',
    summary: 'Declares the queue aliveness-test, publishes to it and gets the message back, as the user',
    run: async ask => {
      const { management, viewer, vhost } = ask;
      await untilAccepting(management);
      expectRight(management, viewer, vhost.name, 'configure', aliveness);
      await durably(management, 'topology', () => vhost.declareQueue(aliveness, transient, undefined));
      const message = {
        routing_key: aliveness,
        properties: {},
        payload: 'test_message',
        payload_encoding: 'string',
      } as const;
      await publishAs(ask, '', message);
      const taken = await take(ask, aliveness, 1);
      settleFor(operatorOf(ask), taken, 'ack');
      return taken.length === 1 ? ok() : failed('the message did not come back');
    },
  }),
  route('GET', '/healthchecks/node/:node', {
    answer: 'response',
    summary: 'Whether the broker does all it should',
    run: ({ management, params }) => {
      if (params.node !== management.node) throw notFound();
      return general(management);
    },
  }),
];
