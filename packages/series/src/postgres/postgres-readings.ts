import type { Clock } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import { type Breathe, Turn } from '../turn.ts';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { answerOverAll } from './postgres-query.ts';
import { microsOf, storable } from './postgres-values.ts';
import { cursorNow, readChanges } from './reading-changes.ts';
import { connectedNow, readConnectivity } from './reading-connectivity.ts';
import { countDevices, listDevices, listGaps, namesOf, readDevice, readLatest } from './reading-devices.ts';
import { readLedger, SHIFT } from './reading-ledger.ts';
import { countReasons, readLetter, readLetters } from './reading-letters.ts';
import type { PostgresReadings, ReadingFigures, ReadingSource } from './reading-shapes.ts';
import { readSinks } from './reading-sinks.ts';
import { readRoles } from './role-rows.ts';
import { readAllStages } from './stage-rows.ts';

/** What readings need from their process. */
export interface PostgresReadingsNeeds {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly breathe: Breathe;
  /** Answers questions about devices and points; the pool itself when absent. */
  readonly standby?: Pick<PostgresPool, 'read'>;
}

/**
 * Answers what `skerry cloud` asks, over all sources, from the tables alone: each answer is of one moment. The pool is
 * the caller's. What somebody decides by (the ledger, dead letters, positions, declared pipelines) is asked of it; the
 * large questions, about devices and points, may go to a standby, and are as old as that one is.
 */
export function openPostgresReadings(pool: PostgresPool, needs: PostgresReadingsNeeds): PostgresReadings {
  const read = <T>(action: string, work: (session: PostgresSession) => Promise<T>): Promise<T> =>
    pool.read(action, LIMITS.readMs.value, work);
  const standby = needs.standby ?? pool;
  const show = <T>(action: string, work: (session: PostgresSession) => Promise<T>): Promise<T> =>
    standby.read(action, LIMITS.readMs.value, work);
  return {
    devices: (query) => show('list devices', (session) => listDevices(session, query)),
    census: (seenFromMicros) => show('count devices', (session) => countDevices(session, seenFromMicros)),
    device: (key) =>
      show('read a device', async (session) => {
        const detail = await readDevice(session, key);
        return detail && { ...detail, connected: await connectedNow(session, key) };
      }),
    latest: (key) => show('read newest values', (session) => readLatest(session, key)),
    gaps: (query) => show('list gaps', (session) => listGaps(session, query)),
    points: ({ series: key, ...query }) => {
      const turn = new Turn(needs.clock, needs.breathe, query.deadlineMs);
      return standby.read('answer a query', query.deadlineMs, async (session) => {
        const [row] = await session.query(
          'SELECT id FROM series WHERE tenant = $1 AND project = $2 AND device = $3 AND metric = $4',
          [...namesOf(key), storable(key.metric)],
        );
        if (!row) return undefined;
        const series = Number(row.id);
        return await answerOverAll(session, { ...query, series }, series, turn);
      });
    },
    deadLetters: (filter) => read('list dead letters', (session) => readLetters(session, filter)),
    deadLetter: (number) => read('read a dead letter', (session) => readLetter(session, number)),
    deadLetterReasons: (filter) => read('count dead letters', (session) => countReasons(session, filter)),
    ledger: () => read('read the ledger', readLedger),
    connectivity: (query) =>
      show('read how a device is connected', (session) => readConnectivity(session, query)),
    stageRows: () => read('read declared pipelines', readAllStages),
    sources: () => read('read the sources', readSources),
    figures: () => show('measure the store', readFigures),
    roles: () => read('read the processes of the site', readRoles),
    sinks: () => read('read the sinks', readSinks),
    now: () => show('read the newest seals', cursorNow),
    changes: (cursor, filter, pointsMax) =>
      show('read what came since', (session) => readChanges(session, cursor, filter, pointsMax)),
  };
}

async function readFigures(session: PostgresSession): Promise<ReadingFigures> {
  const [row] = await session.query(
    `SELECT (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'm')) AS bytes,
      (SELECT count(*) FROM devices WHERE device <> '') AS devices, (SELECT count(*) FROM series) AS series,
      (SELECT count(*) FROM dead_letters WHERE state = 'open') AS letters`,
  );
  const sources = await readSources(session);
  return {
    bytes: Number(row?.bytes),
    points: sources.reduce((all, { points }) => all + points, 0),
    devices: Number(row?.devices),
    series: Number(row?.series),
    deadLettersOpen: Number(row?.letters),
    sources,
  };
}

async function readSources(session: PostgresSession): Promise<ReadingSource[]> {
  const rows = await session.query(
    `SELECT s.*, date_part('epoch', s.log_time) AS log, date_part('epoch', s.sealed) AS at,
       f.seal AS folded, f.rolled_seal, ${SHIFT} AS shift FROM sources s JOIN folds f ON f.source = s.id ORDER BY s.id`,
  );
  return rows.map(
    (one): ReadingSource => ({
      id: Number(one.id),
      journalId: String(one.journal_id),
      label: String(one.label),
      owner: String(one.owner),
      epoch: Number(one.epoch),
      seal: Number(one.seal),
      position: Number(one.position),
      shift: Number(one.shift),
      telemetryPosition: Number(one.telemetry_position),
      points: Number(one.points),
      logTimeMicros: microsOf(one.log),
      sealedMicros: microsOf(one.at ?? 0),
      foldLag: Number(one.seal) - Number(one.folded),
      rollupLag: Number(one.seal) - Number(one.rolled_seal),
    }),
  );
}
