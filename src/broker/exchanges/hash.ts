// Hashes for exchanges that spread messages: the same in every process, since what goes where has to survive a restart.

/** 32 bits of a text of one character per byte. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixHashes(hash, text.length);
}

/** One hash of two, each bit of it depending on all of theirs (MurmurHash3's finalizer). */
export function mixHashes(a: number, b: number): number {
  let hash = a ^ Math.imul(b, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
