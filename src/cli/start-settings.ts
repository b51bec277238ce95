// The settings of a broker as flags of a command, and reading them from flags, environment and config file.
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type Config, ConfigError, loadConfig } from '../node/config.ts';
import { KEYS, type Values } from '../node/config-keys.ts';
import { Failure } from './failure.ts';

/** Flags as commander gives them. */
export type SettingFlags = Readonly<Record<string, unknown>>;

/** Adds `--config` and a flag for every setting that has one. */
export function withSettings(command: Command): Command {
  command.addOption(new Option('--config <file>', 'config file in the form of rabbitmq.conf (LEVERET_CONFIG)'));
  for (const { flag, help, fallback, fallbackShown } of Object.values(KEYS)) {
    const shown = fallbackShown ?? (fallback === false ? undefined : fallback);
    if (flag) command.addOption(new Option(flag, shown === undefined ? help : `${help} (default: ${shown})`));
  }
  return command;
}

/** The settings. @throws Failure 2 naming every mistake with its place, a line each */
export function readSettings(options: SettingFlags): { config: Config; warnings: readonly string[] } {
  const flags: { [Name in keyof Values]?: string } = {};
  for (const name of Object.keys(KEYS) as (keyof Values)[]) {
    const given = options[name];
    if (given !== undefined) flags[name] = String(given);
  }
  const path = options['config'] ?? process.env['LEVERET_CONFIG'];
  const file = typeof path === 'string' ? { name: path, content: readConfigFile(path) } : undefined;
  try {
    return loadConfig({ flags, env: process.env, ...(file && { file }) });
  } catch (error) {
    if (error instanceof ConfigError) throw new Failure(error.message, 2);
    throw error;
  }
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : message;
    throw new Failure(`the config file ${path} cannot be read: ${reason}`, 2);
  }
}
