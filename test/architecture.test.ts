// The rooms of ARCHITECTURE.md as data: who may import whom. The sources are held against it, and so is the checker.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Rooms, type Sources, strangers, violations } from './architecture/checker.ts';

/** What a user installs with Leveret. Each line is a decision: see docs/decisions. */
const dependencies = ['@hono/node-server', 'amqplib', 'commander', 'hono', 'pino', 'ws', 'zod'];

/** AMQP values that mean something without a connection. */
const values = ['amqp/table', 'amqp/properties'];
const everything = { 'node:*': 'all files' } as const;

const rooms: Rooms = {
  amqp: { may: [] },
  broker: { may: values, deterministic: true, synchronous: true },
  auth: { may: ['broker/errors', 'broker/pattern'], node: { 'node:crypto': 'all files' } },
  storage: {
    may: [
      ...values,
      'broker/facts',
      'broker/ports',
      'broker/journal',
      'broker/clock',
      'broker/random',
      'broker/errors',
      // What it keeps and gives back, and the ports that it fills.
      'broker/entry',
      'broker/marks',
      'broker/message',
      'broker/memory',
      'broker/store',
    ],
    node: {
      'node:zlib': 'all files',
      'node:fs': ['storage/node-disk', 'storage/folder-lock'],
      'node:path': ['storage/node-disk', 'storage/folder-lock'],
      'node:timers/promises': ['storage/folder-lock'],
    },
  },
  session: { may: ['amqp/', 'broker/', 'auth/'], deterministic: true },
  net: { may: ['session/'], node: { 'node:net': 'all files', 'node:tls': 'all files' }, packages: ['ws'] },
  http: {
    // Publishing and getting through the API go the way of a client's.
    may: ['broker/', 'auth/', 'session/operator', ...values],
    mayTypesOf: ['session/'],
    node: everything,
    packages: ['hono', '@hono/node-server', 'zod'],
  },
  node: {
    may: ['amqp/', 'broker/', 'auth/', 'storage/', 'session/', 'net/', 'http/'],
    node: everything,
    packages: ['pino', 'zod'],
  },
  cli: {
    may: ['http/client', 'http/calls'],
    node: everything,
    packages: ['commander', 'amqplib'],
    besides: [
      { files: ['cli/start', 'cli/demo'], may: ['node/'] },
      // It examines the settings that a start would have.
      { files: ['cli/doctor/'], may: ['node/config', 'node/version'] },
    ],
  },
  'index.ts': { may: ['node/'] },
};

describe('the sources', () => {
  test('keep to the table of rooms', () => {
    const sources = readSources('src');
    expect(Object.keys(sources)).toContain('index.ts');
    expect(violations(sources, rooms)).toEqual([]);
  });

  test('depend only on packages of the allow-list', () => {
    const { dependencies: used } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
    expect(strangers(Object.keys(used), dependencies, rooms)).toEqual([]);
  });
});

describe('the checker lets pass', () => {
  const good: [string, Sources][] = [
    [
      'a house that keeps to the table',
      {
        'amqp/table.ts': '',
        'amqp/table-reader.ts': "import { a } from './table.ts';",
        'amqp/methods/basic.ts': "import { a } from '../table.ts';",
        'broker/errors.ts': '',
        'broker/facts.ts': "import { a } from '../amqp/table-reader.ts';",
        'auth/users.ts': "import { createHash } from 'node:crypto';\nimport { a } from '../broker/errors.ts';",
        'storage/node-disk.ts': "import { open } from 'node:fs';\nimport { crc32 } from 'node:zlib';",
        'storage/codec.ts': "import { a } from '../broker/facts.ts';",
        'session/session.ts': "import { a } from '../amqp/methods/basic.ts';\nimport { b } from '../auth/users.ts';",
        'net/listener.ts': "import net from 'node:net';\nimport { a } from '../session/session.ts';",
        'http/client.ts': '',
        'http/contract.ts': "import { z } from 'zod';\nimport type { S } from '../session/session.ts';",
        'node/start.ts': "import { pino } from 'pino';\nimport { a } from '../net/listener.ts';\nimport 'node:os';",
        'cli/start.ts': "import { a } from '../node/start.ts';",
        'cli/main.ts': "import { Command } from 'commander';\nimport { a } from '../http/client.ts';",
        'index.ts': "export { a } from './node/start.ts';",
      },
    ],
    [
      'types that refer to each other',
      {
        'broker/queue.ts': "import type { Consumer } from './consumer.ts';",
        'broker/consumer.ts': "import { queue } from './queue.ts';",
      },
    ],
    [
      'words in comments, strings, templates and regular expressions',
      {
        'broker/queue.ts': [
          '/* Date.now() */ const a = "setTimeout"; // await',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source under test
          "const b = `Math.random() import x from 'node:fs' ${a} process.exit()`;",
          'const c = /["\'`]performance/.test(a) ? 4 / 2 / 1 : 0;',
          "const d = 'it\\'s import(\"node:fs\")';",
        ].join('\n'),
      },
    ],
    [
      'names that only look like a clock',
      {
        'broker/queue.ts':
          'this.clock.setTimeout(1);\nconst updatedDate = facts.Date;\nclass A { process(x: number) {} }',
      },
    ],
  ];
  test.each(good)('%s', (_, sources) => {
    expect(violations(chartered(sources), rooms)).toEqual([]);
  });
});

describe('the checker finds', () => {
  const others = {
    'amqp/frame.ts': '',
    'broker/queue.ts': '',
    'session/session.ts': '',
    'node/start.ts': '',
    'http/routes.ts': '',
    'storage/log.ts': '',
  };
  const bad: [string, Sources, string][] = [
    [
      'a frame in the broker',
      { 'broker/a.ts': "import { f } from '../amqp/frame.ts';" },
      'broker/a.ts:2: may not import amqp/frame.ts',
    ],
    [
      'a type of a forbidden room',
      { 'amqp/a.ts': "import type { Q } from '../broker/queue.ts';" },
      'amqp/a.ts:2: may not import broker/queue.ts',
    ],
    [
      'a re-export',
      { 'broker/a.ts': "export * from '../session/session.ts';" },
      'broker/a.ts:2: may not import session/session.ts',
    ],
    [
      'an import over several lines',
      { 'broker/a.ts': "import {\n  a, // from here\n  b,\n} from '../storage/log.ts';" },
      'broker/a.ts:2: may not import storage/log.ts',
    ],
    [
      'a side effect',
      { 'session/a.ts': "import '../storage/log.ts';" },
      'session/a.ts:2: may not import storage/log.ts',
    ],
    [
      'a dynamic import',
      { 'session/a.ts': "const a = await import('node:fs');" },
      'session/a.ts:2: may not import node:fs',
    ],
    [
      'a type by import()',
      { 'broker/a.ts': "type A = import('../session/session.ts').A;" },
      'broker/a.ts:2: may not import session/session.ts',
    ],
    [
      'an import that is computed',
      { 'session/a.ts': 'const a = import(name);' },
      'session/a.ts:2: imports a module whose name cannot be read here',
    ],
    [
      'an import within a template',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source under test
      { 'session/a.ts': "const a = `${{ b: import('node:fs') }} is`;" },
      'session/a.ts:2: may not import node:fs',
    ],
    [
      'a module of Node',
      { 'broker/a.ts': "import { Buffer } from 'node:buffer';" },
      'broker/a.ts:2: may not import node:buffer',
    ],
    [
      'files elsewhere than in the file adapter',
      { 'storage/a.ts': "import fs from 'node:fs';" },
      'storage/a.ts:2: may not import node:fs',
    ],
    [
      'more than types of the session in http',
      { 'http/a.ts': "import { s } from '../session/session.ts';" },
      'http/a.ts:2: may import only types of session/session.ts',
    ],
    [
      'the composition root in another command',
      { 'cli/publish.ts': "import { s } from '../node/start.ts';" },
      'cli/publish.ts:2: may not import node/start.ts',
    ],
    [
      'more than the contract in the command line',
      { 'cli/list.ts': "import { s } from '../http/routes.ts';" },
      'cli/list.ts:2: may not import http/routes.ts',
    ],
    [
      'the library going round the composition root',
      { 'index.ts': "export { Q } from './broker/queue.ts';" },
      'index.ts:2: may not import broker/queue.ts',
    ],
    [
      'a package in the wrong room',
      { 'net/a.ts': "import { z } from 'zod/mini';" },
      'net/a.ts:2: may not import the package zod',
    ],
    [
      'a scoped package',
      { 'node/a.ts': "import x from '@scope/name/deep';" },
      'node/a.ts:2: may not import the package @scope/name',
    ],
    [
      'an import of nothing',
      { 'node/a.ts': "import x from './gone.ts';" },
      'node/a.ts:2: imports node/gone.ts, which is not a source',
    ],
    ['a file outside of the rooms', { 'util/a.ts': '' }, 'util/a.ts: is in no room of the table'],
    [
      'a circle',
      { 'node/a.ts': "import './b.ts';", 'node/b.ts': "import './c.ts';", 'node/c.ts': "import './a.ts';" },
      'import cycle: node/a.ts -> node/b.ts -> node/c.ts -> node/a.ts',
    ],
    ['a file that imports itself', { 'node/a.ts': "export * from './a.ts';" }, 'import cycle: node/a.ts -> node/a.ts'],
    ...[
      ['broker', 'Date.now()', 'Date'],
      ['broker', 'new Date()', 'Date'],
      ['session', 'performance.now()', 'performance'],
      ['broker', 'setTimeout(f, 1)', 'setTimeout'],
      ['session', 'setInterval(f, 1)', 'setInterval'],
      ['broker', 'const later = setImmediate', 'setImmediate'],
      ['session', 'Math.random()', 'Math.random'],
      ['broker', 'process.hrtime()', 'process.'],
      ['session', 'const { env } = process', '= process'],
      ['session', 'crypto.randomUUID()', 'crypto'],
      ['broker', 'globalThis.Date', 'globalThis'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source under test
      ['broker', 'const a = `${Date.now()}`', 'Date'],
    ].map(([room, code, word]): [string, Sources, string] => [
      `\`${code}\` in ${room}`,
      { [`${room}/a.ts`]: code! },
      `${room}/a.ts:2: \`${word}\` is a clock, a timer, randomness or a global`,
    ]),
    [
      'waiting in the broker',
      { 'broker/a.ts': 'await journal.durable();' },
      'broker/a.ts:2: `await` makes a synchronous room wait',
    ],
  ];
  test.each(bad)('%s', (_, sources, expected) => {
    expect(violations(chartered({ ...others, ...sources }), rooms)).toEqual([expected]);
  });

  test.each([
    ['no comment', 'export const a = 1;\n'],
    ['nothing', ''],
    ['a comment that says nothing', '// queue\n'],
    ['a directive', '// biome-ignore lint/suspicious/noExplicitAny: why\n'],
    ['a comment on the second line', '\n// Queues and what is in them.\n'],
    ['a program without one', '#!/usr/bin/env node\nexport {};\n'],
  ])('a first line with %s', (_, source) => {
    const expected = 'broker/a.ts: the first line must say in a comment what the file is for';
    expect(violations({ 'broker/a.ts': source }, rooms)).toEqual([expected]);
  });

  test('a program whose charter is below its first line to be in order', () => {
    const source = '#!/usr/bin/env node\n// The command line: reads the arguments and calls one command.\n';
    expect(violations({ 'cli/main.ts': source }, rooms)).toEqual([]);
  });

  test('a dependency that is not on the allow-list', () => {
    expect(strangers(['zod', 'left-pad'], dependencies, rooms)).toEqual([
      'package.json: left-pad is not on the allow-list',
    ]);
    const unlisted = { net: { may: [], packages: ['left-pad'] } };
    expect(strangers(['zod'], dependencies, unlisted)).toEqual(['net: left-pad is not on the allow-list']);
  });
});

/** Gives each source its charter, so that line 2 is the first of what a case is about. */
function chartered(sources: Sources): Sources {
  return Object.fromEntries(
    Object.entries(sources).map(([file, text]) => [file, `// What this file is for.\n${text}`]),
  );
}

function readSources(folder: string): Sources {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  return Object.fromEntries(files.map(file => [file, readFileSync(join(folder, file), 'utf8')]));
}
