import type { PostgresPool, PostgresSession } from './postgres-pool.ts';

const DAY_MICROS = 86_400_000_000;

/** The day of a receive time, `yyyy-mm-dd`. */
export function dayOf(micros: number): string {
  return new Date(Math.floor(micros / 1000)).toISOString().slice(0, 10);
}

/** Partitions of points and rollups as one store knows them: by day and month of receipt, in UTC. */
export class Partitions {
  readonly #pool: PostgresPool;
  readonly #daysAhead: number;
  /** True where points are a hypertable, whose chunks come by themselves. */
  readonly #isTimescale: boolean;
  readonly #known = new Set<string>();

  constructor(pool: PostgresPool, isTimescale: boolean, daysAhead: number) {
    this.#pool = pool;
    this.#isTimescale = isTimescale;
    this.#daysAhead = daysAhead;
  }

  /** The table that points received then go to; made where it is missing, with the days ahead of it. */
  async tableFor(receivedMicros: number): Promise<string> {
    const day = dayOf(receivedMicros);
    if (!this.#known.has(day)) await this.#make(receivedMicros);
    return this.#isTimescale ? 'points' : `points_${day.replaceAll('-', '')}`;
  }

  /** Makes the days ahead of a receive time, where they are missing. */
  async makeAhead(receivedMicros: number): Promise<void> {
    const last = dayOf(receivedMicros + this.#daysAhead * DAY_MICROS);
    if (!this.#known.has(last)) await this.#make(receivedMicros);
  }

  /** The server says that a table is missing: whoever needs it next makes it again. */
  forget(): void {
    this.#known.clear();
  }

  async #make(receivedMicros: number): Promise<void> {
    const days = Array.from({ length: this.#daysAhead + 1 }, (_, ahead) =>
      dayOf(receivedMicros + ahead * DAY_MICROS),
    );
    await this.#pool.use('make partitions', async (session) => {
      for (const day of days.filter((one) => !this.#known.has(one))) {
        await session.query('SELECT make_day($1::date)', [day]);
        this.#known.add(day);
      }
    });
  }
}

/** The days `yyyy-mm-dd` that points have partitions of, oldest first; without the empty ones ahead it is the oldest day kept. */
export async function partitionDays(session: PostgresSession): Promise<string[]> {
  const rows = await session.query(
    `SELECT to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') AS day
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'points'::regclass AND c.relname ~ '^points_[0-9]{8}$' ORDER BY 1`,
  );
  return rows.map(({ day }) => String(day));
}

/** The months `yyyy-mm` that rollups have partitions of, oldest first. */
export async function partitionMonths(session: PostgresSession): Promise<string[]> {
  const rows = await session.query(
    `SELECT to_char(to_date(right(c.relname, 6), 'YYYYMM'), 'YYYY-MM') AS month
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'rollups'::regclass AND c.relname ~ '^rollups_[0-9]{6}$' ORDER BY 1`,
  );
  return rows.map(({ month }) => String(month));
}
