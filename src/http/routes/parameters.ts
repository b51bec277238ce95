// Parameters of vhosts and of the whole broker: kept, shown and exported. Nothing here acts on those of other components.
import { z } from 'zod';
import type { Plain } from '../../amqp/table-plain.ts';
import type { RuleFact } from '../../broker/facts.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { expectPolicymaker, isAdministrator, ownVhosts } from '../access.ts';
import { durably } from '../durable.ts';
import { badRequest, notFound } from '../errors.ts';
import { json, repeated } from '../fields.ts';
import { changed, plainList, put, type Route, route } from '../route.ts';
import { limitsOfVhosts, parameterFacts } from '../rules.ts';
import { type ParameterView, parametersOf } from '../views/parameter.ts';

const parameter = z.strictObject({ value: json, component: z.unknown().optional(), ...repeated });

const nameOf = ({ name }: { readonly name: string }): string => name;

function found(vhost: Vhost, component: string, name: string): ParameterView | undefined {
  return parametersOf(vhost).find(each => each.component === component && each.name === name);
}

function expectNames(...names: string[]): void {
  for (const name of names)
    if (Buffer.byteLength(name) > 255) throw badRequest('names of components and parameters have at most 255 bytes');
}

/** The facts that take a parameter away. */
function deletion({ name: vhost, rules }: Vhost, component: string, name: string): RuleFact[] {
  if (component === 'operator_policy') return [{ type: 'operator-policy.delete', vhost, name }];
  if (component !== limitsOfVhosts) return [{ type: 'parameter.delete', vhost, component, name }];
  return [...rules.limits.keys()].map(limit => ({ type: 'limit.delete', vhost, name: limit }));
}

export const parameterRoutes: readonly Route[] = [
  ...['/parameters', '/parameters/:component'].map(path =>
    route('GET', path, {
      need: 'policymaker',
      answer: 'list',
      summary: 'Parameters of vhosts, those that are operator policies or limits included',
      run: ({ management, viewer, params }) => {
        const { component } = params as { readonly component?: string };
        const vhosts = isAdministrator(viewer) ? [...management.broker.vhosts.values()] : ownVhosts(management, viewer);
        const all = vhosts.flatMap(parametersOf);
        return plainList(component === undefined ? all : all.filter(each => each.component === component), nameOf);
      },
    }),
  ),
  route('GET', '/parameters/:component/:vhost', {
    need: 'policymaker',
    anyVhost: true,
    answer: 'list',
    summary: 'The parameters of a component in a vhost',
    run: ask => {
      expectPolicymaker(ask);
      return plainList(
        parametersOf(ask.vhost).filter(({ component }) => component === ask.params.component),
        nameOf,
      );
    },
  }),
  route('GET', '/parameters/:component/:vhost/:name', {
    need: 'policymaker',
    anyVhost: true,
    answer: 'object',
    summary: 'One parameter',
    run: ask => {
      expectPolicymaker(ask);
      const view = found(ask.vhost, ask.params.component, ask.params.name);
      if (view === undefined) throw notFound();
      return view;
    },
  }),
  route('PUT', '/parameters/:component/:vhost/:name', {
    need: 'policymaker',
    anyVhost: true,
    body: parameter,
    answer: 'nothing',
    summary: 'Sets a parameter; an operator policy or limits hold at once, what is of another component is only kept',
    run: async ask => {
      expectPolicymaker(ask);
      const { management, viewer, vhost, body } = ask;
      const { component, name } = ask.params;
      expectNames(component, name);

      const facts = parameterFacts(vhost.name, component, name, body.value);
      const isNew = found(vhost, component, name) === undefined;
      if (facts.some(({ type }) => type === 'parameter.put'))
        management.log.warning(`parameter '${name}' of component '${component}' is kept, and nothing here acts on it`);
      else expectPolicymaker(ask, isAdministrator(viewer));
      await durably(management, 'topology', () => {
        for (const fact of facts) vhost.setRule(fact);
      });
      return put(isNew);
    },
  }),
  route('DELETE', '/parameters/:component/:vhost/:name', {
    need: 'policymaker',
    anyVhost: true,
    answer: 'nothing',
    summary: 'Deletes a parameter',
    run: async ask => {
      expectPolicymaker(ask);
      const { management, viewer, vhost } = ask;
      const { component, name } = ask.params;
      if (found(vhost, component, name) === undefined) throw notFound();
      const facts = deletion(vhost, component, name);
      if (facts.some(({ type }) => type !== 'parameter.delete')) expectPolicymaker(ask, isAdministrator(viewer));
      await durably(management, 'topology', () => {
        for (const fact of facts) vhost.setRule(fact);
      });
      return changed;
    },
  }),
  route('GET', '/global-parameters', {
    need: 'policymaker',
    answer: 'list',
    summary: 'Parameters of the whole broker',
    run: ({ management }) =>
      plainList(
        [...management.broker.globalParameters].map(([name, value]) => ({ name, value })),
        nameOf,
      ),
  }),
  route('GET', '/global-parameters/:name', {
    need: 'policymaker',
    answer: 'object',
    summary: 'One parameter of the whole broker',
    run: ({ management, params: { name } }) => ({ name, value: globalNamed(management.broker.globalParameters, name) }),
  }),
  route('PUT', '/global-parameters/:name', {
    need: 'administrator',
    body: parameter,
    answer: 'nothing',
    summary: 'Sets a parameter of the whole broker; it is kept, and nothing here acts on it',
    run: async ({ management, params: { name }, body }) => {
      expectNames(name);

      const value = body.value;
      const isNew = !management.broker.globalParameters.has(name);
      await durably(management, 'topology', () =>
        management.broker.setGlobalParameter({ type: 'global-parameter.put', name, value }),
      );
      return put(isNew);
    },
  }),
  route('DELETE', '/global-parameters/:name', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Deletes a parameter of the whole broker',
    run: async ({ management, params: { name } }) => {
      globalNamed(management.broker.globalParameters, name);
      await durably(management, 'topology', () =>
        management.broker.setGlobalParameter({ type: 'global-parameter.delete', name }),
      );
      return changed;
    },
  }),
];

function globalNamed(parameters: ReadonlyMap<string, Plain>, name: string): Plain {
  const value = parameters.get(name);
  if (value === undefined) throw notFound();
  return value;
}
