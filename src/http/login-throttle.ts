// Slows guessing of passwords: who fails too often waits, by address and by user name, and nobody else does.

/** Failures within the window before an address has to wait. */
export const failuresPerAddressMax = 30;
/** Failures within the window before logins as that user have to wait. */
export const failuresPerNameMax = 10;
/** Failures older than this are forgotten, ms. */
const failureWindowMs = 60_000;
/** Addresses and names that are remembered; the oldest go first. */
const rememberedMax = 10_000;

interface Failures {
  count: number;
  /** When the window ends. */
  until: number;
}

/**
 * A user who has logged in from an address before waits there for failures of that user at that address alone: what others do can lock
 * nobody out who is at work.
 */
export class LoginThrottle {
  readonly #now: () => number;
  readonly #byAddress = new Map<string, Failures>();
  readonly #byName = new Map<string, Failures>();
  /** Users at addresses from which they have logged in. */
  readonly #byKnown = new Map<string, Failures>();

  /** `now` gives ms of any clock that does not run backwards. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds that a login has to wait; 0 is not at all. */
  waitS(address: string, name: string): number {
    const known = this.#byKnown.get(pair(address, name));
    if (known !== undefined) return this.#wait(known, failuresPerNameMax);
    return Math.max(
      this.#wait(this.#byAddress.get(address), failuresPerAddressMax),
      this.#wait(this.#byName.get(name), failuresPerNameMax),
    );
  }

  failed(address: string, name: string): void {
    const known = pair(address, name);
    if (this.#byKnown.has(known)) {
      this.#count(this.#byKnown, known);
      return;
    }
    this.#count(this.#byAddress, address);
    this.#count(this.#byName, name);
  }

  succeeded(address: string, name: string): void {
    const known = pair(address, name);
    if (!this.#byKnown.has(known)) this.#put(this.#byKnown, known, { count: 0, until: 0 });
  }

  #wait(failures: Failures | undefined, max: number): number {
    if (failures === undefined || failures.count < max) return 0;
    return Math.max(0, Math.ceil((failures.until - this.#now()) / 1000));
  }

  #count(all: Map<string, Failures>, key: string): void {
    const failures = all.get(key);
    if (failures !== undefined && failures.until > this.#now()) failures.count++;
    else this.#put(all, key, { count: 1, until: this.#now() + failureWindowMs });
  }

  #put(all: Map<string, Failures>, key: string, failures: Failures): void {
    all.delete(key);
    if (all.size >= rememberedMax)
      for (const oldest of all.keys()) {
        all.delete(oldest);
        break;
      }
    all.set(key, failures);
  }
}

function pair(address: string, name: string): string {
  return JSON.stringify([address, name]);
}
