#!/usr/bin/env node
// The command line: finds the command and loads it alone, so that each starts as fast as it can.
import { CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import { Failure } from './failure.ts';
import { programFor } from './program.ts';

// A reader that has seen enough, as in `leveret list queues | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    if (args[0] === '--version' || args[0] === '-V') {
      process.stdout.write(`${(await import('./start.ts')).VERSION}\n`);
      return;
    }
    if (args[0] === '__complete') {
      await (await import('./complete.ts')).printCandidates(args.slice(args.indexOf('--') + 1));
      return;
    }
    const name = args[0] === 'help' ? args[1] : args[0];
    const program = programFor(
      Object.hasOwn(COMMANDS, name ?? '') ? { [name as string]: await COMMANDS[name as string]!.load() } : {},
    );
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
