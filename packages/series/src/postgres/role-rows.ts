import type { RoleReport } from '@skerry/model';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { microsOf } from './postgres-values.ts';
import type { ReadingRole } from './reading-shapes.ts';

/** What a process tells of itself. */
export interface RoleTell {
  /** Of this life of the process. */
  readonly id: string;
  readonly report: RoleReport;
  /** It does nothing more until it is started again. */
  readonly isEnded: boolean;
  /** Rows of processes that have told nothing for so long are removed. */
  readonly keptMs: number;
}

/** A process at the same place was started after the last word of this one: it is that one now. */
const IS_REPLACED = `EXISTS (SELECT FROM roles n WHERE n.role = r.role AND n.place = r.place AND n.started > r.told)`;

/** Writes what a process tells, in one transaction. Fails as the pool does. */
export async function tellRole(pool: PostgresPool, tell: RoleTell): Promise<void> {
  const { id, report, isEnded, keptMs } = tell;
  await pool.transact('tell how the process does', async (session) => {
    await session.run(
      `INSERT INTO roles(id, role, place, told, ended, report) VALUES ($1, $2, $3, clock_timestamp(), $4, $5)
       ON CONFLICT (id) DO UPDATE SET told = excluded.told, ended = excluded.ended, report = excluded.report`,
      // JSON has U+0000 as an escape
      [id, report.role, JSON.stringify(report.place), isEnded, JSON.stringify(report)],
    );
    await session.run(
      `DELETE FROM roles r WHERE r.id <> $1
         AND (${IS_REPLACED} OR r.told < clock_timestamp() - $2 * interval '1 ms')`,
      [id, keptMs],
    );
  });
}

/** The processes of the site with their ages by the server's clock, those that another has replaced left out. */
export async function readRoles(session: PostgresSession): Promise<ReadingRole[]> {
  const rows = await session.query(
    `SELECT id, report, ended, date_part('epoch', told) AS told,
       date_part('epoch', clock_timestamp() - told) AS age
     FROM roles r WHERE NOT ${IS_REPLACED} ORDER BY role, place, started, id`,
  );
  return rows.map((row) => ({
    id: String(row.id),
    report: JSON.parse(String(row.report)) as RoleReport, // written by tellRole
    isEnded: row.ended === true,
    toldMicros: microsOf(row.told),
    ageMs: Math.max(0, Number(row.age) * 1_000),
  }));
}
