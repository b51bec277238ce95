// The program as commander knows it: the commands that are loaded whole, and of the others what the list of commands says.
import { Command } from 'commander';
import { COMMANDS } from './commands.ts';

/** The program with these commands loaded. Wrong usage throws a CommanderError. */
export function programFor(loaded: Readonly<Record<string, Command>>): Command {
  const program = new Command('leveret')
    .description('A message broker for work queues that speaks AMQP 0-9-1 as RabbitMQ does.')
    .option('-V, --version', 'show the version')
    .addHelpText('after', '\n`leveret COMMAND --help` tells all about a command.')
    .commandsGroup('Other:')
    .helpCommand(true)
    .exitOverride();
  for (const [name, { summary, group }] of Object.entries(COMMANDS)) {
    const command = loaded[name] ?? new Command(name).description(summary);
    program.addCommand(command.summary(summary).helpGroup(group));
    inherit(command, program, name);
  }
  return program;
}

/** Commander gives settings only to commands that it makes itself. */
function inherit(command: Command, parent: Command, words: string): void {
  command.copyInheritedSettings(parent).showHelpAfterError(`See: leveret ${words} --help`);
  for (const below of command.commands) inherit(below, command, `${words} ${below.name()}`);
}
