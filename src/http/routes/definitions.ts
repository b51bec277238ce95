// Definitions: export and import, of everything or of one vhost.
import { exportAll, exportVhost } from '../definitions/export.ts';
import { type Definitions, definitionsFile, ignoredIn } from '../definitions/format.ts';
import { importDefinitions } from '../definitions/import.ts';
import { type Ask, type Route, route } from '../route.ts';

/** Largest file, bytes. */
const bodyBytesMax = 16 << 20;

/** 204 as RabbitMQ; 200 with the counts where something of the file could not be kept. */
function answer({ management }: Ask<unknown, unknown, unknown>, file: Definitions): Response {
  const ignored = ignoredIn(file);
  if (Object.keys(ignored).length === 0) return new Response(null, { status: 204 });
  management.log.warning('an import of definitions had what is not kept', { ignored });
  return Response.json({ ignored });
}

async function importAll(ask: Ask<unknown, unknown, Definitions>): Promise<Response> {
  await importDefinitions(ask.management, ask.body);
  return answer(ask, ask.body);
}

export const definitionRoutes: readonly Route[] = [
  ...['/definitions', '/all-configuration'].flatMap(path => [
    route('GET', path, {
      need: 'administrator',
      answer: 'object',
      summary: 'Exports users, vhosts, permissions, policies, parameters, queues, exchanges and bindings',
      run: ({ management }) => exportAll(management),
    }),
    route('POST', path, {
      need: 'administrator',
      body: definitionsFile,
      bodyBytesMax,
      answer: 'response',
      summary: 'Imports definitions: adds and changes, never deletes',
      run: importAll,
    }),
  ]),
  route('GET', '/definitions/:vhost', {
    need: 'administrator',
    anyVhost: true,
    answer: 'object',
    summary: 'Exports the policies, parameters, queues, exchanges and bindings of a vhost',
    run: ({ management, vhost }) => exportVhost(management, vhost),
  }),
  route('POST', '/definitions/:vhost', {
    need: 'administrator',
    anyVhost: true,
    body: definitionsFile,
    bodyBytesMax,
    answer: 'response',
    summary: 'Imports policies, parameters, queues, exchanges and bindings into a vhost',
    run: async ask => {
      await importDefinitions(ask.management, ask.body, ask.vhost);
      return answer(ask, ask.body);
    },
  }),
];
