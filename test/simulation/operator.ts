// What an operator does by chance: takes deliveries back, removes messages, looks into queues.
import { browse } from '../../src/broker/browse.ts';
import { deliveriesOf } from '../../src/broker/deliveries.ts';
import type { Message } from '../../src/broker/message.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { release } from '../../src/broker/reschedule.ts';
import { removeMessage, takeBack } from '../../src/broker/take-back.ts';
import type { Chance } from './chance.ts';
import { delayedExchange, type Features } from './features.ts';
import type { Life } from './life.ts';
import type { Observer } from './observer.ts';

export class Operator {
  readonly #chance: Chance;
  readonly #observer: Observer;
  readonly #features: Features;
  readonly #trace: (line: string) => void;
  /** What was wrong with what a look has shown. */
  error: Error | undefined;

  constructor(chance: Chance, observer: Observer, features: Features, trace: (line: string) => void) {
    this.#features = features;
    this.#chance = chance;
    this.#observer = observer;
    this.#trace = trace;
  }

  act(life: Life): void {
    const chance = this.#chance;
    const queues = [...(life.stores?.broker.queuesById.values() ?? [])];
    if (queues.length === 0) return;
    const queue = chance.pick(queues);
    const roll = chance.next();
    if (queue.name === delayedExchange && roll < 0.3) this.#release(queue);
    else if (roll < 0.5) this.#takeBack(queues);
    else if (roll < 0.6) this.#remove(queue);
    else if (roll < 0.75 && this.#features.uses('policies')) this.#setPolicy(life);
    else this.#look(life, queue);
  }

  #setPolicy({ stores }: Life): void {
    const vhost = stores?.broker.vhosts.get('/');
    if (vhost === undefined) return;
    const name = this.#chance.pick(['p0', 'p1']);
    const { pattern, definition } = this.#features.policy();
    if ([...vhost.rules.policies].some(policy => policy.name === name) && this.#chance.of(0.5)) {
      this.#trace(`operator deletes policy ${name}`);
      vhost.setRule({ type: 'policy.delete', vhost: '/', name });
      return;
    }
    this.#trace(`operator sets policy ${name} for ${pattern}: ${JSON.stringify(definition)}`);
    const priority = this.#chance.below(3);
    this.#observer.history.tally.policies++;
    vhost.setRule({ type: 'policy.put', vhost: '/', name, pattern, applyTo: 'queues', priority, definition });
  }

  #takeBack(queues: readonly Queue[]): void {
    const busy = queues.filter(({ unsettled }) => unsettled > 0);
    if (busy.length === 0) return;
    const queue = this.#chance.pick(busy);
    const { unsettled, tag, sequence } = this.#chance.pick([...deliveriesOf(queue)]);
    this.#trace(`operator takes back sequence ${sequence} of queue ${queue.name}, tag ${tag}`);
    this.#observer.history.takenBack(queue.id, sequence);
    if (!takeBack(unsettled, tag)) throw new Error(`sequence ${sequence} of queue ${queue.name} cannot be taken back`);
  }

  #remove(queue: Queue): void {
    const sequences = [...queue.ready].map(({ sequence }) => sequence);
    for (const { sequence } of deliveriesOf(queue)) sequences.push(sequence);
    if (sequences.length === 0) return;
    const sequence = this.#chance.pick(sequences);
    this.#trace(`operator removes sequence ${sequence} of queue ${queue.name}`);
    if (!removeMessage(queue, sequence) || removeMessage(queue, sequence))
      throw new Error(`sequence ${sequence} of queue ${queue.name} is not removed once`);
  }

  /** Sends a message on that is kept back. */
  #release(line: Queue): void {
    const kept = this.#observer.history.state.queues.get(line.id);
    const sequences = [...line.ready].map(({ sequence }) => sequence).filter(sequence => kept?.has(sequence));
    if (sequences.length === 0) return;
    const sequence = this.#chance.pick(sequences);
    this.#trace(`operator releases sequence ${sequence} of exchange ${line.name}`);
    this.#observer.history.release(line.id, sequence);
    if (!release(line, sequence)) throw new Error(`sequence ${sequence} of exchange ${line.name} is not released`);
  }

  #look(life: Life, queue: Queue): void {
    const { damage } = life;
    const after = this.#chance.below(queue.nextSequence);
    const told = damage.length;
    browse(queue, { state: 'all', after, limit: 20, scanMax: 50 }, ({ items }) => {
      let last = after;
      for (const { sequence, message } of items) {
        if (sequence <= last) this.error ??= new Error(`a look shows sequence ${sequence} after ${last}`);
        last = sequence;
        if (message !== undefined) this.#identify(message);
        // A disk that fails may not give it back; then people are told.
        else if (damage.length === told && !life.stopping)
          this.error ??= new Error(`a look finds no content of sequence ${sequence}`);
      }
    });
  }

  #identify({ header, headerStart, headerEnd, body, bodyStart, bodyEnd, rest }: Message): void {
    const bytes = Buffer.concat([body.subarray(bodyStart, bodyEnd), ...(rest ?? [])]);
    try {
      this.#observer.messages.identify((header as Buffer).subarray(headerStart, headerEnd), bytes);
    } catch (error) {
      this.error ??= error as Error;
    }
  }
}
