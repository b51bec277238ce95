// docs/command-line.md has the help of every command as the program gives it. `DOCS_WRITE=1` writes it.
import fs from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { EXIT_CODES, EXIT_CODES_HELP } from '../../../src/cli/exit-code.ts';
import { programFor } from '../../../src/cli/program.ts';

const page = path.resolve(import.meta.dirname, '../../../docs/command-line.md');
const helpColumns = 110;
const meaningWidth = Math.max(...EXIT_CODES.map(([, meaning]) => meaning.length));

const INTRODUCTION = `# The command line

Every command of \`leveret\`, as \`leveret COMMAND --help\` tells it. This page is made from that help.

\`publish\` and \`consume\` speak AMQP, with any broker: \`--url\` or \`AMQP_URL\`. The others, but for \`start\` and \`completion\`, ask the management API of a running
broker: \`--url\` or \`LEVERET_URL\`, by default \`http://guest:guest@127.0.0.1:15672\`. A password that does not stand in the url is
taken from \`LEVERET_PASSWORD\`; it is never shown.

Tables are cut to the width of the terminal and are whole where the output goes elsewhere. Scripts had better use \`--json\`, which
prints what the API answers. Colours are used on a terminal alone, and not with \`NO_COLOR\`. What destroys something asks first; where
there is no terminal to ask on it needs \`--yes\`.

Completion for your shell: \`source <(leveret completion bash)\`, likewise for zsh; \`leveret completion fish | source\`.

## Exit codes

| code | ${'meaning'.padEnd(meaningWidth)} |
| ---- | ${'-'.repeat(meaningWidth)} |
${EXIT_CODES.map(([code, meaning]) => `| ${code}    | ${meaning.padEnd(meaningWidth)} |`).join('\n')}

\`start\` has its own, in [operations.md](operations.md). A second Ctrl-C or SIGTERM ends \`consume\` with 130 or 143.
`;

it('docs/command-line.md has the help of every command', async () => {
  const loaded: Record<string, Command> = {};
  for (const [name, { load }] of Object.entries(COMMANDS)) loaded[name] = await load();
  const program = programFor(loaded);
  const sections = program.commands.flatMap(command => sectionsOf(command, command.name()));
  const fresh = `${INTRODUCTION}\n## leveret\n\n${block(program)}\n${sections.join('')}`;
  if (process.env['DOCS_WRITE'] === '1') fs.writeFileSync(page, fresh);
  expect(fs.readFileSync(page, 'utf8') === fresh, 'run: DOCS_WRITE=1 npx vitest run test/unit/docs').toBe(true);
});

function sectionsOf(command: Command, words: string): string[] {
  const below = command.commands.flatMap(each => sectionsOf(each, `${words} ${each.name()}`));
  return [`\n## leveret ${words}\n\n${block(command)}\n`, ...below];
}

/** The whole help, without the exit codes, which stand above. */
function block(command: Command): string {
  let help = '';
  command.configureHelp({ helpWidth: helpColumns }).configureOutput({
    writeOut: text => {
      help += text;
    },
  });
  command.outputHelp();
  return `\`\`\`text\n${help.replace(EXIT_CODES_HELP, '').trim()}\n\`\`\``;
}
