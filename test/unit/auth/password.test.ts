// Password hashes: ours, RabbitMQ's, and what is refused.
import { expect, it } from 'vitest';
import {
  checkPasswordHash,
  DUMMY_HASH,
  HASH_ALGORITHMS,
  hashPassword,
  verifyPassword,
} from '../../../src/auth/password.ts';

it.each(HASH_ALGORITHMS.filter(name => name !== 'rabbit_password_hashing_md5'))(
  '%s: a fresh salt each time, the right password verifies, others do not',
  async algorithm => {
    const [first, second] = [
      await hashPassword('correct hörse', algorithm),
      await hashPassword('correct hörse', algorithm),
    ];
    expect(first).not.toBe(second);
    checkPasswordHash(first, algorithm);
    expect(await verifyPassword('correct hörse', first, algorithm)).toBe(true);
    expect(await verifyPassword('correct horse', first, algorithm)).toBe(false);
    expect(await verifyPassword('', first, algorithm)).toBe(false);
  },
);

it('verifies hashes that RabbitMQ made', async () => {
  // The example of RabbitMQ's own page on passwords.
  expect(
    await verifyPassword(
      'test12',
      'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
      'rabbit_password_hashing_sha256',
    ),
  ).toBe(true);
  expect(
    await verifyPassword(
      'test13',
      'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
      'rabbit_password_hashing_sha256',
    ),
  ).toBe(false);
});

it('reads md5 and never writes it', async () => {
  const { createHash } = await import('node:crypto');
  const salt = Buffer.from([1, 2, 3, 4]);
  const hash = Buffer.concat([salt, createHash('md5').update(salt).update('old').digest()]).toString('base64');
  expect(await verifyPassword('old', hash, 'rabbit_password_hashing_md5')).toBe(true);
  expect(await verifyPassword('new', hash, 'rabbit_password_hashing_md5')).toBe(false);
  await expect(hashPassword('old', 'rabbit_password_hashing_md5')).rejects.toThrow(/never written/);
});

it('refuses a blank password', async () => {
  await expect(hashPassword('')).rejects.toThrow(/blank/);
});

it.each([
  ['', 'scrypt'],
  ['scrypt$16384$8$1$short$x', 'scrypt'],
  ['scrypt$16383$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'scrypt'],
  ['scrypt$8388608$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'scrypt'],
  ['AAAA', 'rabbit_password_hashing_sha256'],
  ['kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', 'rabbit_password_hashing_sha512'],
] as const)('a malformed hash %s of %s is told and matches nothing', async (hash, algorithm) => {
  expect(() => checkPasswordHash(hash, algorithm)).toThrow(/form/);
  expect(await verifyPassword('x', hash, algorithm)).toBe(false);
});

it('the hash for unknown users is whole, so that it costs what a real one costs', () => {
  checkPasswordHash(DUMMY_HASH, 'scrypt');
});
