// `leveret doctor`: looks at everything that a broker stands on, and says what to do about what is not well.
import type { Command } from 'commander';
import type { Config } from '../../node/config.ts';
import { VERSION } from '../../node/version.ts';
import { Api, type BrokerOptions } from '../api.ts';
import { brokerCommand } from '../broker-command.ts';
import { Failure } from '../failure.ts';
import { readSettings, type SettingFlags, withSettings } from '../start-settings.ts';
import { say, styled } from '../terminal.ts';
import { json, plain, several } from '../text.ts';
import { examineDisk } from './disk.ts';
import { bad, type Finding, good, unknown, type Verdict, warning } from './finding.ts';
import { holderOf } from './holder.ts';
import { examineClock, examineMemory, examineNode, examineOpenFiles } from './machine.ts';
import { examinePort } from './ports.ts';

const NOTES = `
Give it the settings that the broker is started with, and run it on the broker's machine as the broker's user, before or after
the start. It writes a file of 800 KiB into the data folder to measure the disk, and removes it. Ends with 1 when something is bad.
`;

/** The command. */
export function doctorCommand(): Command {
  const command = brokerCommand(
    'doctor',
    'Looks for what is wrong with the settings, the disk, the limits, the clock, the ports.',
  );
  return withSettings(command).addHelpText('after', NOTES).action(doctor);
}

async function doctor(options: BrokerOptions & SettingFlags): Promise<void> {
  const findings = await examine(options);
  const of = (verdict: Verdict): number => findings.filter(finding => finding.verdict === verdict).length;
  if (options.json) say(json({ findings }));
  else {
    for (const finding of findings) say(...lines(finding));
    say('', `${of('bad')} bad, ${several(of('warning'), 'warning')}`);
  }
  if (of('bad') > 0) process.exitCode = 1;
}

async function examine(options: BrokerOptions & SettingFlags): Promise<Finding[]> {
  const { config, findings } = settings(options);
  findings.push(examineNode());
  if (config === undefined) return [...findings, ...examineClock(undefined)];
  const pid = holderOf(config.dataDir);
  findings.push(...(await examineDisk(config.dataDir, config.segmentBytes, config.sync)));
  findings.push(examineOpenFiles(pid), examineMemory(config.memoryBudgetBytes), ...openDoors(config));
  for (const { host, port } of config.listeners) {
    findings.push(await examinePort({ subject: 'port for AMQP', host, port, flag: '--port' }, pid));
  }
  const { management } = config;
  if (management) {
    findings.push(await examinePort({ subject: 'port for management', ...management, flag: '--management-port' }, pid));
  }
  const { broker, clocks } = await examineBroker(options.url, config);
  return [...findings, ...examineClock(clocks), ...broker];
}

function settings(options: SettingFlags): { config: Config | undefined; findings: Finding[] } {
  try {
    const { config, warnings } = readSettings(options);
    const findings = warnings.map(text => warning('settings', text, 'take it out, or correct it'));
    return { config, findings: findings.length > 0 ? findings : [good('settings', 'all are known and valid')] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const findings = error.message
      .split('\n')
      .map(text => bad('settings', text, 'correct it: the broker does not start with it'));
    return { config: undefined, findings };
  }
}

/** A well-known password on an address that others reach. */
function openDoors({ listeners, loopbackUsers, firstUser }: Config): Finding[] {
  const open = listeners.some(({ host }) => !/^(127\.|localhost$|::1$)/.test(host));
  const guestIsKnown = firstUser.name === 'guest' && !loopbackUsers.includes('guest');
  if (!open || !guestIsKnown) return [];
  return [
    bad(
      'password',
      'everybody who reaches the broker can log in as guest',
      'set default_user and default_pass, or leave loopback_users as it is',
    ),
  ];
}

interface Asked {
  readonly broker: Finding[];
  readonly clocks: { readonly brokerMs: number; readonly hereMs: number } | undefined;
}

async function examineBroker(given: string | undefined, { management }: Config): Promise<Asked> {
  const host = management?.host.replace('0.0.0.0', '127.0.0.1');
  const own = management && management.port !== 0 ? `http://guest:guest@${host}:${management.port}` : undefined;
  const api = new Api(given ?? (process.env['LEVERET_URL'] || own));
  try {
    const { status, body, dateMs } = await api.ask('GET /health', { accept: [503], timeoutMs: 5000 });
    const health =
      status === 200
        ? good('broker', `the one at ${api.where} is well`)
        : bad(
            'broker',
            `the one at ${api.where} is not well: ${(body as { reason: string }).reason}`,
            'see "When the disk is full or fails" in docs/operations.md, and the log',
          );
    return { broker: [health, ...(await examineVersion(api))], clocks: { brokerMs: dateMs, hereMs: Date.now() } };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { broker: [unknown('broker', error.message)], clocks: undefined };
  }
}

async function examineVersion(api: Api): Promise<Finding[]> {
  try {
    const { leveret_version: version } = (await api.call('GET /overview')) as { leveret_version?: string };
    if (version === VERSION) return [good('version', `Leveret ${VERSION}, here and there`)];
    const found = `the broker is ${version === undefined ? 'not Leveret' : `Leveret ${version}`}, this command is Leveret ${VERSION}`;
    return [warning('version', found, 'use the command of the same version')];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [unknown('version', error.message)];
  }
}

const marks = {
  good: ['ok', 'green'],
  warning: ['warning', 'yellow'],
  bad: ['BAD', 'red'],
  unknown: ['-', 'dim'],
} as const;

function lines({ subject, verdict, found, advice }: Finding): string[] {
  const [mark, style] = marks[verdict];
  const told = `${styled(mark.padEnd(8), style)} ${styled(subject, 'bold')}: ${plain(found)}`;
  return advice === undefined ? [told] : [told, `         ${advice}`];
}
