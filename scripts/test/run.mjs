// Runs a command to its end or to a limit of time, and then ends whatever it left behind.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** In the environment of everything started from here, so that grandchildren in groups of their own are found too. */
const mark = `LEVERET_TEST_RUN=${process.pid}-${Date.now()}`;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * @param {string[]} command
 * @param {object} options
 * @param {Record<string, string>} [options.env] Added to this process's own.
 * @param {number} options.limitMs Time after which the command and all it started are killed.
 * @param {boolean} [options.quiet] Keep the output for the caller instead of showing it.
 * @returns {Promise<{ code: number | null, output: string, ending: string, overran: boolean }>} `ending` says in words
 *   how it ended.
 */
export function run(command, { env = {}, limitMs, quiet = false }) {
  return new Promise(resolve => {
    const [name, value] = mark.split('=');
    const child = spawn(command[0], command.slice(1), {
      detached: true,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      env: { ...process.env, ...env, [name]: value },
    });
    running.add(child);
    let output = '';
    let overran = false;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += chunk));
    const timer = setTimeout(() => {
      overran = true;
      killTree(child);
    }, limitMs);
    const end = (/** @type {number | null} */ code, /** @type {string} */ ending) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, output, ending: overran ? `killed after ${Math.round(limitMs / 1000)} s` : ending, overran });
    };
    child.on('error', error => end(null, error.message));
    child.on('close', (code, signal) => end(code, signal ? `ended by ${signal}` : `ended with exit code ${code}`));
  });
}

/** Kills every command that still runs, with all it started. */
export function killAll() {
  for (const child of running) killTree(child);
}

/** @param {import('node:child_process').ChildProcess} child */
function killTree(child) {
  if (child.pid !== undefined) kill(-child.pid);
  for (const pid of marked()) kill(pid);
}

/** Processes of this run, by the mark in their environment; none where there is no /proc. */
function marked() {
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
