// The port to randomness.

export interface Random {
  /** `bytes` random bytes as base64url without padding. */
  name(bytes: number): string;
}
