// A message as exchanges see it: its routing keys, and what they ask of its content.
import { type Properties, type PropertyName, peekProperty } from '../amqp/properties.ts';
import type { Table } from '../amqp/table.ts';
import type { Message } from './message.ts';

export class Routed {
  /** The routing key, then those of the headers CC and BCC; one character per byte. */
  readonly keys: readonly string[];
  /** Its content is in memory. */
  readonly message: Message;
  #headers: Table | undefined | null = null;

  constructor(message: Message, keys: readonly string[]) {
    this.message = message;
    this.keys = keys;
  }

  /** Decoded when they are asked for. */
  get headers(): Table | undefined {
    if (this.#headers === null) {
      const { header, headerStart, headerEnd } = this.message;
      this.#headers = peekProperty(header as Buffer, headerStart, headerEnd, 'headers');
    }
    return this.#headers;
  }

  property<N extends PropertyName>(name: N): Properties[N] | undefined {
    const { header, headerStart, headerEnd } = this.message;
    return peekProperty(header as Buffer, headerStart, headerEnd, name);
  }
}
