// Slows guessing of passwords: who fails too often waits, by address and by user name, and nobody else does.

/** Failures within the window before an address has to wait. */
export const failuresPerAddressMax = 30;
/** Failures within the window before logins as that user have to wait. */
export const failuresPerNameMax = 10;
/** Failures older than this are forgotten, ms. */
export const failureWindowMs = 60_000;
/** Addresses and names that are remembered; the oldest go first. */
const rememberedMax = 10_000;

interface Failures {
  count: number;
  /** When the window ends. */
  until: number;
}

/**
 * The wait for a name does not reach an address from which that user has logged in before: failures of others cannot lock anybody
 * out who is at work.
 */
export class LoginThrottle {
  readonly #now: () => number;
  readonly #byAddress = new Map<string, Failures>();
  readonly #byName = new Map<string, Failures>();
  readonly #known = new Set<string>();

  /** `now` gives ms of any clock that does not run backwards. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds that a login has to wait; 0 is not at all. */
  waitS(address: string, name: string): number {
    const known = this.#known.has(pair(address, name));
    return Math.max(
      this.#wait(this.#byAddress.get(address), failuresPerAddressMax),
      known ? 0 : this.#wait(this.#byName.get(name), failuresPerNameMax),
    );
  }

  failed(address: string, name: string): void {
    this.#count(this.#byAddress, address);
    this.#count(this.#byName, name);
  }

  succeeded(address: string, name: string): void {
    const key = pair(address, name);
    if (this.#known.has(key)) return;
    if (this.#known.size >= rememberedMax) this.#known.delete(first(this.#known));
    this.#known.add(key);
  }

  #wait(failures: Failures | undefined, max: number): number {
    if (failures === undefined || failures.count < max) return 0;
    return Math.max(0, Math.ceil((failures.until - this.#now()) / 1000));
  }

  #count(all: Map<string, Failures>, key: string): void {
    const known = all.get(key);
    if (known !== undefined && known.until > this.#now()) {
      known.count++;
      return;
    }
    all.delete(key);
    if (all.size >= rememberedMax) all.delete(first(all.keys()));
    all.set(key, { count: 1, until: this.#now() + failureWindowMs });
  }
}

function pair(address: string, name: string): string {
  return JSON.stringify([address, name]);
}

function first(keys: Iterable<string>): string {
  for (const key of keys) return key;
  return '';
}
