// The port to randomness.

export interface Random {
  /** `bytes` random bytes as base64url without padding. */
  name(bytes: number): string;
  /** A whole number from 0 to below `limit`, each as likely; for choices, not for secrets. */
  below(limit: number): number;
}
