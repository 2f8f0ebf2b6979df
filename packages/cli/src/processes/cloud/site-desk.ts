import type { SitePlatform } from '@skerry/api';
import { type KafkaClient, type RecordPlace, type WaitingRecord, waitingSince } from '@skerry/journal/kafka';
import type { Clock } from '@skerry/kernel';
import type { RoleKind } from '@skerry/model';
import type { PostgresReadings } from '@skerry/series/postgres';
import { LIMITS } from '../../limits.ts';
import type { LedgerDesk } from './ledger-desk.ts';
import {
  partitionEntries,
  roleEntries,
  roleState,
  sinkEntries,
  sourceEntries,
  type ToldRole,
  unknownLags,
  withWaiting,
} from './site-entries.ts';

/** What the site is known from. */
export interface SiteDeskNeeds {
  readonly readings: Pick<PostgresReadings, 'roles' | 'sources' | 'sinks'>;
  /** Knows where partitions end. */
  readonly ledger: Pick<LedgerDesk, 'ends'>;
  /** The way to Kafka; nothing else waits on its connections. */
  readonly client: KafkaClient;
  readonly clock: Pick<Clock, 'monotonicMs' | 'nowMicros' | 'startTimer'>;
}

type Partitions = Awaited<ReturnType<SitePlatform['partitions']>>;

/** Age up to which what was asked of Kafka answers the next question too. */
const FRESH_MS = 1_000;
/** How long looks at records that wait may take: whoever reads metrics does not wait longer. */
const LOOKS_MS = 3_000;
/** How long a process that has ended in an orderly way is shown. */
const ENDED_MS = 600_000;
const ROLES: readonly RoleKind[] = ['gateway', 'writer', 'cloud', 'up'];

/** The site as its processes told PostgreSQL, beside what PostgreSQL and Kafka know themselves. */
export class SiteDesk implements SitePlatform {
  readonly #needs: SiteDeskNeeds;
  #partitions: { readonly atMs: number; readonly made: Promise<Partitions> } | undefined;

  constructor(needs: SiteDeskNeeds) {
    this.#needs = needs;
  }

  async roles(): ReturnType<SitePlatform['roles']> {
    const items = roleEntries(await this.#roles());
    const order = ({ role }: (typeof items)[number]): number => ROLES.indexOf(role);
    return {
      items: items.toSorted((a, b) => order(a) - order(b)),
      silentAfterMs: LIMITS.roleSilentMs.value,
    };
  }

  /** Of the last second. */
  partitions(): Promise<Partitions> {
    const atMs = this.#needs.clock.monotonicMs();
    if (this.#partitions && atMs - this.#partitions.atMs < FRESH_MS) return this.#partitions.made;
    const made = this.#makePartitions();
    this.#partitions = { atMs, made };
    made.catch(() => {
      if (this.#partitions?.made === made) this.#partitions = undefined;
    });
    return made;
  }

  async sinks(): ReturnType<SitePlatform['sinks']> {
    const { readings, clock } = this.#needs;
    const [roles, sources, sinks] = await Promise.all([this.#roles(), readings.sources(), readings.sinks()]);
    return sinkEntries({ roles, sources, sinks, nowMicros: clock.nowMicros() });
  }

  async sources(): ReturnType<SitePlatform['sources']> {
    return sourceEntries(await this.#roles());
  }

  async #makePartitions(): Promise<Partitions> {
    const { readings, ledger, clock } = this.#needs;
    // ends are asked for last, so that no position is beyond them
    const [roles, sources] = await Promise.all([this.#roles(), readings.sources()]);
    const ends = await ledger.ends(sources);
    const entries = partitionEntries({ roles, sources, ends, nowMicros: clock.nowMicros() });
    if (!ends) return { items: entries, trouble: KAFKA_SILENT };
    const looks = unknownLags(entries, sources).slice(0, LIMITS.lagLooksMax.value);
    const waiting = await this.#waiting(looks);
    return { items: withWaiting(entries, waiting, clock.nowMicros()), trouble: undefined };
  }

  /** What Kafka says in time of records that wait. */
  async #waiting(places: readonly RecordPlace[]): Promise<readonly WaitingRecord[]> {
    const { client, clock } = this.#needs;
    const found: WaitingRecord[] = [];
    const late = Promise.withResolvers<void>();
    let isLate = false;
    using _timer = clock.startTimer(LOOKS_MS, () => {
      isLate = true;
      late.resolve();
    });
    const looking = async (): Promise<void> => {
      for await (const one of waitingSince(client, places)) {
        if (isLate) return;
        found.push(one);
      }
    };
    await Promise.race([looking(), late.promise]);
    return found;
  }

  async #roles(): Promise<ToldRole[]> {
    const told = await this.#needs.readings.roles();
    return told
      .filter(({ isEnded, ageMs }) => !isEnded || ageMs < ENDED_MS)
      .map((one) => ({ ...one, state: roleState(one, LIMITS.roleSilentMs.value) }));
  }
}

const KAFKA_SILENT = {
  code: 'kafka-unreachable',
  detail: 'Kafka does not say where its partitions end: lags are not known',
};
