import type { Journal, ReceivedCount } from '@skerry/journal';
import type { Uplink } from '@skerry/journal/kafka';
import type { Clock, Logger } from '@skerry/kernel';
import { migrate, type PostgresPool, tellGatewayAccounts } from '@skerry/series/postgres/tells';

/** What is told of. */
export interface AccountTellerNeeds {
  readonly journal: Pick<Journal, 'id' | 'end' | 'received'>;
  readonly uplink: Pick<Uplink, 'position'>;
  /** The caller's. */
  readonly pool: PostgresPool;
  /** Of the process, for people. */
  readonly name: string;
  readonly clock: Pick<Clock, 'startTicker'>;
  readonly logger: Logger;
}

const TELL_MS = 2_000;

/**
 * Tells PostgreSQL what a journal in front of Kafka has received, every two seconds and at the end: one side of the ledger
 * over roles, whose other sides are told by others. While PostgreSQL is away nothing is told, and nothing else waits.
 */
export class AccountTeller implements AsyncDisposable {
  readonly #needs: AccountTellerNeeds;
  readonly #ticker: Disposable;
  /** Records of each project as last told, by tenant and project. */
  readonly #told = new Map<string, number>();
  #toldEnd = -1;
  #toldSent = -1;
  #isMigrated = false;
  #telling: Promise<void> | undefined;
  #isSilent = false;

  constructor(needs: AccountTellerNeeds) {
    this.#needs = needs;
    this.#ticker = needs.clock.startTicker(TELL_MS, () => void this.tell());
    void this.tell();
  }

  /** Tells what changed since the last time; resolves when that is committed, or cannot be. */
  async tell(isEnded = false): Promise<void> {
    if (this.#telling && !isEnded) return await this.#telling;
    await this.#telling;
    this.#telling = this.#tellNow(isEnded);
    await this.#telling;
    this.#telling = undefined;
  }

  /** To be called when nothing more is taken in, before the pool is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticker[Symbol.dispose]();
    await this.tell(true);
  }

  async #tellNow(isEnded: boolean): Promise<void> {
    const { journal, uplink, pool, name, logger } = this.#needs;
    const sent = uplink.position;
    const asOf = journal.end;
    if (asOf === this.#toldEnd && sent === this.#toldSent && !isEnded) return;
    const accounts = journal.received().filter((one) => this.#told.get(keyOf(one)) !== one.received);
    try {
      if (!this.#isMigrated) await migrate(pool, logger);
      this.#isMigrated = true;
      await tellGatewayAccounts(pool, { journalId: journal.id, name, asOf, sent, accounts, isEnded });
      for (const one of accounts) this.#told.set(keyOf(one), one.received);
      [this.#toldEnd, this.#toldSent] = [asOf, sent];
      if (this.#isSilent) logger.log('info', 'What was received is told to PostgreSQL again', {});
      this.#isSilent = false;
    } catch (fault) {
      if (!this.#isSilent)
        logger.log('warn', 'What was received cannot be told to PostgreSQL; it is tried again', {
          reason: fault instanceof Error ? fault.message : String(fault),
        });
      this.#isSilent = true;
    }
  }
}

function keyOf({ tenant, project }: ReceivedCount): string {
  return JSON.stringify([tenant, project]);
}
