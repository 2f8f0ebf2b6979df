import { type KafkaClient, type PartitionEnd, partitionEnds } from '@skerry/journal/kafka';
import type { Clock } from '@skerry/kernel';
import type { PostgresReadings, ReadingLedger } from '@skerry/series/postgres';
import { type RoleLedgerReport, roleLedger } from './role-ledger.ts';

/** What the ledger over roles is made with. */
export interface LedgerDeskNeeds {
  readonly readings: Pick<PostgresReadings, 'ledger'>;
  /** The way to Kafka; nothing else waits on its connections. */
  readonly client: KafkaClient;
  /** Topics that are read whether or not anything was stored of them, as there are now. */
  readonly topics: () => Promise<readonly string[]>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'nowMicros' | 'startTimer'>;
}

/** Age up to which a report answers the next question too. */
const FRESH_MS = 500;
/** How long Kafka is waited for. */
const ENDS_MS = 3_000;
/** Snapshots that are kept, so that one is older than the oldest tell of a gateway that lives. */
const SNAPSHOTS = 40;

/** Makes the ledger over roles whenever it is asked for, at most twice a second. */
export class LedgerDesk {
  readonly #needs: LedgerDeskNeeds;
  #earlier: ReadingLedger[] = [];
  #report: { readonly atMs: number; readonly made: Promise<RoleLedgerReport> } | undefined;

  constructor(needs: LedgerDeskNeeds) {
    this.#needs = needs;
  }

  /** The account of every record. Fails as the readings do; Kafka may be away. */
  report(): Promise<RoleLedgerReport> {
    const atMs = this.#needs.clock.monotonicMs();
    if (this.#report && atMs - this.#report.atMs < FRESH_MS) return this.#report.made;
    const made = this.#make();
    const report = { atMs, made };
    this.#report = report;
    made.catch(() => {
      if (this.#report === report) this.#report = undefined;
    });
    return made;
  }

  async #make(): Promise<RoleLedgerReport> {
    const now = await this.#needs.readings.ledger();
    const earlier = this.#earlier;
    const ends = await this.ends(now.sources);
    const report = roleLedger({ now, earlier, ends, nowMicros: this.#needs.clock.nowMicros() });
    this.#earlier = [now, ...earlier].slice(0, SNAPSHOTS);
    return report;
  }

  /** Ends of every partition that holds records of this site; undefined when Kafka does not say them in time. */
  async ends(sources: readonly { readonly label: string }[]): Promise<readonly PartitionEnd[] | undefined> {
    const { client, clock, topics } = this.#needs;
    const known = sources.map(({ label }) => label.slice(0, label.lastIndexOf('/')));
    const late = Promise.withResolvers<undefined>();
    using _timer = clock.startTimer(ENDS_MS, () => late.resolve(undefined));
    const asking = topics().then((names) => partitionEnds(client, [...new Set([...names, ...known])]));
    return await Promise.race([asking.catch(() => undefined), late.promise]); // the report says that Kafka does not answer
  }
}
