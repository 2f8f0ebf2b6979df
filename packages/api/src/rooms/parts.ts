import type { ACCOUNTS } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { count, nullable, object, type Schema, text } from '../schema-kit.ts';

/** Media type of one JSON value per line. */
export const NDJSON = 'application/x-ndjson';

/** The accounts of the ledger. */
export const accounts = {
  received: count('Records appended to the journal.'),
  stored: count('Records whose points are stored.'),
  deduplicated: count('Records that had been stored already under their own id.'),
  filtered: count('Records a declared stage took out.'),
  deadLettered: count('Records set aside because they could not be processed.'),
  discarded: count('Dead letters discarded by a person.'),
  expired: count('Records removed by a policy before a verdict or replay.'),
  pending: count('Records without a verdict yet.'),
} satisfies Record<(typeof ACCOUNTS)[number], Schema>;

const { received: _received, pending: _pending, ...rest } = accounts;

/** The accounts a record may end in. */
export const verdicts = rest;

/** What names a device in an answer. */
export const deviceKey = {
  tenant: text('Tenant id.'),
  project: text('Project id.'),
  device: text('Device id; `-` is the project itself.'),
};

/** The value of a point. */
export const value = {
  description: 'The value; an integer beyond 2^53 is a string and `type` says `integer`.',
  anyOf: [{ type: 'number' }, { type: 'string' }, { type: 'boolean' }],
} as const;

/** Stands beside the value of an exact integer. */
export const integerMark = {
  type: 'string',
  const: 'integer',
  description: 'Present for exact integers.',
} as const;

/** Member of a page that asks for the next. */
export const nextCursor = nullable(text('Opaque; asks for the next page. Null at the end.'));

/** Path parameters that name a device. */
export const deviceParams = object('', {
  tenant: text('Tenant id.', { minLength: 1 }),
  project: text('Project id.', { minLength: 1 }),
  device: text('Device id; `-` is the project itself.', { minLength: 1 }),
});

/** Query parameter: rows of one page. */
export const limit = {
  type: 'integer',
  minimum: 1,
  maximum: LIMITS.listRowsMax.value,
  default: 100,
  description: 'Rows of one page.',
} as const;

/** Query parameter: where a page begins. */
export const cursor = text('Opaque, from the page before.', { minLength: 1 });

/** Query parameter that narrows a list to one of its kind. */
export const narrow = (what: string) => text(`Only this ${what}.`, { minLength: 1 });

/** Query parameter: a moment. */
export const moment = (what: string) =>
  text(`${what}: ISO 8601, or \`now\`, or \`now-15m\` (ms, s, m, h, d).`, { minLength: 1 });

/** Query parameters that narrow devices by when they were last seen. */
export const seen = {
  seenFrom: moment('Only devices last seen at or after this moment'),
  seenBefore: moment('Only devices last seen before this moment'),
};
