import { SeriesError, type SeriesFault } from '../errors.ts';

interface Known {
  readonly fault: SeriesFault;
  /** What to do, completing "…; <advice>.". */
  readonly advice: string;
}

const AWAY: Known = {
  fault: 'store-unreachable',
  advice: 'look whether the server runs and can be reached; what was to be done is tried again',
};
const CONTENDED: Known = { fault: 'store-contended', advice: 'it is tried again' };
const FULL: Known = {
  fault: 'store-connections-full',
  advice: 'raise max_connections of the server or lower postgres.poolMax; it is tried again',
};
const DENIED: Known = {
  fault: 'store-not-allowed',
  advice:
    'check user, password and pg_hba.conf, or grant the role of the process: skerry_writer, skerry_gateway or skerry_cloud',
};

const REFUSED: Known = {
  fault: 'store-refused',
  advice: 'a value is none that a column or index takes: report it with the records that the message names',
};

/** SQLSTATEs (PostgreSQL, appendix A) that have a meaning of their own here; a class of two characters stands for all of it. */
const STATES: ReadonlyMap<string, Known> = new Map([
  ['08', AWAY],
  // what the server takes for a breach of the protocol is a mistake of ours
  ['08P01', { fault: 'store-failed', advice: 'start again, and report it' }],
  ['57P01', AWAY],
  ['57P02', AWAY],
  ['57P03', AWAY],
  ['57P05', AWAY],
  ['25P03', AWAY],
  ['40001', CONTENDED],
  ['40P01', CONTENDED],
  ['55P03', CONTENDED],
  ['53300', FULL],
  [
    '53100',
    { fault: 'store-full', advice: 'free space for the server; what was to be written is written again' },
  ],
  ['53200', { fault: 'store-full', advice: 'give the server more memory; it is tried again' }],
  [
    '25006',
    {
      fault: 'store-on-standby',
      advice:
        'name the primary among the hosts of postgres.url, or end default_transaction_read_only; it is tried again',
    },
  ],
  ['28', DENIED],
  ['42501', DENIED],
  ['3D000', { fault: 'store-not-opened', advice: 'create the database first' }],
  ['3F000', { fault: 'store-not-opened', advice: 'start once with a user that may create the schema' }],
  ['22', REFUSED],
  ['54', REFUSED],
  ['57014', { fault: 'deadline-passed', advice: 'ask for less, or raise the time-out' }],
  ['42P01', { fault: 'store-damaged', advice: 'a table was removed by hand: put it back from a backup' }],
  ['XX', { fault: 'store-damaged', advice: 'put the database back from a backup' }],
]);

/** Faults of sockets and of the client library that mean that the server could not be reached, or is gone. */
const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);
const SOCKET_WORDS =
  /connection terminated|connection ended|connection error|client was closed|not queryable|read timeout|connection timeout/i;

/** The coded error for what PostgreSQL or its client threw while doing `action` at `place` (host, port, database). Coded errors pass. */
export function postgresFault(place: string, action: string, error: unknown): unknown {
  if (error instanceof SeriesError || !(error instanceof Error)) return error;
  const state = codeOf(error);
  const known = STATES.get(state) ?? STATES.get(state.slice(0, 2)) ?? socketFault(error, state);
  if (!known && !/^[0-9A-Z]{5}$/.test(state)) return error;
  const { fault, advice } = known ?? { fault: 'store-failed', advice: 'start again, and report it' };
  const found = error instanceof AggregateError ? error.errors.map(String).join('; ') : error.message;
  const facts = { place, ...(state === '' ? {} : { state }) };
  return new SeriesError(fault, `Cannot ${action} at ${place}: ${found || state}; ${advice}.`, facts, error);
}

/** Whether the connection, and not only the statement, is lost with this fault. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  const state = codeOf(error);
  return !/^[0-9A-Z]{5}$/.test(state) || STATES.get(state) === AWAY || /^08(?!P01)/.test(state);
}

function socketFault(error: Error, code: string): Known | undefined {
  if (/timeout exceeded when trying to connect/.test(error.message)) return FULL;
  if (SOCKET_CODES.has(code) || SOCKET_WORDS.test(error.message)) return AWAY;
  if (error instanceof AggregateError) return AWAY;
  return /certificate|TLS|SSL/i.test(`${code} ${error.message}`)
    ? { fault: 'store-not-opened', advice: 'check the certificate of the server and postgres.caFile' }
    : undefined;
}

function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : '';
}
