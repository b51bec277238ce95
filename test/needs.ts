// Which of the Debian packages that tests use are missing here: `describe.skipIf(lacks('python3-pika'))(...)`.
import { missingPackages } from '../scripts/test/debian.mjs';

const missing = missingPackages();

/** The Python that Debian's packages are for, whatever `python3` is first on the path. */
export const python = '/usr/bin/python3';
/** The Ruby that finds Debian's libraries. */
export const ruby = '/usr/bin/ruby';
/** The PHP that finds Debian's libraries. */
export const php = '/usr/bin/php';

/** Whether one of these packages is missing. `npm test` says at the end what was left out for it and how to get it. */
export function lacks(
  ...packages: (
    | 'rabbitmq-server'
    | 'amqp-tools'
    | 'chromium'
    | `python3-${'pika' | 'kombu' | 'celery'}`
    | 'ruby-bunny'
    | 'php-amqplib'
    | 'php-cli'
  )[]
): boolean {
  return packages.some(name => missing.includes(name));
}
