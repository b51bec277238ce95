// The doctor on the machine: the version of Node, open files, memory, the clock.
import { existsSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { bytes } from '../text.ts';
import { bad, type Finding, good, unknown, warning } from './finding.ts';

/** What `engines` in package.json asks for. */
const nodeMin: readonly [major: number, minor: number] = [20, 19];
/** Below this the number of connections is soon used up. */
const openFilesMin = 4096;
/** What the process takes beside the messages, docs/operations.md. */
const baseBytes = 128 * 2 ** 20;
/** Clock sources that take microseconds for each look. */
const slowClocks: readonly string[] = ['hpet', 'acpi_pm', 'jiffies'];

/** Whether this Node is new enough. */
export function examineNode(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const enough = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1]);
  const found = `Node ${process.versions.node}`;
  return enough
    ? good('version of Node', found)
    : bad('version of Node', found, `install Node ${nodeMin.join('.')} or newer`);
}

/** The limit of the running broker, or of what is started from here. */
export function examineOpenFiles(pid: number | undefined): Finding {
  const subject = 'open files';
  let limits: string;
  try {
    limits = readFileSync(`/proc/${pid ?? 'self'}/limits`, 'utf8');
  } catch {
    return unknown(
      subject,
      pid === undefined ? 'not known on this system' : `this user may not see the limits of process ${pid}`,
    );
  }
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  if (soft === undefined) return unknown(subject, 'not known on this system');
  const whose = pid === undefined ? 'for what is started from here' : `for the broker, process ${pid}`;
  const found = `${soft} ${whose}; each connection takes one`;
  if (soft === 'unlimited' || Number(soft) >= openFilesMin) return good(subject, found);
  return warning(
    subject,
    found,
    'raise it: LimitNOFILE=65536 in the systemd unit, --ulimit nofile for a container, or `ulimit -n`',
  );
}

/** Whether what messages may take fits. */
export function examineMemory(memoryBudgetBytes: number): Finding {
  const constrained = process.constrainedMemory();
  const all = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  const needed = baseBytes + 2 * memoryBudgetBytes;
  const found = `${bytes(all)}; a memory_budget of ${bytes(memoryBudgetBytes)} takes up to ${bytes(needed)} in all`;
  if (needed <= all) return good('memory', found);
  return bad('memory', found, 'give the machine or the container more memory, or make memory_budget smaller');
}

/** Whether this machine's clock can be right. `brokerMs`: what the broker's clock said when this one said `hereMs`. */
export function examineClock(broker: { readonly brokerMs: number; readonly hereMs: number } | undefined): Finding[] {
  const year = new Date().getFullYear();
  const findings = [
    year < 2025 || year > 2100
      ? bad(
          'clock',
          `this machine believes to be in ${year}`,
          'set the clock; message ages and the log are wrong otherwise',
        )
      : existsSync('/run/systemd/timesync/synchronized')
        ? good('clock', 'kept right by systemd-timesyncd')
        : unknown('clock', `${new Date().toISOString()}; whether something keeps it right is not known here`),
  ];
  const source = clockSource();
  if (source !== undefined && slowClocks.includes(source)) {
    findings.push(warning('clock source', `${source} is slow to read`, 'let the system use tsc or kvm-clock'));
  }
  // The header has whole seconds.
  if (broker !== undefined && Math.abs(broker.brokerMs - broker.hereMs) > 3000) {
    const apart = Math.round(Math.abs(broker.brokerMs - broker.hereMs) / 1000);
    findings.push(
      warning('clock of the broker', `${apart} s apart from this machine's`, 'let both be kept right by NTP'),
    );
  }
  return findings;
}

function clockSource(): string | undefined {
  try {
    return readFileSync('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'utf8').trim();
  } catch {
    return undefined;
  }
}
