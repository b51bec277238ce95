// A child process of the demo, its events, and its lines on the screen.
import { fork, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const began = Date.now();
const colourful =
  !process.env.NO_COLOR && (process.stdout.isTTY || !['', '0', undefined].includes(process.env.FORCE_COLOR));
const colours = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, grey: 90 };
/** @typedef {keyof typeof colours} Colour */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * @param {Colour} colour
 * @param {string} text
 */
export function paint(colour, text) {
  return colourful ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text;
}

/**
 * One line on the screen: when, who, what.
 * @param {Colour} colour
 * @param {string} who
 * @param {string} what
 */
export function say(colour, who, what) {
  const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(5);
  console.log(`${paint('grey', `${seconds} s`)}  ${paint(colour, who.padEnd(9))} ${what}`);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<string>} How it ended.
 */
function ending(child) {
  running.add(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve(signal ?? `exit code ${code}`);
    });
  });
}

/** A worker or producer: a program of this folder that tells its events. */
export class Actor {
  /**
   * @param {string} name
   * @param {Colour} colour
   * @param {string} program
   * @param {string[]} parameters
   * @param {(actor: Actor, event: any) => void} onEvent
   */
  constructor(name, colour, program, parameters, onEvent) {
    this.name = name;
    this.colour = colour;
    this.child = fork(`${import.meta.dirname}/${program}`, parameters);
    this.child.on('message', event => onEvent(this, event));
    this.ended = ending(this.child);
  }

  /** @param {string} what */
  say(what) {
    say(this.colour, this.name, what);
  }
}

/** The broker's process. */
export class Broker {
  /** @param {string[]} command */
  constructor(command) {
    const [program = '', ...parameters] = command;
    this.child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    /** @type {string[]} */
    this.lines = [];
    this.ended = ending(this.child);
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure('was not ready within a minute')), 60_000);
      for (const stream of [this.child.stdout, this.child.stderr]) {
        createInterface({ input: stream }).on('line', line => {
          this.lines.push(line);
          const port = /(?:AMQP on |amqp:\/\/)127\.0\.0\.1:(\d+)/.exec(line)?.[1];
          if (!port) return;
          clearTimeout(timer);
          resolve(Number(port));
        });
      }
      this.ended.then(how => reject(this.#failure(`ended (${how}) before it was ready`)), reject);
    });
  }

  /** @param {string} what */
  #failure(what) {
    return new Error(`the broker ${what}; it said:\n${this.lines.slice(-20).join('\n')}`);
  }

  /** @param {NodeJS.Signals} signal */
  async stop(signal) {
    process.kill(-(/** @type {number} */ (this.child.pid)), signal);
    await this.ended;
  }
}
