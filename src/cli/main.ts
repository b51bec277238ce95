#!/usr/bin/env node
// The command line: finds the command and loads it alone, so that each starts as fast as it can.
import { Command, CommanderError } from 'commander';
import { Failure } from './failure.ts';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  start: { summary: 'start a broker', load: async () => (await import('./start.ts')).startCommand() },
  publish: {
    summary: 'publish a message, or every line of the input',
    load: async () => (await import('./publish.ts')).publishCommand(),
  },
  consume: {
    summary: "run a command for every message of a queue, the message on the command's input",
    load: async () => (await import('./consume.ts')).consumeCommand(),
  },
};

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    if (args[0] === '--version' || args[0] === '-V') {
      process.stdout.write(`${(await import('./start.ts')).VERSION}\n`);
      return;
    }
    const program = await programFor(args[0] === 'help' ? args[1] : args[0]);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has told it already; it ends wrong usage with 1, which here means that the work failed.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof Failure) {
      process.stderr.write(`leveret: ${error.message}\n`);
      // What was begun, a listener or an open input, must not keep a failed program alive.
      process.exit(error.exitCode);
    } else {
      throw error;
    }
  }
}

/** The program with the chosen command whole; of the others it only knows what the list of commands says. */
async function programFor(chosen: string | undefined): Promise<Command> {
  const program = new Command('leveret')
    .description('A message broker for work queues that speaks AMQP 0-9-1 as RabbitMQ does.')
    .option('-V, --version', 'show the version')
    .exitOverride();
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = name === chosen ? await load() : new Command(name).description(summary);
    program.addCommand(
      command.summary(summary).copyInheritedSettings(program).showHelpAfterError(`See: leveret ${name} --help`),
    );
  }
  return program;
}
