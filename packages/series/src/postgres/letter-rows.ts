import type { DeadLetter, DeadLetterReason, DeadLetterState } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { DeadLetterFilter, DeadLetterHead, Seal } from '../store.ts';
import type { PostgresSession, Row } from './postgres-pool.ts';
import { original, storable } from './postgres-values.ts';

const HEAD = `position, received, tenant, project, device, topic, client, reason, detail, stage, qos, state, author,
  changed, length(payload) AS bytes`;

/** Writes the dead letters of a seal and the changes it makes to earlier ones; inside its transaction. */
export async function writeLetters(
  session: PostgresSession,
  source: number,
  { deadLetters, deadLetterChanges }: Pick<Seal, 'deadLetters' | 'deadLetterChanges'>,
): Promise<void> {
  for (let start = 0; start < deadLetters.length; start += LETTERS_AT_ONCE)
    await insertLetters(session, source, deadLetters.slice(start, start + LETTERS_AT_ONCE));
  if (deadLetterChanges.length === 0) return;
  await session.run(
    `UPDATE dead_letters d SET state = u.state, author = u.author, changed = u.changed
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[]) AS u(position, state, author, changed)
     WHERE d.source = $1 AND d.position = u.position`,
    [
      source,
      deadLetterChanges.map(({ offset }) => offset),
      deadLetterChanges.map(({ state }) => state),
      deadLetterChanges.map(({ author }) => storable(author)),
      deadLetterChanges.map(({ changedMicros }) => changedMicros),
    ],
  );
}

/** Letters of one statement: their payloads are copied for it. */
const LETTERS_AT_ONCE = 1000;

async function insertLetters(
  session: PostgresSession,
  source: number,
  letters: readonly DeadLetter[],
): Promise<void> {
  const texts = (
    name: 'tenant' | 'project' | 'device' | 'topic' | 'client' | 'detail' | 'stage' | 'author',
  ) => letters.map((one) => storable(one[name]));
  await session.run(
    `INSERT INTO dead_letters SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[],
       $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::smallint[], $13::text[], $14::text[],
       $15::bigint[], $16::bytea[], $17::bytea[]) AS u`,
    [
      source,
      letters.map(({ offset }) => offset),
      letters.map(({ receivedMicros }) => receivedMicros),
      texts('tenant'),
      texts('project'),
      texts('device'),
      texts('topic'),
      texts('client'),
      letters.map(({ reason }) => reason),
      texts('detail'),
      texts('stage'),
      letters.map(({ qos }) => qos),
      letters.map(({ state }) => state),
      texts('author'),
      letters.map(({ changedMicros }) => changedMicros),
      letters.map(({ payload }) => bytesOf(payload)),
      letters.map(({ headers }) => (headers ? bytesOf(headers) : null)),
    ],
  );
}

/** Open dead letters of a source by offset, without their bytes. */
export async function openLetters(session: PostgresSession, source: number): Promise<DeadLetterHead[]> {
  const rows = await session.query(
    `SELECT ${HEAD} FROM dead_letters WHERE source = $1 AND state = 'open' ORDER BY position`,
    [source],
  );
  return rows.map(letterHead);
}

/** Dead letters of a source that pass the filter, by offset. */
export async function listLetters(
  session: PostgresSession,
  source: number,
  filter: DeadLetterFilter,
): Promise<DeadLetterHead[]> {
  const wanted = ['state', 'reason', 'tenant', 'project', 'device'] as const;
  const given = wanted.filter((name) => filter[name] !== undefined);
  const where = given.map((name, at) => ` AND ${name} = $${at + 4}`).join('');
  const limit = Math.max(1, Math.min(filter.limit, LIMITS.deadLettersPageMax.value));
  const rows = await session.query(
    `SELECT ${HEAD} FROM dead_letters WHERE source = $1 AND position > $2${where} ORDER BY position LIMIT $3`,
    [source, filter.after ?? -1, limit, ...given.map((name) => storable(String(filter[name])))],
  );
  return rows.map(letterHead);
}

/** One dead letter of a source with its bytes. */
export async function findLetter(
  session: PostgresSession,
  source: number,
  offset: number,
): Promise<DeadLetter | undefined> {
  const [row] = await session.query(
    `SELECT ${HEAD}, payload, headers FROM dead_letters WHERE source = $1 AND position = $2`,
    [source, offset],
  );
  return row && wholeLetter(row);
}

/** A letter from a row with its bytes. */
export function wholeLetter(row: Row): DeadLetter {
  const { payloadBytes: _, ...head } = letterHead(row);
  const { payload, headers } = row;
  return {
    ...head,
    payload: plainBytes(payload),
    ...(headers !== null && headers !== undefined && { headers: plainBytes(headers) }),
  };
}

/** A letter from a row without its bytes. */
export function letterHead(row: Row): DeadLetterHead {
  const text = (name: string) => original(String(row[name]));
  return {
    offset: Number(row.position),
    receivedMicros: Number(row.received),
    tenant: text('tenant'),
    project: text('project'),
    device: text('device'),
    topic: text('topic'),
    client: text('client'),
    reason: text('reason') as DeadLetterReason, // written from this type
    detail: text('detail'),
    stage: text('stage'),
    qos: Number(row.qos),
    state: text('state') as DeadLetterState, // written from this type
    author: text('author'),
    changedMicros: Number(row.changed),
    payloadBytes: Number(row.bytes),
  };
}

/** The columns of `letterHead`. */
export const LETTER_HEAD = HEAD;

/** The library sends a Buffer as bytes, and any other view inside an array as text. */
function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A `bytea` as plain bytes with memory of their own. */
export function plainBytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? new Uint8Array(value) : new Uint8Array(0);
}
