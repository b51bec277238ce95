// What leaves memory: whether an entry's content is safe elsewhere, where that is, and how the entry hears that it was moved.
import type { Entry } from './entry.ts';
import { unloadedMessage } from './message.ts';
import type { Place, Stores } from './packed.ts';
import type { NewPlace, Store } from './store.ts';

/** Whether a store can read the content back now. */
export function isReadable({ id, message }: Entry): boolean {
  return !message.loaded || (id !== 0 && message.store?.readable(message) === true);
}

/**
 * Whether it is enough to keep the entry's place. What no store has yet is given to the scratch file, for as long as that keeps up, and
 * can go the next time.
 */
export function isStored(entry: Entry, stores: Stores): boolean {
  if (isReadable(entry)) return true;
  if (entry.id === 0 && stores.scratch?.accepting === true) {
    // The journal may have the message for other queues, but will not keep it for this one: it needs a copy of its own.
    entry.message = entry.message.copy();
    stores.scratch.publish(entry);
  }
  return false;
}

export function placeOf(entry: Entry, stores: Stores): Place {
  const { message } = entry;
  return {
    sequence: entry.sequence,
    id: entry.id,
    position: message.position,
    block: message.block,
    bodyBytes: message.bodyBytes,
    redelivered: entry.redelivered,
    persistent: message.persistent,
    scratch: message.store === stores.scratch,
    marks: entry.marks,
  };
}

/** Lets go of a stored content. Where other entries need it, this one goes on without them. */
export function unload(entry: Entry): void {
  const { message } = entry;
  if (message.entries === 1 || !message.loaded) {
    message.unload();
    return;
  }
  entry.message = unloadedMessage(
    message.store as Store,
    message.position,
    message.block,
    message.bodyBytes,
    message.persistent,
  );
  entry.message.retain();
  message.release();
}

/** Notes the new place of an entry that is an object. */
export function relocateEntry(entry: Entry, oldId: number, to: NewPlace): boolean {
  if (entry.id !== oldId) return false;
  entry.id = to.id;
  entry.message.position = to.position;
  entry.message.block = to.block;
  return true;
}
