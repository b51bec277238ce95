// Which of the Debian packages that tests use are missing here: `describe.skipIf(lacks('python3-pika'))(...)`.
import { missingPackages } from '../scripts/test/debian.mjs';

const missing = missingPackages();

/** The interpreters and compilers that Debian's packages are for, whatever is first on the path. */
export const python = '/usr/bin/python3';
export const ruby = '/usr/bin/ruby';
export const php = '/usr/bin/php';
export const go = '/usr/bin/go';
/** `/usr/bin/java` may lead to another one. */
export const java = '/usr/lib/jvm/default-java/bin/java';

/** Whether one of these packages is missing. `npm test` says at the end what was left out for it and how to get it. */
export function lacks(...packages: DebianPackage[]): boolean {
  return packages.some(name => missing.includes(name));
}

type DebianPackage =
  | 'rabbitmq-server'
  | 'amqp-tools'
  | 'chromium'
  | `python3-${'pika' | 'kombu' | 'celery'}`
  | 'ruby-bunny'
  | `php-${'amqplib' | 'cli'}`
  | `golang-${'go' | 'github-rabbitmq-amqp091-go-dev'}`
  | 'default-jdk-headless'
  | 'librabbitmq-client-java';
