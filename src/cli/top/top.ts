// `leveret top`: queues and workers live in the terminal.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from '../api.ts';
import { brokerCommand, timeSpan } from '../broker-command.ts';
import { Failure } from '../failure.ts';
import { say, styled } from '../terminal.ts';
import { json } from '../text.ts';
import { frameLines, queueRows, SORTS, type View } from './frame.ts';
import { Screen } from './screen.ts';
import { type Snapshot, takeSnapshot, type Wish } from './snapshot.ts';

interface TopOptions extends BrokerOptions {
  readonly vhost?: string;
  readonly filter?: string;
  readonly sort: string;
  readonly interval?: number;
  readonly once?: true;
}

/** The size of a picture that goes elsewhere than to a terminal. */
const [widthElsewhere, rowsElsewhere] = [120, 50];
const [intervalMsMin, intervalMsDefault] = [200, 1000];

const NOTES = `
Keys: up and down (or k and j) select a queue, whose workers are shown below; PgUp and PgDn turn pages; s and S sort by the
next or the previous column, r the other way round; space holds the picture; q or Ctrl-C ends.
`;

/** The command. */
export function topCommand(): Command {
  return brokerCommand('top', 'Watches queues and workers live.')
    .option('--vhost <name>', 'of this virtual host; without it of all')
    .option('--filter <text>', 'only queues with this in their name')
    .option('--sort <column>', `order of the queues: ${SORTS.map(({ title }) => title).join(', ')}`, 'ready')
    .option('--interval <time>', 'time between two looks (default: 1s)', timeSpan)
    .option('--once', 'print one picture and end')
    .addHelpText('after', NOTES)
    .action(top);
}

async function top(options: TopOptions): Promise<void> {
  const sort = SORTS.findIndex(({ title }) => title === options.sort);
  if (sort < 0) throw new Failure(`--sort takes one of ${SORTS.map(({ title }) => title).join(', ')}`, 2);
  const watch = new Watch(new Api(options.url), options, sort);
  if (options.once || options.json) return watch.once();
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new Failure('there is no terminal to show it on; --once prints one picture', 2);
  }
  return watch.live();
}

/** What is looked at, how, and the last that was seen. */
class Watch {
  readonly #api: Api;
  readonly #options: TopOptions;
  readonly #screen = new Screen(
    key => this.#press(key),
    () => this.#again(),
  );
  #view: View;
  #page = 1;
  #snapshot: Snapshot | undefined;
  #ended = false;
  #wake: () => void = () => {};

  constructor(api: Api, options: TopOptions, sort: number) {
    this.#api = api;
    this.#options = options;
    // Names from A on, numbers from the largest on.
    this.#view = {
      sort,
      reverse: SORTS[sort]?.field !== 'name',
      selected: 0,
      paused: false,
      failure: undefined,
      live: !options.once,
    };
  }

  async once(): Promise<void> {
    const width = process.stdout.isTTY ? process.stdout.columns : widthElsewhere;
    const snapshot = await takeSnapshot(this.#api, this.#wish(rowsElsewhere), 0);
    if (this.#options.json) say(json(snapshot));
    else {
      const lines = frameLines(snapshot, this.#view, width, Number.POSITIVE_INFINITY);
      say(...lines.map(({ text, style }) => (style === undefined ? text.trimEnd() : styled(text.trimEnd(), style))));
    }
  }

  async live(): Promise<void> {
    // A broker that is not there is told before the terminal is taken.
    this.#snapshot = await takeSnapshot(this.#api, this.#wish(queueRows(this.#screen.height)), 0);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => this.#end());
    process.stdin.once('end', () => this.#end());
    this.#screen.open();
    try {
      while (!this.#ended) {
        this.#draw();
        await this.#pause();
        if (!this.#ended && !this.#view.paused) await this.#look();
      }
    } finally {
      this.#screen.close();
    }
  }

  /** A broker that is away for a while is waited for. */
  async #look(): Promise<void> {
    try {
      this.#snapshot = await takeSnapshot(this.#api, this.#wish(queueRows(this.#screen.height)), this.#view.selected);
      this.#page = this.#snapshot.page;
      const selected = Math.max(0, Math.min(this.#view.selected, this.#snapshot.queues.length - 1));
      this.#view = { ...this.#view, failure: undefined, selected };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#view = { ...this.#view, failure: error.message };
    }
  }

  #wish(pageSize: number): Wish {
    const { vhost, filter } = this.#options;
    const { sort, reverse } = this.#view;
    return { vhost, filter, sort: SORTS[sort]!.field, reverse, page: this.#page, pageSize };
  }

  #draw(): void {
    const { width, height } = this.#screen;
    if (this.#snapshot) this.#screen.draw(frameLines(this.#snapshot, this.#view, width, height));
  }

  #pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, Math.max(intervalMsMin, this.#options.interval ?? intervalMsDefault));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #press(key: string): void {
    const view = this.#view;
    const last = Math.max(0, (this.#snapshot?.queues.length ?? 1) - 1);
    const sortBy = (sort: number): void => {
      this.#page = 1;
      this.#view = { ...view, sort, reverse: SORTS[sort]?.field !== 'name', selected: 0 };
    };
    const turn = (pages: number): void => {
      this.#page = Math.max(1, Math.min(this.#page + pages, this.#snapshot?.pages ?? 1));
      this.#view = { ...view, selected: 0 };
    };
    const select = (selected: number): void => {
      this.#view = { ...view, selected: Math.max(0, Math.min(selected, last)) };
    };
    const actions: Readonly<Record<string, () => void>> = {
      q: () => this.#end(),
      '\x03': () => this.#end(),
      '\x1a': () => this.#screen.suspend(),
      '\x1b[A': () => select(view.selected - 1),
      k: () => select(view.selected - 1),
      '\x1b[B': () => select(view.selected + 1),
      j: () => select(view.selected + 1),
      '\x1b[5~': () => turn(-1),
      '\x1b[6~': () => turn(1),
      s: () => sortBy((view.sort + 1) % SORTS.length),
      S: () => sortBy((view.sort + SORTS.length - 1) % SORTS.length),
      r: () => {
        this.#view = { ...view, reverse: !view.reverse };
      },
      ' ': () => {
        this.#view = { ...view, paused: !view.paused };
      },
    };
    if (!Object.hasOwn(actions, key)) return;
    actions[key]?.();
    this.#again();
  }

  /** Shows at once what was pressed, and asks the broker for what that needs. */
  #again(): void {
    this.#draw();
    this.#wake();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}
