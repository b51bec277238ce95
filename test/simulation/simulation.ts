// One seed: lives of a broker one after the other on the same disk, what ends each of them, and what the next must find.
import { Actor, chooseHabits, type Habits } from './actor.ts';
import { Chance } from './chance.ts';
import { expectInTime, expectMarks, expectMemoryMatches, expectNoDamage, expectRecovered, marksOf } from './checks.ts';
import { Client } from './client.ts';
import { drain } from './drain.ts';
import type { Fault } from './faults.ts';
import { type Flip, flipSomeByte } from './flip.ts';
import { History } from './history.ts';
import { Life } from './life.ts';
import { Messages } from './messages.ts';
import { Observer } from './observer.ts';
import { Operator } from './operator.ts';
import { SimulatedDisk } from './simulated-disk.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly fault?: Fault | undefined;
  readonly trace?: (line: string) => void;
  /** How long lives are, as a share of the usual length. */
  readonly scale?: number;
}

export interface Counts {
  lives: number;
  steps: number;
  messages: number;
  deliveries: number;
  recovered: number;
  failures: number;
  /** Of each reason, how many persistent messages went on their way to a dead-letter exchange. */
  rejected: number;
  expired: number;
  maxlen: number;
  delivery_limit: number;
  /** Messages that a delayed exchange has passed on, and those that were dropped as duplicates. */
  due: number;
  duplicates: number;
  /** Publishes that a full queue refused. */
  refused: number;
  policies: number;
}

export function noCounts(): Counts {
  const tally = new History().tally;
  return { lives: 0, steps: 0, messages: 0, deliveries: 0, recovered: 0, failures: 0, ...tally };
}

export class Simulation {
  readonly chance: Chance;
  readonly observer: Observer;
  readonly clock: { now: number } = { now: 1_700_000_000_000 };
  readonly counts: Counts = noCounts();
  readonly trace: (line: string) => void;
  readonly fileBytes: number;
  flip: Flip | undefined;
  #operations: (() => void)[] = [];
  #disk: SimulatedDisk;
  readonly #memoryBytes: number;
  readonly #habits: Habits;
  readonly #fault: Fault | undefined;
  readonly #scale: number;
  readonly #failing: boolean;
  /** What was marked as delivered at the stops whose last record may be the end of the journal, latest first. */
  #stops: readonly ReadonlySet<string>[] = [];
  #actors: Actor[] = [];
  readonly #operator: Operator;
  #healAt = 0;

  constructor({ seed, fault, trace, scale }: SimulationOptions) {
    const chance = new Chance(seed);
    this.chance = chance;
    this.trace = trace ?? (() => {});
    this.observer = new Observer(new History(), new Messages(), this.clock);
    this.fileBytes = chance.pick([24, 32, 64, 128]) * 1024;
    this.#memoryBytes = chance.pick([16, 64, 256, 4096]) * 1024;
    this.#habits = chooseHabits(chance, this.fileBytes);
    this.#operator = new Operator(chance, this.observer, this.#habits.features, this.trace);
    this.observer.history.clock = this.clock;
    this.observer.history.refusing = this.#habits.features.refusing;
    this.#fault = fault;
    this.#scale = scale ?? 1;
    this.#failing = chance.of(0.4);
    this.#disk = new SimulatedDisk({ random: chance.next, schedule: run => void this.#operations.push(run) });
  }

  async run(): Promise<Counts> {
    const lives = 1 + this.chance.below(3);
    for (let life = 0; life < lives; life++) await this.#live();
    if (this.chance.of(0.3)) this.flip = flipSomeByte(this.#disk, this.chance, this.trace);
    await this.#lastLife();
    const { counts, observer } = this;
    Object.assign(counts, observer.history.tally);
    counts.messages = observer.messages.count;
    counts.deliveries = observer.deliveries;
    return counts;
  }

  /** Lets things happen until the condition holds; false when it does not after so many steps. */
  async until(life: Life, condition: () => boolean, stepsMax: number, act = false): Promise<boolean> {
    const { chance } = this;
    for (let step = 0; step < stepsMax; step++) {
      if (condition()) return true;
      this.counts.steps++;
      this.#fail();
      if (act && this.#actors.length > 0 && chance.of(0.3)) chance.pick(this.#actors).act();
      else if (act && chance.of(0.03)) this.#operator.act(life);
      else if (!life.step() && !act) life.wait();
      await new Promise(resolve => setImmediate(resolve));
      const timed = this.#habits.features.uses('expiry') || this.#habits.features.uses('delays');
      if (act && timed && chance.of(0.02)) this.clock.now += chance.below(400);
      if (chance.of(0.6)) life.endTurn();
      if (chance.of(0.1)) expectInTime(life);
      const error = this.#disk.misuse ?? this.#operator.error ?? strayError();
      if (error !== undefined) throw error;
    }
    return condition();
  }

  async #live(): Promise<void> {
    const { chance } = this;
    const length = Math.ceil((chance.of(0.2) ? 60 : chance.pick([300, 800, 1500])) * this.#scale);
    const steps = 1 + chance.below(length);
    const life = await this.#open(steps);
    if (life !== undefined) {
      for (let n = 1 + chance.below(3); n > 0; n--) this.#newClient(life);
      await this.until(life, () => false, steps, true);
      if (chance.of(0.4)) await this.#settle(life);
      if (chance.of(0.3)) await this.#stop(life);
    }
    const lostPower = chance.of(0.6);
    this.trace(lostPower ? '--- power cut ---' : '--- killed ---');
    this.#operations.length = 0;
    this.#disk = lostPower ? this.#disk.crash() : this.#disk.kill();
  }

  /** Opens the folder, again when a failing disk did not let it. Undefined when the life ends before that is done. */
  async #open(stepsMax: number, last = false): Promise<Life | undefined> {
    for (;;) {
      this.observer.life++;
      this.counts.lives++;
      this.#actors = [];
      this.trace(`--- life ${this.observer.life} ---`);
      const { chance, observer, clock, fileBytes, trace } = this;
      const life = new Life({
        chance,
        observer,
        clock,
        fileBytes,
        trace,
        disk: this.#disk,
        memoryBytes: this.#memoryBytes,
        fault: this.#fault,
        operations: this.#operations,
        replayed: (opened, broker, others, isNew) => {
          this.counts.recovered += expectRecovered(broker, others, observer.history);
          expectMarks(opened, broker, isNew, this.#stops, observer.history);
        },
      });
      let outcome: 'open' | Error | undefined;
      life.open().then(
        () => {
          outcome = 'open';
        },
        error => {
          outcome = error as Error;
        },
      );
      const ended = await this.until(life, () => outcome !== undefined, last ? 100_000 : Math.max(20, stepsMax));
      if (!ended) {
        if (last) throw new Error('the broker does not start');
        return undefined;
      }
      if (outcome === 'open') {
        this.#opened(life);
        return life;
      }
      if ((outcome as NodeJS.ErrnoException).code === undefined || (this.#healAt === 0 && this.counts.failures === 0))
        throw outcome;
      this.trace(`start failed: ${(outcome as Error).message}`);
      this.#heal();
      this.#operations.length = 0;
      this.#disk = this.#disk.kill();
    }
  }

  #opened(life: Life): void {
    const { stores } = life;
    if (stores === undefined) return;
    expectNoDamage(life, this.flip);
    // A life that left nothing on the disk has delivered nothing.
    if (!life.foundClean) this.#stops = [];
    if (stores.isNew) life.furnish();
    else if (!stores.broker.vhosts.has('/'))
      throw new Error('the data folder counts as used, but has no vhost and no user');
  }

  #newClient(life: Life): void {
    const { chance, observer, trace } = this;
    const client = new Client(
      `client${observer.life}.${this.#actors.length}`,
      chance.pick([4096, 131_072]),
      observer,
      trace,
    );
    const actor = new Actor(client, chance, this.#habits, observer);
    client.connect(life.connect(client));
    this.#actors.push(actor);
  }

  /** A disk that has room and no faults lets everything come to an end. */
  async #settle(life: Life): Promise<void> {
    this.#heal();
    this.trace('--- settling ---');
    const clients = this.#actors.map(({ client }) => client);
    const done = await this.until(life, () => !clients.some(({ waits }) => waits), 20_000);
    const waiting = clients.filter(({ waits }) => waits).map(({ waitingFor }) => waitingFor);
    if (!done) throw new Error(`with a disk that works, this is never answered: ${waiting.join(' | ')}`);
    expectMemoryMatches(life, this.observer.history);
  }

  async #stop(life: Life): Promise<void> {
    const { chance, observer } = this;
    this.trace('--- stopping ---');
    if (chance.of(0.8)) this.#heal();
    life.dropConnections();
    const marks = marksOf(life, observer.history);
    const { stores } = life;
    if (stores === undefined) return;
    let closed = false;
    const steps = observer.history.steps.length;
    void stores.close().then(() => {
      closed = true;
    });
    await this.until(life, () => closed, chance.of(0.2) ? chance.below(60) : 20_000);
    // A stop that is cut short, or that ends on a disk that takes no more writes, may have left nothing behind an earlier one's last record.
    const complete = closed && !life.gaveUp;
    this.#stops = complete ? [marks] : [marks, ...this.#stops];
    if (complete) observer.history.promise(steps);
    this.trace(closed ? '--- stopped ---' : '--- stop cut short ---');
  }

  async #lastLife(): Promise<void> {
    this.#heal();
    this.#healAt = Number.POSITIVE_INFINITY;
    const life = (await this.#open(0, true)) as Life;
    await drain(this, life);
  }

  /** Begins a time in which the disk fails, and ends it. */
  #fail(): void {
    const { chance, counts } = this;
    if (!this.#failing) return;
    if (this.#healAt > 0) {
      if (counts.steps > this.#healAt) this.#heal();
      return;
    }
    if (!chance.of(0.004)) return;
    counts.failures++;
    this.#healAt = counts.steps + chance.below(200);
    if (chance.of(0.5)) {
      const used = this.#disk.files().reduce((sum, { bytes }) => sum + bytes, 0);
      this.#disk.capacity = used + chance.below(this.fileBytes * 2);
      this.trace(`disk: room for ${this.#disk.capacity - used} more bytes`);
    } else {
      const probability = chance.pick([0.05, 0.3, 1]);
      this.trace(`disk: fails with probability ${probability}`);
      this.#disk.fault = ({ kind }) => (kind !== 'read' && chance.of(probability) ? 'EIO' : undefined);
    }
  }

  #heal(): void {
    if (this.#healAt > 0) this.trace('disk: works');
    this.#healAt = 0;
    this.#disk.fault = () => undefined;
    this.#disk.capacity = Number.MAX_SAFE_INTEGER;
  }

  get diskFiles(): { path: string; bytes: number }[] {
    return this.#disk.files();
  }

  get isIdle(): boolean {
    return this.#operations.length === 0;
  }
}

let stray: Error | undefined;

function strayError(): Error | undefined {
  const error = stray;
  stray = undefined;
  return error;
}

process.on('unhandledRejection', error => {
  stray ??= error as Error;
});
