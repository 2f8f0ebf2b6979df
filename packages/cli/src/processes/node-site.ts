import type { PartitionEntry, RoleEntry, SinkEntry, SitePlatform } from '@skerry/api';
import type { Clock } from '@skerry/kernel';
import type { RoleReason } from '@skerry/model';
import type { PipelineFigures } from '@skerry/pipeline';
import { RoleReporter } from './role-teller.ts';

/** What a site of one process is known from. */
export interface NodeSiteNeeds {
  readonly dataDir: string;
  /** What keeps the process from its work. */
  readonly reasons: () => readonly RoleReason[];
  readonly figures: () => Promise<PipelineFigures>;
  /** Name of the journal. */
  readonly journalTopic: string;
  /** Offset behind the last durable record. */
  readonly journalEnd: () => number;
  /** Points in the store. */
  readonly points: () => Promise<number>;
  readonly clock: Pick<Clock, 'nowMicros'>;
}

/** All of a site in one process: its journal is the one partition, its store the one sink. */
export class NodeSite implements SitePlatform {
  readonly #needs: NodeSiteNeeds;
  readonly #reporter: RoleReporter;

  constructor(needs: NodeSiteNeeds) {
    this.#needs = needs;
    this.#reporter = new RoleReporter({ role: 'up', dataDir: needs.dataDir }, needs.clock);
  }

  async roles(): ReturnType<SitePlatform['roles']> {
    return { items: [this.#role()], silentAfterMs: 0 };
  }

  async partitions(): ReturnType<SitePlatform['partitions']> {
    const { figures, journalEnd } = this.#needs;
    const { committedPosition, backlogRecords, backlogAgeMs } = await figures();
    const { name, state } = this.#role();
    // asked for last, so that the position is not beyond it
    const end = journalEnd();
    const lagRecords = Math.max(0, end - committedPosition);
    const one: PartitionEntry = {
      topic: this.#needs.journalTopic,
      partition: 0,
      owner: { name, state },
      lastOwner: undefined,
      position: committedPosition,
      end,
      lagRecords,
      // those that are visible wait for the next seal only
      lagSeconds: lagRecords === 0 ? 0 : backlogRecords > 0 ? backlogAgeMs / 1_000 : undefined,
      retentionAtMicros: undefined,
      reasons: [],
    };
    return { items: [one], trouble: undefined };
  }

  async sinks(): Promise<SinkEntry[]> {
    const { figures, points } = this.#needs;
    const [{ committedPosition }, stored] = await Promise.all([figures(), points()]);
    return [
      {
        name: 'store',
        kind: 'sqlite',
        isPrimary: true,
        state: 'good',
        position: committedPosition,
        committed: committedPosition,
        points: stored,
        refused: 0,
        missed: 0,
        lagSeconds: 0,
        retentionAtMicros: undefined,
        lastError: undefined,
      },
    ];
  }

  async sources(): ReturnType<SitePlatform['sources']> {
    return [];
  }

  #role(): RoleEntry {
    const { reasons, journalTopic, clock } = this.#needs;
    const report = this.#reporter.report({ reasons: reasons() });
    return {
      ...report,
      state: report.reasons.length === 0 ? 'ready' : 'degraded',
      toldMicros: clock.nowMicros(),
      toldMs: 0,
      slot: undefined,
      buffer: undefined,
      sources: [],
      partitions: [`${journalTopic}/0`],
    };
  }
}
