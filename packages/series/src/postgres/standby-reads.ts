import type { Clock, Counter, Gauge, Logger, Meter } from '@skerry/kernel';
import { postgresPlace } from '@skerry/kernel/node';
import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import {
  openPostgresPool,
  type PostgresPool,
  type PostgresPoolOptions,
  type PostgresSession,
} from './postgres-pool.ts';

/** Which servers answer, and how old an answer may be. */
export interface StandbyReadsOptions {
  /** How the primary is reached, for looks at the end of its log. */
  readonly primary: PostgresPoolOptions;
  /** How the standby is reached; servers that take no writes will do. */
  readonly standby: PostgresPoolOptions;
  /** What was committed longer ago than this is in every answer. */
  readonly staleMs: number;
}

/** What reads of a standby need from their process. */
export interface StandbyReadsNeeds {
  /** Answers while the standby does not; whoever opened it closes it. */
  readonly primary: Pick<PostgresPool, 'read'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'startTicker'>;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Why the standby does not answer: it cannot be asked, is not known to be fresh enough, or is none of this primary. */
export type StandbyTrouble = 'standby-away' | 'standby-behind' | 'standby-foreign';

/** Who answers now. */
export interface StandbyState {
  readonly isStandby: boolean;
  /** Everything that was committed longer ago than this is known to be on the standby; undefined before that was known once. */
  readonly staleMs: number | undefined;
  /** Undefined while the standby answers. */
  readonly trouble: { readonly code: StandbyTrouble; readonly detail: string } | undefined;
}

type Work<T> = (session: PostgresSession) => Promise<T>;

/** The end of the primary's log, and when it was asked for. */
interface Sample {
  readonly askedMs: number;
  readonly end: number;
  readonly system: string;
}

const PRIMARY_LOOK = `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS "end", system_identifier::text AS system
  FROM pg_control_system()`;
const STANDBY_LOOK = `SELECT pg_is_in_recovery() AS "isStandby", pg_last_wal_replay_lsn() - '0/0'::pg_lsn AS "end",
    system_identifier::text AS system FROM pg_control_system()`;

/**
 * Reads that a standby answers as long as it is known to have everything that was committed up to a stated time ago, and
 * the primary otherwise. Known is what was compared: once a second the primary is asked for the end of its log and the
 * standby for what it has replayed, both by this machine's clock. So a standby of an idle primary is fresh, one whose
 * primary is away becomes too old within the bound, and clocks of servers do not matter.
 */
export class StandbyReads implements Pick<PostgresPool, 'read'>, AsyncDisposable {
  readonly #options: StandbyReadsOptions;
  readonly #needs: StandbyReadsNeeds;
  readonly #place: string;
  readonly #pool: PostgresPool;
  readonly #looks: { readonly primary: PostgresPool; readonly standby: PostgresPool };
  readonly #ticker: Disposable;
  readonly #metrics: ReadMetrics;
  #samples: Sample[] = [];
  /** When the newest end of the primary's log was asked for that the standby has replayed. */
  #freshMs: number | undefined;
  #fault: { readonly code: StandbyTrouble; readonly detail: string } | undefined = {
    code: 'standby-behind',
    detail: 'it was not compared with the primary yet',
  };
  #looking: Promise<void> | undefined;
  #wasStandby = false;
  /** Ends reads that wait for a standby which is given up. */
  #givenUp = Promise.withResolvers<never>();

  constructor(options: StandbyReadsOptions, needs: StandbyReadsNeeds) {
    const { primary, standby, staleMs } = options;
    this.#options = options;
    this.#needs = needs;
    this.#place = postgresPlace(standby.url);
    const reading = { ...standby, url: anyServer(standby.url) };
    const brief = { connectionsMax: 1, statementMs: staleMs, connectMs: staleMs };
    this.#pool = openPostgresPool(reading, needs);
    this.#looks = {
      primary: openPostgresPool({ ...primary, ...brief }, needs),
      standby: openPostgresPool({ ...reading, ...brief }, needs),
    };
    this.#metrics = readMetrics(needs.meter);
    this.#givenUp.promise.catch(() => undefined); // nobody may be waiting
    this.#ticker = needs.clock.startTicker(LIMITS.standbyLookMs.value, () => this.#tick());
    this.#tick();
  }

  /** Who answers, and why the standby does not. */
  state(): StandbyState {
    const { staleMs: most } = this.#options;
    const staleMs = this.#freshMs === undefined ? undefined : this.#needs.clock.monotonicMs() - this.#freshMs;
    if (this.#fault) return { isStandby: false, staleMs, trouble: this.#fault };
    if (staleMs !== undefined && staleMs <= most) return { isStandby: true, staleMs, trouble: undefined };
    const detail = `the standby ${this.#place} is not known to have what was committed ${secondsOf(staleMs)} ago, and postgres.readStaleSecs allows ${secondsOf(most)}; the primary answers`;
    return { isStandby: false, staleMs, trouble: { code: 'standby-behind', detail } };
  }

  /** As the pool's. A standby that fails meanwhile is replaced by the primary, within the same deadline. */
  async read<T>(action: string, deadlineMs: number, work: Work<T>): Promise<T> {
    const { primary, clock } = this.#needs;
    const startedMs = clock.monotonicMs();
    if (this.state().isStandby) {
      try {
        const answer = await this.#ask(action, deadlineMs, work);
        this.#metrics.standby.add(1);
        return answer;
      } catch (fault) {
        if (!mayAskPrimary(fault)) throw fault;
      }
    }
    this.#metrics.primary.add(1);
    return await primary.read(action, deadlineMs - (clock.monotonicMs() - startedMs), work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticker[Symbol.dispose]();
    const { primary, standby } = this.#looks;
    await Promise.all([this.#pool, primary, standby].map((pool) => pool[Symbol.asyncDispose]()));
    await this.#looking;
  }

  /** Asks the standby, until it is given up. */
  async #ask<T>(action: string, deadlineMs: number, work: Work<T>): Promise<T> {
    const answer = this.#pool.read(action, deadlineMs, work);
    answer.catch(() => undefined); // it may come after the standby was given up
    return await Promise.race([answer, this.#givenUp.promise]);
  }

  #tick(): void {
    this.#tell();
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      this.#tell();
    });
  }

  /** The primary is asked first: what the standby has replayed then holds all that its answer stands for. */
  async #look(): Promise<void> {
    const { primary, standby } = this.#looks;
    const { clock } = this.#needs;
    const askedMs = clock.monotonicMs();
    const [ofPrimary] = await Promise.allSettled([
      primary.use('read the end of the log', (session) => session.query(PRIMARY_LOOK)),
    ]);
    if (ofPrimary.status === 'fulfilled') {
      const [row] = ofPrimary.value;
      this.#samples.push({ askedMs, end: Number(row?.end), system: String(row?.system) });
    }
    try {
      const [row] = await standby.use('read what the standby has replayed', (session) =>
        session.query(STANDBY_LOOK),
      );
      this.#fault = this.#foreign(row?.isStandby === true, String(row?.system));
      if (!this.#fault) this.#compare(Number(row?.end));
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : String(fault);
      this.#fault = { code: 'standby-away', detail: `${why} The primary answers.` };
    }
  }

  #compare(replayed: number): void {
    const at = this.#samples.findLastIndex(({ end }) => end <= replayed);
    const found = this.#samples[at];
    if (!found) return;
    this.#freshMs = found.askedMs;
    this.#samples = this.#samples.slice(at);
  }

  /** A server that is no standby of this primary would answer with something else, however fresh. */
  #foreign(isStandby: boolean, system: string): { code: StandbyTrouble; detail: string } | undefined {
    if (!isStandby)
      return {
        code: 'standby-foreign',
        detail: `${this.#place} of postgres.readUrl is no standby: it takes writes; the primary answers`,
      };
    const primary = this.#samples.at(-1);
    if (!primary || primary.system === system) return undefined;
    return {
      code: 'standby-foreign',
      detail: `${this.#place} of postgres.readUrl follows another primary: found the system ${system}, wanted ${primary.system}; the primary answers`,
    };
  }

  #tell(): void {
    const { isStandby, staleMs, trouble } = this.state();
    this.#metrics.isStandby.set(isStandby ? 1 : 0);
    if (staleMs !== undefined) this.#metrics.stale.set(staleMs / 1000);
    // samples beyond the bound prove nothing any more; the last one tells how far behind the standby is
    if (this.#samples.length > SAMPLES_MAX) this.#samples = this.#samples.slice(-SAMPLES_MAX);
    if (isStandby === this.#wasStandby) return;
    this.#wasStandby = isStandby;
    const { logger } = this.#needs;
    if (isStandby) logger.log('info', 'Questions go to the standby', { place: this.#place });
    else {
      logger.log('warn', 'Questions go to the primary, since the standby does not answer as agreed', {
        place: this.#place,
        reason: trouble?.detail,
      });
      this.#givenUp.reject(new StandbyGivenUp());
      this.#givenUp = Promise.withResolvers<never>();
      this.#givenUp.promise.catch(() => undefined); // nobody may be waiting
    }
  }
}

// fixed by the largest postgres.readStaleSecs, 3,600, at one look a second
const SAMPLES_MAX = 4_000;

class StandbyGivenUp extends Error {}

/** What the question itself is guilty of is the same everywhere. */
function mayAskPrimary(fault: unknown): boolean {
  if (fault instanceof StandbyGivenUp) return true;
  return fault instanceof SeriesError && fault.code !== 'query-refused' && fault.code !== 'deadline-passed';
}

/** The address with the wish for a server that takes writes taken back. */
function anyServer(url: string): string {
  const bare = url.replace(/([?&])target_session_attrs=[^&]*&?/, '$1').replace(/[?&]$/, '');
  return `${bare}${bare.includes('?') ? '&' : '?'}target_session_attrs=any`;
}

function secondsOf(ms: number | undefined): string {
  return ms === undefined ? 'any time' : `${(ms / 1000).toFixed(1)} s`;
}

interface ReadMetrics {
  readonly isStandby: Gauge;
  readonly stale: Gauge;
  readonly standby: Counter;
  readonly primary: Counter;
}

function readMetrics(meter: Meter): ReadMetrics {
  const reads = (server: string) =>
    meter.counter('iot_postgres_reads_total', 'Questions answered, by who was asked.', { server });
  return {
    isStandby: meter.gauge('iot_postgres_standby_answers', '1 while the standby answers questions.'),
    stale: meter.gauge(
      'iot_postgres_standby_stale_seconds',
      'Everything committed longer ago than this is known to be on the standby.',
    ),
    standby: reads('standby'),
    primary: reads('primary'),
  };
}
