// The route table as an OpenAPI document.
import { z } from 'zod';
import type { AnswerKind, Route } from './route.ts';

/** Parameters that every list takes. */
const listParameters: Readonly<Record<string, string>> = {
  page: 'Number of the page, from 1; without it all items come as an array',
  page_size: 'Items of a page, 1 to 500; 100 by default',
  name: 'Shows items with this in their name only; with page alone',
  use_regex: 'true: name is a regular expression',
  sort: 'A field to sort by, such as messages or message_stats.publish_details.rate',
  sort_reverse: 'true: the other way round',
  columns: 'Fields to show, with commas between them',
};

const histories: Readonly<Record<string, string>> = Object.fromEntries(
  ['lengths', 'msg_rates', 'data_rates'].flatMap(kind => [
    [`${kind}_age`, `With ${kind}_incr: seconds of history in the _details of ${kind.replace('_', ' ')}`],
    [`${kind}_incr`, 'Seconds between the samples'],
  ]),
);

const needs = {
  open: 'Needs no login.',
  management: 'For users with one of the tags management, policymaker, monitoring, administrator.',
  policymaker: 'For users with the tag policymaker or administrator.',
  monitoring: 'For users with the tag monitoring or administrator.',
  administrator: 'For users with the tag administrator.',
} as const;

const problem = (description: string): object => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

const problems = {
  BadRequest: problem('What was sent cannot be taken'),
  NotAuthorised: problem('No login, or not allowed'),
  NotFound: problem('Not there'),
  TooLarge: problem('The body is too large'),
  TooManyFailures: problem('Too many failed logins; retry-after says how long to wait'),
} as const;

/** The document. */
export function openApiOf(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `/api${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Leveret management API',
      version,
      description:
        'Compatible with the management API of RabbitMQ 3.10.8. Names in paths are URL-encoded: the vhost / is %2F. Every answer of a ' +
        'kind has the fields that RabbitMQ gives it.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ basic: [] }],
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'leveret_session' },
      },
      parameters: commonParameters(),
      responses: problems,
      schemas: {
        Error: {
          type: 'object',
          required: ['error', 'reason'],
          properties: { error: { type: 'string' }, reason: { type: 'string' } },
        },
      },
    },
  };
}

function operation(route: Route): object {
  return {
    summary: route.summary,
    description: needs[route.need],
    tags: [route.path.split('/')[1]],
    ...(route.need === 'open' ? { security: [] } : {}),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body === undefined ? {} : { requestBody: { content: json(schemaOf(route.body)) } }),
    responses: { ...answers(route.answer), ...refusals(route) },
  };
}

function pathParameters({ path }: Route): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

/** What the schema of a query says of a parameter. */
interface QueryField {
  readonly description?: string;
  readonly enum?: readonly string[];
}

function queryParameters({ answer, query }: Route): object[] {
  const schema = query === undefined ? {} : (schemaOf(query) as { properties?: Record<string, QueryField> });
  const known = answer === 'list' ? { ...listParameters, ...histories } : answer === 'object' ? histories : {};
  return [
    ...Object.entries(schema.properties ?? {}).map(([name, { description, enum: values }]) => ({
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      schema: { type: 'string', ...(values === undefined ? {} : { enum: values }) },
    })),
    ...Object.keys(known).map(name => ({ $ref: `#/components/parameters/${name}` })),
  ];
}

function commonParameters(): Record<string, object> {
  const all = Object.entries({ ...listParameters, ...histories });
  return Object.fromEntries(
    all.map(([name, description]) => [name, { name, in: 'query', description, schema: { type: 'string' } }]),
  );
}

function answers(kind: AnswerKind): object {
  const list = { type: 'array', items: { type: 'object' } };
  switch (kind) {
    case 'nothing':
      return { '201': { description: 'It is new' }, '204': { description: 'Done' } };
    case 'response':
      return { '2XX': { description: 'Done' } };
    case 'object':
      return { '200': { description: 'It', content: json({ type: 'object' }) } };
    case 'array':
      return { '200': { description: 'They', content: json(list) } };
    case 'list':
      return { '200': { description: 'All, or a page', content: json({ anyOf: [list, { type: 'object' }] }) } };
  }
}

function refusals({ need, path, body }: Route): object {
  const refer = (name: keyof typeof problems): object => ({ $ref: `#/components/responses/${name}` });
  return {
    ...(body === undefined ? {} : { '400': refer('BadRequest'), '413': refer('TooLarge') }),
    ...(need === 'open' ? {} : { '401': refer('NotAuthorised'), '429': refer('TooManyFailures') }),
    ...(path.includes(':') ? { '404': refer('NotFound') } : {}),
  };
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
