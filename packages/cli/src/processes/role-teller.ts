import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock, Logger } from '@skerry/kernel';
import type { RoleKind, RoleReport } from '@skerry/model';
import { migrate, type PostgresPool, tellRole } from '@skerry/series/postgres/tells';
import { LIMITS } from '../limits.ts';
import { VERSION } from '../version.ts';

/** What a process says of itself beside who it is. */
export type RoleFacts = Pick<RoleReport, 'reasons'> &
  Partial<Pick<RoleReport, 'slot' | 'buffer' | 'sources' | 'partitions' | 'stages'>>;

/** Who tells. */
export interface RoleIdentity {
  readonly role: RoleKind;
  readonly dataDir: string;
}

/** Makes the reports of one life of a process: who it is, how it does, and since when. */
export class RoleReporter {
  readonly #identity: RoleIdentity;
  readonly #clock: Pick<Clock, 'nowMicros'>;
  readonly #startedMicros: number;
  #isReady: boolean | undefined;
  #sinceMicros = 0;

  constructor(identity: RoleIdentity, clock: Pick<Clock, 'nowMicros'>) {
    this.#identity = identity;
    this.#clock = clock;
    this.#startedMicros = Math.round(clock.nowMicros() - process.uptime() * 1e6);
  }

  /** The report of now. A change between ready and degraded is noticed here, so it is to be called often. */
  report(facts: RoleFacts): RoleReport {
    const isReady = facts.reasons.length === 0;
    if (isReady !== this.#isReady) this.#sinceMicros = this.#clock.nowMicros();
    this.#isReady = isReady;
    const { role, dataDir } = this.#identity;
    return {
      role,
      place: `${hostname()}:${dataDir}`,
      name: processName(),
      version: VERSION,
      startedMicros: this.#startedMicros,
      sinceMicros: this.#sinceMicros,
      slot: null,
      buffer: null,
      sources: [],
      partitions: [],
      ...facts,
    };
  }
}

/** Name of this process on the pages of the site, and as the owner of what it writes. */
export function processName(): string {
  return `${hostname()}/${process.pid}`;
}

/** What a teller works with. */
export interface RoleTellerNeeds {
  /** The caller's; questions of others on it hold the telling up. */
  readonly pool: PostgresPool;
  readonly facts: () => RoleFacts;
  readonly clock: Pick<Clock, 'startTicker' | 'nowMicros'>;
  readonly logger: Logger;
}

/**
 * Tells PostgreSQL how the process does, every two seconds and at the end. While PostgreSQL is away nothing is told, and
 * nothing else waits; whoever reads finds the process silent.
 */
export class RoleTeller implements AsyncDisposable {
  readonly #id = randomUUID();
  readonly #needs: RoleTellerNeeds;
  readonly #reporter: RoleReporter;
  readonly #ticker: Disposable;
  #isMigrated = false;
  #telling: Promise<void> | undefined;
  #isSilent = false;

  constructor(identity: RoleIdentity, needs: RoleTellerNeeds) {
    this.#needs = needs;
    this.#reporter = new RoleReporter(identity, needs.clock);
    const tell = () => {
      this.#telling ??= this.#tell(false).finally(() => {
        this.#telling = undefined;
      });
    };
    this.#ticker = needs.clock.startTicker(LIMITS.roleTellMs.value, tell);
    tell();
  }

  /** To be called before the pool is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticker[Symbol.dispose]();
    await this.#telling;
    await this.#tell(true);
  }

  async #tell(isEnded: boolean): Promise<void> {
    const { pool, facts, logger } = this.#needs;
    try {
      const report = this.#reporter.report(facts());
      if (!this.#isMigrated) await migrate(pool, logger);
      this.#isMigrated = true;
      await tellRole(pool, { id: this.#id, report, isEnded, keptMs: LIMITS.roleKeptMs.value });
      this.#isSilent = false;
    } catch (fault) {
      if (!this.#isSilent)
        logger.log('warn', 'How the process does cannot be told to PostgreSQL; it is tried again', {
          reason: fault instanceof Error ? fault.message : String(fault),
        });
      this.#isSilent = true;
    }
  }
}
