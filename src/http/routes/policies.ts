// Policies and operator policies: what holds for all queues and exchanges of a vhost whose names match.
import { z } from 'zod';
import type { PolicyKind } from '../../broker/policy-check.ts';
import { expectPolicymaker, ownVhosts } from '../access.ts';
import { durably } from '../durable.ts';
import { badRequest, HttpError, notFound } from '../errors.ts';
import { json, repeated } from '../fields.ts';
import { changed, plainList, put, type Route, route } from '../route.ts';
import { policyFact } from '../rules.ts';
import { policiesOf, policyView, policyViews } from '../views/policy.ts';

/** Checked by the broker, which knows RabbitMQ's words for what is wrong. */
const policy = z.strictObject({
  pattern: json,
  definition: json,
  priority: json.optional(),
  'apply-to': json.optional(),
  ...repeated,
});

function routesOf(kind: PolicyKind): readonly Route[] {
  const [path, words] =
    kind === 'policy' ? (['/policies', 'policy'] as const) : (['/operator-policies', 'operator policy'] as const);
  /** Users set policies, administrators set bounds to them. */
  const need = kind === 'policy' ? 'policymaker' : 'administrator';
  const all = kind === 'policy' ? 'policies' : 'operator policies';
  return [
    route('GET', path, {
      answer: 'list',
      summary: `The ${all} of the vhosts that the user has permissions in`,
      run: ({ management, viewer }) =>
        plainList(
          ownVhosts(management, viewer).flatMap(vhost => policyViews(kind, vhost)),
          ({ name }) => name,
        ),
    }),
    route('GET', `${path}/:vhost`, {
      answer: 'list',
      summary: `The ${all} of a vhost, in the order in which they are tried`,
      run: ({ vhost }) => plainList(policyViews(kind, vhost), ({ name }) => name),
    }),
    route('GET', `${path}/:vhost/:name`, {
      need,
      anyVhost: true,
      answer: 'object',
      summary: `One ${words}, with what it holds for now`,
      run: ask => {
        expectPolicymaker(ask);
        const found = policiesOf(kind, ask.vhost).get(ask.params['name'] as string);
        if (found === undefined) throw notFound();
        return policyView(kind, ask.vhost, found);
      },
    }),
    route('PUT', `${path}/:vhost/:name`, {
      need,
      anyVhost: true,
      body: policy,
      answer: 'nothing',
      summary: `Sets a ${words}: it holds at once`,
      run: async ask => {
        expectPolicymaker(ask);
        const { management, vhost, body } = ask;
        const name = ask.params['name'] as string;
        if (Buffer.byteLength(name) > 255) throw badRequest('the name of a policy has at most 255 bytes');
        const fact = wording(kind, () => policyFact(kind, vhost.name, { ...body, name }));
        const isNew = policiesOf(kind, vhost).get(name) === undefined;
        await durably(management, 'topology', () => vhost.setRule(fact));
        return put(isNew);
      },
    }),
    route('DELETE', `${path}/:vhost/:name`, {
      need,
      anyVhost: true,
      answer: 'nothing',
      summary: `Deletes a ${words}`,
      run: async ask => {
        expectPolicymaker(ask);
        const { management, vhost } = ask;
        const name = ask.params['name'] as string;
        if (policiesOf(kind, vhost).get(name) === undefined) throw notFound();
        await durably(management, 'topology', () => vhost.setRule({ type: `${kind}.delete`, vhost: vhost.name, name }));
        return changed;
      },
    }),
  ];
}

/** RabbitMQ escapes angle brackets where a policy is refused, and not where an operator policy is. */
function wording<T>(kind: PolicyKind, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (kind === 'operator-policy' || !(error instanceof HttpError)) throw error;
    throw badRequest(error.reason.replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
  }
}

export const policyRoutes: readonly Route[] = [...routesOf('policy'), ...routesOf('operator-policy')];
