// A user as RabbitMQ shows it, password hash included: only administrators see users.
import type { Account } from '../../auth/authority.ts';

export interface UserView {
  readonly name: string;
  readonly password_hash: string;
  readonly hashing_algorithm: string;
  readonly tags: readonly string[];
  readonly limits: object;
}

export function userView({ user, passwordHash, algorithm, limits }: Account): UserView {
  return {
    name: user.name,
    password_hash: passwordHash,
    hashing_algorithm: algorithm,
    tags: user.tags,
    limits: Object.fromEntries(limits),
  };
}
