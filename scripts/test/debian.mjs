// The Debian packages that some tests use: which are missing, and how to install them without starting a service.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { run } from './run.mjs';

/** Each package with a file that is there when the package is. */
const packages = {
  'rabbitmq-server': '/usr/lib/rabbitmq/bin/rabbitmq-server',
  'amqp-tools': '/usr/bin/amqp-publish',
  'python3-pika': '/usr/lib/python3/dist-packages/pika/__init__.py',
  'python3-kombu': '/usr/lib/python3/dist-packages/kombu/__init__.py',
  chromium: '/usr/bin/chromium',
  'python3-celery': '/usr/lib/python3/dist-packages/celery/__init__.py',
  // The folder of its code has the version in its name.
  'ruby-bunny': '/usr/share/doc/ruby-bunny/copyright',
  'php-amqplib': '/usr/share/php/PhpAmqpLib/autoload.php',
  // The library works in any PHP, so that its package brings none.
  'php-cli': '/usr/bin/php',
  'golang-go': '/usr/bin/go',
  'golang-github-rabbitmq-amqp091-go-dev': '/usr/share/gocode/src/github.com/rabbitmq/amqp091-go/channel.go',
  'default-jdk-headless': '/usr/lib/jvm/default-java/bin/javac',
  'librabbitmq-client-java': '/usr/share/java/amqp-client.jar',
};

const lockWait = 300;
const policy = '/usr/sbin/policy-rc.d';
const policyKept = `${policy}.before-leveret`;
const policyText = '#!/bin/sh\n# Put here by `npm test` of leveret while apt runs: no service starts.\nexit 101\n';

/** @returns {string[]} The packages that are not installed. */
export function missingPackages() {
  return Object.keys(packages).filter(name => !existsSync(packages[name]));
}

/** @returns {boolean} Whether this process may install packages: root on Debian or one of its children. */
export function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/**
 * The one line a user types to get packages.
 * @param {string[]} names
 */
export function aptLine(names) {
  return `sudo apt-get install --no-install-recommends ${names.join(' ')}`;
}

/**
 * Installs packages with apt, no service being started meanwhile.
 * @param {string[]} names
 * @param {number} limitMs Time after which apt is given up.
 * @returns {Promise<string>} Why it failed, or '' when all are installed.
 */
export async function install(names, limitMs) {
  const until = Date.now() + limitMs;
  const restore = forbidServiceStarts();
  process.on('exit', restore);
  try {
    const options = ['-q', '-y', '-o', `DPkg::Lock::Timeout=${lockWait}`, '-o', 'Dpkg::Use-Pty=0'];
    for (const command of [['update'], ['install', '--no-install-recommends', ...names]]) {
      const failure = await apt([...options, ...command], until);
      if (failure) return failure;
    }
  } finally {
    restore();
    process.off('exit', restore);
  }
  const left = missingPackages().filter(name => names.includes(name));
  return left.length === 0 ? '' : `apt-get installed ${left.join(', ')}, but not the files the tests look for`;
}

/**
 * One apt-get command, again while another apt holds the lists (which DPkg::Lock::Timeout does not wait for).
 * @param {string[]} command
 * @param {number} until
 */
async function apt(command, until) {
  const env = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' };
  const lockedUntil = Math.min(until, Date.now() + lockWait * 1000);
  for (;;) {
    const result = await run(['apt-get', ...command], { env, limitMs: until - Date.now(), quiet: true });
    if (result.code === 0) return '';
    if (!/Could not get lock|Unable to lock/.test(result.output) || Date.now() > lockedUntil) {
      return `apt-get ${command.join(' ')}: ${result.ending}\n${result.output.trim()}`;
    }
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
}

/** Puts a policy in place that refuses every service start, and returns what puts the former state back. */
function forbidServiceStarts() {
  const ours = existsSync(policy) && readFileSync(policy, 'utf8') === policyText;
  // Ours is found when an earlier run was killed: what it had set aside is still the state to go back to.
  if (existsSync(policy) && !ours) renameSync(policy, policyKept);
  writeFileSync(policy, policyText, { mode: 0o755 });
  return () => {
    if (existsSync(policyKept)) renameSync(policyKept, policy);
    else rmSync(policy, { force: true });
  };
}
