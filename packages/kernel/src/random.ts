/** Randomness as the platform sees it. The only source of it outside adapters and `cli`. */
export interface Random {
  /** `length` fresh bytes, fit for identifiers and secrets in the real adapter. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** An integer, uniform over 0 to 2^32-1. */
  uint32(): number;
  /** A number, uniform over [0, 1). */
  float(): number;
}
