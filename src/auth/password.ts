// Password hashes: scrypt of our own, and RabbitMQ's salted digests so that definitions travel both ways.
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** How a password hash was made. The last three are RabbitMQ's names, as definitions files spell them. */
export type HashAlgorithm =
  | 'scrypt'
  | 'rabbit_password_hashing_sha256'
  | 'rabbit_password_hashing_sha512'
  | 'rabbit_password_hashing_md5';

/** Says why a password or a hash cannot be taken; the message never holds either. */
export class PasswordError extends Error {
  override name = 'PasswordError';
}

interface ScryptHash {
  options: ScryptOptions;
  salt: Buffer;
  hash: Buffer;
}

/**
 * 4 MiB and about 30 ms of one core. More memory would stay with the process after the first login: the allocator keeps it.
 * Raising it later is safe: every hash carries its own parameters.
 */
const COST = { N: 4096, r: 8, p: 4 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A hash that asks for more memory than this is refused, so that an imported one cannot exhaust the machine. */
const SCRYPT_MEMORY_BYTES_MAX = 256 * 1024 * 1024;
const RABBIT_SALT_BYTES = 4;
const DIGESTS: Partial<Record<HashAlgorithm, { name: string; bytes: number }>> = {
  rabbit_password_hashing_sha256: { name: 'sha256', bytes: 32 },
  rabbit_password_hashing_sha512: { name: 'sha512', bytes: 64 },
  rabbit_password_hashing_md5: { name: 'md5', bytes: 16 },
};

/** A hash that no password has, for unknown users: verifying against it takes as long as against a real one. */
export const DUMMY_HASH: string = encodeScrypt(Buffer.alloc(SALT_BYTES, 7), Buffer.alloc(HASH_BYTES));

/** Every algorithm that `verifyPassword` knows. */
export const HASH_ALGORITHMS: readonly HashAlgorithm[] = [
  'scrypt',
  'rabbit_password_hashing_sha256',
  'rabbit_password_hashing_sha512',
  'rabbit_password_hashing_md5',
];

/**
 * Hashes a password with a fresh salt. scrypt gives `scrypt$N$r$p$salt$hash`, RabbitMQ's give base64(salt4 || H(salt4 || password)).
 * @throws PasswordError for a blank password, and for md5, which is only ever read.
 */
export async function hashPassword(password: string, algorithm: HashAlgorithm = 'scrypt'): Promise<string> {
  if (password === '') throw new PasswordError('a blank password is not allowed');
  if (algorithm === 'rabbit_password_hashing_md5') {
    throw new PasswordError('md5 hashes are read for old definitions files but never written; use scrypt or sha256');
  }
  const digest = DIGESTS[algorithm];
  if (digest) {
    const salt = randomBytes(RABBIT_SALT_BYTES);
    return Buffer.concat([salt, saltedDigest(digest.name, salt, password)]).toString('base64');
  }
  const salt = randomBytes(SALT_BYTES);
  return encodeScrypt(salt, await scryptAsync(password, salt, HASH_BYTES, COST));
}

/** Whether the password has this hash. A blank password never has. A malformed hash matches nothing. */
export async function verifyPassword(password: string, hash: string, algorithm: HashAlgorithm): Promise<boolean> {
  if (password === '') return false;
  const digest = DIGESTS[algorithm];
  if (digest) {
    const bytes = Buffer.from(hash, 'base64');
    if (bytes.length !== RABBIT_SALT_BYTES + digest.bytes) return false;
    const salt = bytes.subarray(0, RABBIT_SALT_BYTES);
    return timingSafeEqual(saltedDigest(digest.name, salt, password), bytes.subarray(RABBIT_SALT_BYTES));
  }
  const expected = decodeScrypt(hash);
  if (!expected) return false;
  const actual = await scryptAsync(password, expected.salt, expected.hash.length, expected.options);
  return timingSafeEqual(actual, expected.hash);
}

/** @throws PasswordError when the hash does not have the form of its algorithm; call it where hashes come in from outside. */
export function checkPasswordHash(hash: string, algorithm: HashAlgorithm): void {
  const digest = DIGESTS[algorithm];
  const whole = digest
    ? Buffer.from(hash, 'base64').length === RABBIT_SALT_BYTES + digest.bytes
    : decodeScrypt(hash) !== undefined;
  if (!whole) throw new PasswordError(`the password hash does not have the form of ${algorithm}`);
}

function saltedDigest(name: string, salt: Buffer, password: string): Buffer {
  return createHash(name).update(salt).update(password, 'utf8').digest();
}

function encodeScrypt(salt: Buffer, hash: Buffer): string {
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), hash.toString('base64')].join('$');
}

function decodeScrypt(encoded: string): ScryptHash | undefined {
  const parts = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w+/=]+)\$([\w+/=]+)$/.exec(encoded);
  if (!parts) return undefined;
  const [N, r, p] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const memoryBytes = 128 * r * (N + p);
  if (N < 2 || (N & (N - 1)) !== 0 || r < 1 || p < 1 || memoryBytes > SCRYPT_MEMORY_BYTES_MAX) return undefined;
  const salt = Buffer.from(parts[4]!, 'base64');
  const hash = Buffer.from(parts[5]!, 'base64');
  if (salt.length < 8 || hash.length < 16) return undefined;
  return { options: { N, r, p }, salt, hash };
}

function scryptAsync(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  const maxmem = SCRYPT_MEMORY_BYTES_MAX * 2;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, { ...options, maxmem }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
