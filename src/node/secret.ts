// A password on its way from the configuration to its hash; it cannot be printed by accident.

/** Text that shows as `(hidden)` wherever it is logged, inspected or turned into JSON. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for hashing only. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '(hidden)';
  }

  toJSON(): string {
    return '(hidden)';
  }
}
