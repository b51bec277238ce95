// Definitions: export and import, of everything or of one vhost.
import { exportAll, exportVhost } from '../definitions/export.ts';
import { definitionsFile } from '../definitions/format.ts';
import { importDefinitions } from '../definitions/import.ts';
import { changed, type Route, route } from '../route.ts';

/** Largest file, bytes. */
const bodyBytesMax = 16 << 20;

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
      answer: 'nothing',
      summary: 'Imports definitions: adds and changes, never deletes',
      run: async ({ management, body }) => {
        await importDefinitions(management, body);
        return changed;
      },
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
    answer: 'nothing',
    summary: 'Imports policies, parameters, queues, exchanges and bindings into a vhost',
    run: async ({ management, body, vhost }) => {
      await importDefinitions(management, body, vhost);
      return changed;
    },
  }),
];
