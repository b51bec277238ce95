// Where messages go: what would happen to one, in words, and what happens to all, as a drawing.
import { z } from 'zod';
import { type ExplainedBinding, explainRoute } from '../../broker/explain-route.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { tableOf } from '../amqp-json.ts';
import { argumentsTable, name, truth } from '../fields.ts';
import { type Route, route } from '../route.ts';
import { anyBinding, bindingView } from '../views/binding.ts';
import { flowView } from '../views/flow.ts';
import { exchangeOf } from './exchanges.ts';

function view(vhost: Vhost, binding: ExplainedBinding): object {
  const { via, matched, why } = binding;
  return { ...bindingView(anyBinding(vhost, binding)), via, matched, why };
}

export const routingRoutes: readonly Route[] = [
  route('POST', '/exchanges/:vhost/:exchange/route-test', {
    body: z.strictObject({
      routing_key: name.default(''),
      headers: argumentsTable.default({}),
      mandatory: truth.default(false),
    }),
    answer: 'object',
    summary: 'What would happen to a message: which bindings match and why, and which queues would get it',
    run: ({ vhost, params, body }) => {
      const exchange = exchangeOf(vhost, params.exchange);
      const key = Buffer.from(body.routing_key).toString('latin1');
      const { bindings, left, queues, outcome, why } = explainRoute(
        vhost,
        exchange,
        key,
        tableOf(body.headers),
        body.mandatory,
      );
      return {
        bindings: bindings.map(binding => view(vhost, binding)),
        bindings_not_shown: left,
        queues: queues.map(queue => queue.name),
        outcome,
        why,
      };
    },
  }),
  route('GET', '/flow/:vhost', {
    answer: 'object',
    summary: 'Producers, exchanges, queues and workers of a vhost with the rates between them',
    run: ({ management, vhost }) => flowView(vhost, management),
  }),
];
