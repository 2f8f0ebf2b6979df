import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { PostgresPool, PostgresSession, Row } from './postgres-pool.ts';
import { microsOf } from './postgres-values.ts';
import { LOCK_CLASS } from './schema-functions.ts';

/** A journal whose records a store holds, as its database knows it. */
export interface SourceIdentity {
  /** 32 hex digits. */
  readonly journalId: string;
  /** For people, `topic/partition` for instance. */
  readonly label: string;
}

/** What was committed of a source. */
export interface SourceState {
  readonly seal: number;
  readonly position: number;
  readonly telemetryPosition: number;
  readonly logMicros: number;
  /** Receive time of the last seal's points: log times, made to differ between seals. */
  readonly receivedMicros: number;
}

/** Up to which seal the tables of devices and latest values, and the rollups, hold what seals carried. */
export interface FoldState {
  readonly seal: number;
  readonly receivedMicros: number;
  readonly rolledSeal: number;
  readonly rolledMicros: number;
  /** Where retention's clock stood. */
  readonly retentionMicros: number;
}

/** A source that this process may write until somebody raises its epoch again. */
export interface OpenSource {
  readonly id: number;
  readonly epoch: number;
}

const STATE = `seal, position, telemetry_position, date_part('epoch', log_time) AS log,
  date_part('epoch', received) AS received, epoch, owner`;

/**
 * Takes a source over: makes its row where it is new, and raises its epoch, so that whoever wrote it before can commit
 * nothing more. Waits for a commit that is under way.
 */
export async function takeSource(
  pool: PostgresPool,
  { journalId, label }: SourceIdentity,
  owner: string,
): Promise<OpenSource> {
  return await pool.transact('take the source over', async (session) => {
    await makeSource(session, pool.schemaName, journalId, label);
    const [row] = await session.query(
      `UPDATE sources SET epoch = epoch + 1, owner = $2, label = $3, opened = now()
       WHERE journal_id = $1 RETURNING id, epoch`,
      [journalId, owner, label],
    );
    const source = { id: Number(row?.id), epoch: Number(row?.epoch) };
    await session.run('UPDATE folds SET epoch = $2 WHERE source = $1', [source.id, source.epoch]);
    return source;
  });
}

async function makeSource(
  session: PostgresSession,
  schema: string,
  journalId: string,
  label: string,
): Promise<void> {
  const known = await session.query('SELECT id FROM sources WHERE journal_id = $1', [journalId]);
  if (known.length > 0) return;
  await session.query('SELECT pg_advisory_xact_lock($1::integer, hashtext($2))', [
    LOCK_CLASS,
    `${schema} sources`,
  ]);
  const [next] = await session.query('SELECT coalesce(max(id) + 1, 0) AS id FROM sources');
  const id = Number(next?.id);
  if (id >= LIMITS.sourcesMax.value) {
    throw new SeriesError(
      'store-sources-full',
      `Cannot add the source ${label} to the schema ${schema}: it has had ${id}, and ${LIMITS.sourcesMax.value} are the most it can tell apart; begin a new schema, postgres.schema.`,
      { found: id, wanted: LIMITS.sourcesMax.value },
    );
  }
  const made = await session.run(
    `INSERT INTO sources(id, journal_id, label, epoch, owner, opened) VALUES ($1, $2, $3, 0, '', now())
     ON CONFLICT (journal_id) DO NOTHING`,
    [id, journalId, label],
  );
  if (made > 0) await session.run('INSERT INTO folds(source, epoch) VALUES ($1, 0)', [id]);
}

/** What is committed of a source; fails with `store-fenced` when somebody else has taken it over. */
export async function readSource(session: PostgresSession, source: OpenSource): Promise<SourceState> {
  const [row] = await session.query(`SELECT ${STATE} FROM sources WHERE id = $1`, [source.id]);
  checkEpoch(row, source);
  return {
    seal: Number(row?.seal),
    position: Number(row?.position),
    telemetryPosition: Number(row?.telemetry_position),
    logMicros: microsOf(row?.log),
    receivedMicros: microsOf(row?.received),
  };
}

/** How far the tables have come. */
export async function readFold(session: PostgresSession, { id }: OpenSource): Promise<FoldState> {
  const [row] = await session.query(
    `SELECT seal, date_part('epoch', received) AS received, rolled_seal, date_part('epoch', rolled) AS rolled, date_part('epoch', retention) AS retention
     FROM folds WHERE source = $1`,
    [id],
  );
  return {
    seal: Number(row?.seal),
    receivedMicros: microsOf(row?.received),
    rolledSeal: Number(row?.rolled_seal),
    rolledMicros: microsOf(row?.rolled),
    retentionMicros: microsOf(row?.retention),
  };
}

function checkEpoch(row: Row | undefined, { id, epoch }: OpenSource): void {
  if (Number(row?.epoch) === epoch) return;
  throw new SeriesError(
    'store-fenced',
    `Cannot write source ${id}: ${row?.owner ?? 'nobody'} has taken it over with epoch ${row?.epoch}, and this writer has epoch ${epoch}; it ends.`,
    { source: id, found: row?.epoch, wanted: epoch },
  );
}
