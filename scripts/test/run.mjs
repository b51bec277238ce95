// Runs a command to its end or to a limit of time, and then ends whatever it left behind.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** How to kill each command that runs. @type {Set<() => void>} */
const running = new Set();
/** Commands so far: with this process's id it marks all that a command starts, also what leaves its process group. */
let count = 0;

/**
 * Runs a command. What it left running when it ended is killed and named in `left`.
 * @param {string[]} command
 * @param {object} options
 * @param {Record<string, string>} [options.env] Added to this process's own.
 * @param {number} options.limitMs Time after which the command and all it started are killed.
 * @param {boolean} [options.quiet] Keep the output for the caller instead of showing it.
 * @param {number} [options.graceMs] How long what it started may take to end after it.
 * @returns {Promise<{ code: number | null, output: string, ending: string, overran: boolean, left: string[] }>} `ending`
 *   says in words how it ended.
 */
export async function run(command, { env = {}, limitMs, quiet = false, graceMs = 5000 }) {
  const mark = `LEVERET_TEST_RUN=${process.pid}-${Date.now()}-${++count}`;
  const child = spawn(command[0] ?? '', command.slice(1), {
    detached: true,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    env: { ...process.env, ...env, LEVERET_TEST_RUN: mark.split('=')[1] },
  });
  const kill = () => killTree(child, mark);
  running.add(kill);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += chunk));
  let overran = false;
  const timer = setTimeout(() => {
    overran = true;
    kill();
  }, limitMs);
  /** @type {{ code: number | null, ending: string }} */
  const { code, ending } = await new Promise(resolve => {
    child.on('error', error => resolve({ code: null, ending: error.message }));
    child.on('close', (code, signal) =>
      resolve({ code, ending: signal ? `ended by ${signal}` : `ended with exit code ${code}` }),
    );
  });
  clearTimeout(timer);
  const left = overran ? [] : await leftovers(mark, graceMs);
  kill();
  running.delete(kill);
  return { code, output, ending: overran ? `killed after ${limitMs / 1000} s` : ending, overran, left };
}

/**
 * What still runs of a command after a time of grace, each as its command line and its id.
 * @param {string} mark
 * @param {number} graceMs
 */
async function leftovers(mark, graceMs) {
  for (const until = Date.now() + graceMs; marked(mark).length > 0 && Date.now() < until; ) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return marked(mark).map(pid => `${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 100)} (${pid})`);
}

/** Kills every command that still runs, with all it started. */
export function killAll() {
  for (const kill of running) kill();
}

/**
 * Kills a command's process group, and what left the group.
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} mark
 */
function killTree(child, mark) {
  // A group whose leader was collected could by now be another's.
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) kill(-child.pid);
  for (const pid of marked(mark)) kill(pid);
}

/**
 * Processes with this mark in their environment; none where there is no /proc.
 * @param {string} mark
 */
function marked(mark) {
  const found = [];
  for (const pid of list('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    // epmd serves every Erlang node of the machine, also those of others.
    if (read(`/proc/${pid}/environ`).split('\0').includes(mark) && read(`/proc/${pid}/comm`).trim() !== 'epmd') {
      found.push(Number(pid));
    }
  }
  return found;
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** @param {string} folder */
function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not Linux
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // ended meanwhile, or another user's
  }
}
