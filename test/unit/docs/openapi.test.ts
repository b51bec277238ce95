// What is made from the route table is fresh: docs/openapi.json, and the calls that the client knows.
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { openApiOf } from '../../../src/http/openapi.ts';
import { routes } from '../../../src/http/routes/table.ts';
import { VERSION } from '../../../src/node/version.ts';

const again = 'run: DOCS_WRITE=1 npx vitest run test/unit/docs';

function expectFresh(file: string, content: string): void {
  if (process.env['DOCS_WRITE'] === '1') fs.writeFileSync(file, content);
  expect(fs.existsSync(file) && fs.readFileSync(file, 'utf8') === content, again).toBe(true);
}

it('docs/openapi.json has every route', () => {
  expectFresh('docs/openapi.json', `${JSON.stringify(openApiOf(routes, VERSION), null, 1)}\n`);
});

it('the client knows every call', () => {
  const calls = routes.map(({ method, path }) => `  | '${method} ${path}'`).sort();
  const head = '// Every call of the management API, made from the route table by test/unit/docs/openapi.test.ts.';
  expectFresh('src/http/calls.ts', `${head}\nexport type Call =\n${calls.join('\n')};\n`);
});

it('no method of a path is declared twice', () => {
  const calls = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`);
  expect(calls.filter((call, index) => calls.indexOf(call) !== index)).toEqual([]);
});
