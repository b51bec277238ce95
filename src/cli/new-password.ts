// A password for a user, from where it does not show: typed at the terminal, the standard input, or as a hash.
import type { Command } from 'commander';
import { Failure } from './failure.ts';
import { askSecret, readInput } from './terminal.ts';

/** How a password was given. */
export interface PasswordOptions {
  readonly passwordStdin?: true;
  readonly passwordHash?: string;
  /** False after `--no-password`. */
  readonly password: boolean;
}

/** Adds the options. There is none with the password itself: others see the arguments of a process, and a shell keeps them. */
export function withPassword(command: Command): Command {
  return command
    .option('--password-stdin', 'read the password from the standard input')
    .option('--password-hash <hash>', "a salted hash in RabbitMQ's form, SHA-256")
    .option('--no-password', 'nobody can log in with a password');
}

/** What the API takes for the password; undefined where nothing was said of one. @throws Failure */
export async function givenPassword(options: PasswordOptions): Promise<object | undefined> {
  const ways = [options.passwordStdin, options.passwordHash, options.password ? undefined : true];
  if (ways.filter(way => way !== undefined).length > 1) {
    throw new Failure('give one of --password-stdin, --password-hash and --no-password', 2);
  }
  if (!options.password) return { password_hash: '' };
  if (options.passwordHash !== undefined) return { password_hash: options.passwordHash };
  if (!options.passwordStdin) return undefined;
  return notEmpty((await readInput()).replace(/\r?\n$/, ''));
}

/** Asks for it, twice. @throws Failure */
export async function askPassword(user: string): Promise<object> {
  const password = await askSecret(`Password for user '${user}': `);
  if ((await askSecret('The same again: ')) !== password)
    throw new Failure('the two are not the same; nothing was done');
  return notEmpty(password);
}

function notEmpty(password: string): object {
  if (password === '') throw new Failure('the password is empty; give one, or --no-password', 2);
  return { password };
}
