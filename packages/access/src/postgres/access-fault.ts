import pg from 'pg';
import { AccessError } from '../errors.ts';

const GRANT =
  'check user, password and pg_hba.conf, grant the role skerry_cloud, and let a writer bring the schema to its version as its owner';
const AWAY = 'look whether the server runs and can be reached; it is tried again';
const PRIMARY = 'name the primary among the hosts of postgres.url, or end default_transaction_read_only';

/** What to do, by SQLSTATE or its class (PostgreSQL, appendix A). */
const ADVICE: Readonly<Record<string, string>> = {
  '28': GRANT,
  '42501': GRANT,
  '42P01': GRANT,
  '3F000': GRANT,
  '3D000': 'create the database first',
  '25006': PRIMARY,
  '08': AWAY,
  '57P': AWAY,
  '53': 'give the server room, memory or connections; it is tried again',
};

/**
 * The coded fault for what PostgreSQL or its client threw while `what` did `action` at `place` (host, port, database): the
 * reason with its SQLSTATE, and what to do.
 */
export function accessFault(what: string, action: string, place: string, cause: unknown): AccessError {
  const state = cause instanceof pg.DatabaseError ? String(cause.code) : '';
  const advice =
    ADVICE[state] ?? ADVICE[state.slice(0, 3)] ?? ADVICE[state.slice(0, 2)] ?? otherwise(cause, state);
  const told = `The ${what} in PostgreSQL failed at ${action}, at ${place}: ${wordsOf(cause)}${state && ` (${state})`}`;
  const facts = { place, ...(state === '' ? {} : { state }) };
  return new AccessError('access-store-failed', `${told}; ${advice}.`, facts, cause);
}

/** Without a SQLSTATE the server was not reached, or what it is was not to our liking. */
function otherwise(cause: unknown, state: string): string {
  if (cause instanceof ReadOnlyServer) return PRIMARY;
  return state === '' ? AWAY : 'report it';
}

function wordsOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '')
    return cause.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}

/** A server that was the primary and is a standby now answers, too. */
export class ReadOnlyServer extends Error {
  constructor() {
    super('it takes no writes: it is a standby, or was set to read only');
  }
}
