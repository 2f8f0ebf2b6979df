import { LIMITS } from '../limits.ts';

/** The limits of MQTT in force, by their names in `limits.ts`. */
export type BrokerLimits = { readonly [Name in keyof typeof LIMITS]: number };

/** The limits of `limits.ts` with some of them changed. */
export function limitsWith(changes: Partial<BrokerLimits> = {}): BrokerLimits {
  const values = Object.fromEntries(Object.entries(LIMITS).map(([name, { value }]) => [name, value]));
  return { ...(values as BrokerLimits), ...changes }; // built from every entry of the table
}
