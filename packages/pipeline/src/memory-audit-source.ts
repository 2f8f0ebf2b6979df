import type { DeadLetter, SeriesDefinition } from '@skerry/model';
import type { DeviceAccount, Seal, SeriesStore, StageRow } from '@skerry/series';
import type { AuditPoints, AuditSource, AuditVerdicts } from './audit-source.ts';

const EVER_MICROS = 2 ** 52;

/**
 * An audit source over any store that keeps all points: verdicts are noted as seals pass through `store`, everything
 * else is asked of the store. Nothing may be sealed while it is read.
 */
export class MemoryAuditSource implements AuditSource {
  /** The store to give to the pipeline instead of the one wrapped. */
  readonly store: SeriesStore;
  readonly #inner: SeriesStore;
  readonly #verdicts: AuditVerdicts[] = [];

  constructor(inner: SeriesStore) {
    this.#inner = inner;
    this.store = {
      load: () => inner.load(),
      seal: async (seal: Seal) => {
        await inner.seal(seal);
        this.#verdicts.push({ from: seal.from, runs: seal.verdicts });
      },
      query: (query, unsealed) => inner.query(query, unsealed),
      deadLetters: (filter) => inner.deadLetters(filter),
      deadLetter: (offset) => inner.deadLetter(offset),
      sessionEvents: (query) => inner.sessionEvents(query),
      work: () => inner.work(),
      figures: () => inner.figures(),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
  }

  async state() {
    const { journalId, position, telemetryPosition } = await this.#inner.load();
    return { journalId, position, telemetryPosition, pointsFrom: 0 };
  }

  async series(): Promise<readonly SeriesDefinition[]> {
    return (await this.#inner.load()).series;
  }

  async accounts(): Promise<readonly DeviceAccount[]> {
    return (await this.#inner.load()).accounts;
  }

  async stages(): Promise<readonly StageRow[]> {
    return (await this.#inner.load()).stages;
  }

  async *verdicts(from: number): AsyncGenerator<AuditVerdicts> {
    for (const one of this.#verdicts) {
      const end = one.runs.reduce((sum, run) => sum + run.count, one.from);
      if (end > from) yield one;
    }
  }

  async *points(_from: number, _to: number): AsyncGenerator<AuditPoints> {
    for (const { id: series } of await this.series()) {
      let after: { timeMicros: number; offset: number; ordinal: number } | undefined;
      do {
        const shape = { kind: 'raw', after, limit: 10_000, newestFirst: false } as const;
        const query = { series, fromMicros: -EVER_MICROS, toMicros: EVER_MICROS, shape, deadlineMs: 60_000 };
        const page = await this.#inner.query(query, []);
        if (page.kind !== 'points') return;
        yield { series, ...page };
        after = page.next;
      } while (after);
    }
  }

  deadLetter(offset: number): Promise<DeadLetter | undefined> {
    return this.#inner.deadLetter(offset);
  }
}
