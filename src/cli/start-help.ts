// The part of `leveret start --help` that lists every setting, made from the table of settings.
import { KEYS, NAMED_KEYS } from '../node/config-keys.ts';

const EXAMPLE = `
Example of a config file:
  listeners.tcp.1 = 0.0.0.0:5672
  data_dir = /var/lib/leveret
  default_user = admin
  default_pass = "a # in a value needs quotes"
  users.worker.password = secret
  permissions./.worker.read = .*
  vhosts."with.dots" = true
`;

/** Config keys with their environment variables and defaults. */
export function settingsHelp(): string {
  const rows = Object.values(KEYS).flatMap(({ key, env, help, fallback, fallbackShown }) =>
    key === undefined ? [] : [[key, env.join(', '), `${help} (${fallbackShown ?? fallback})`]],
  );
  const flagsOnly = Object.values(KEYS).flatMap(({ key, flag, env }) =>
    key === undefined ? [[flag!.split(' ')[0]!, env.join(', ')]] : [],
  );
  const named = Object.values(NAMED_KEYS).map(({ pattern, help }) => [pattern, '', help]);
  return [
    '',
    'Every setting: flags win over environment variables, those over the config file. RabbitMQ names are taken where it has them.',
    '',
    ...flagsOnly.map(([flag, env]) => `  ${flag}: ${env}; in a file, listeners.tcp.$name`),
    ...rows.map(([key, env, help]) => `  ${key}${env === '' ? '' : `  [${env}]`}\n      ${help}`),
    '',
    'In a config file only, once per name:',
    ...named.map(([pattern, , help]) => `  ${pattern!.padEnd(38)}${help}`),
    '  loopback_users = none                 no user is held to this machine',
    EXAMPLE,
  ].join('\n');
}
