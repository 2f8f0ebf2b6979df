import type { FailpointHook } from '@skerry/kernel';
import type {
  ClientKey,
  DeadLetter,
  DeviceClients,
  SeriesDefinition,
  SessionClient,
  SessionEvent,
} from '@skerry/model';
import { Buckets } from '../answer-buckets.ts';
import { answerExtremes } from '../answer-extremes.ts';
import { answerPage } from '../answer-page.ts';
import { type ChunkPoints, comparePoints, valueAt } from '../chunk-points.ts';
import { withinWindow } from '../dedupe-cut.ts';
import { SeriesError } from '../errors.ts';
import type { HeadView } from '../head.ts';
import { GroupedHead, headRunsOf } from '../head-runs.ts';
import { LIMITS } from '../limits.ts';
import { sourceOf } from '../point-source.ts';
import { answerSessions } from '../session-answer.ts';
import type {
  BucketPage,
  DeadLetterFilter,
  DeadLetterHead,
  DedupeEntries,
  DeviceAccount,
  DeviceGaps,
  PointPage,
  Seal,
  SeriesQuery,
  SeriesStore,
  SessionQuery,
  StageRow,
  StoreFigures,
  StoreState,
} from '../store.ts';
import { type Breathe, Turn } from '../turn.ts';

/** What the store in memory needs. `commitDelay` stands for the time that a commit takes; a kill may fall into it. */
export interface MemoryStoreNeeds {
  readonly failpoint: FailpointHook;
  readonly clock: { monotonicMs(): number };
  readonly breathe: Breathe;
  readonly commitDelay?: () => Promise<void>;
}

/** A store in memory that keeps everything, for the simulation and for tests. */
export class MemoryStore implements SeriesStore {
  readonly #needs: MemoryStoreNeeds;
  readonly #points = new Map<number, ChunkPoints[]>();
  readonly #series = new Map<number, SeriesDefinition>();
  readonly #accounts = new Map<string, DeviceAccount>();
  readonly #gaps = new Map<string, DeviceGaps[]>();
  readonly #deadLetters = new Map<number, DeadLetter>();
  #dedupe: DedupeEntries[] = [];
  #last: Pick<Seal, 'number' | 'journalId' | 'position' | 'telemetryPosition' | 'logTimeMicros'> | undefined;
  readonly #stages = new Map<string, StageRow>();
  readonly #clients = new Map<string, SessionClient>();
  readonly #speaking = new Map<string, DeviceClients>();
  readonly #sessionEvents: SessionEvent[] = [];
  #pointCount = 0;
  /** Grows with every roll-back, so that a seal that was under way never arrives. */
  #life = 0;

  constructor(needs: MemoryStoreNeeds) {
    this.#needs = needs;
  }

  /** What a kill does: seals that have not committed are gone, committed ones stay. The store can be loaded again. */
  rollBack(): void {
    this.#life++;
  }

  async load(): Promise<StoreState> {
    return {
      journalId: this.#last?.journalId,
      sealNumber: this.#last?.number ?? 0,
      position: this.#last?.position ?? 0,
      telemetryPosition: this.#last?.telemetryPosition ?? 0,
      logTimeMicros: this.#last?.logTimeMicros ?? 0,
      series: [...this.#series.values()].sort((a, b) => a.id - b.id),
      latest: [...this.#points].map(([series, runs]) => latestOf(series, runs)),
      accounts: [...this.#accounts.values()],
      dedupe: [...this.#dedupe],
      gaps: [...this.#gaps.values()].flat(),
      deadLetters: this.#letters()
        .filter((one) => one.state === 'open')
        .map(headOf),
      stages: [...this.#stages.values()],
      sessions: { clients: [...this.#clients.values()], devices: [...this.#speaking.values()] },
    };
  }

  async seal(seal: Seal): Promise<void> {
    const life = this.#life;
    await this.#needs.commitDelay?.();
    if (life !== this.#life) throw new SeriesError('store-closed', 'Cannot seal: the store was rolled back.');
    const wanted = (this.#last?.number ?? 0) + 1;
    if (seal.number !== wanted) {
      throw new SeriesError(
        'seal-out-of-order',
        `Cannot take seal ${seal.number}: seal ${wanted} is the next.`,
        { found: seal.number, wanted },
      );
    }
    if (this.#last && this.#last.journalId !== seal.journalId) {
      throw new SeriesError(
        'journal-changed',
        `Cannot take a seal of journal ${seal.journalId}: the store follows ${this.#last.journalId}.`,
      );
    }
    this.#needs.failpoint('seal-before-commit');
    this.#commit(seal);
    this.#needs.failpoint('seal-after-commit');
  }

  async query(query: SeriesQuery, unsealed: readonly HeadView[]): Promise<PointPage | BucketPage> {
    const turn = new Turn(this.#needs.clock, this.#needs.breathe, query.deadlineMs);
    const committed = this.#last?.number ?? 0;
    const sources = [
      ...(this.#points.get(query.series) ?? []),
      ...unsealed
        .filter((view) => view.sealNumber > committed)
        .flatMap((view) => headRunsOf(view, query.series)),
    ].map(sourceOf);
    if (query.shape.kind === 'raw') return answerPage(sources, query, query.shape, turn);
    if (query.shape.kind === 'extremes') return answerExtremes(sources, query, query.shape.points, turn);
    const buckets = new Buckets(query.shape.stepMicros);
    await buckets.addSources(sources, query, turn);
    return { kind: 'buckets', buckets: buckets.finish(), resolutionMicros: 0 };
  }

  async deadLetters(filter: DeadLetterFilter): Promise<DeadLetterHead[]> {
    const wanted = ['state', 'reason', 'tenant', 'project', 'device'] as const;
    return this.#letters()
      .filter((one) => one.offset > (filter.after ?? -1))
      .filter((one) => wanted.every((name) => filter[name] === undefined || filter[name] === one[name]))
      .slice(0, Math.max(1, Math.min(filter.limit, LIMITS.deadLettersPageMax.value)))
      .map(headOf);
  }

  async deadLetter(offset: number): Promise<DeadLetter | undefined> {
    return this.#deadLetters.get(offset);
  }

  async sessionEvents(query: SessionQuery): Promise<SessionEvent[]> {
    const keys = new Set(query.clients.map(clientKeyOf));
    const found = this.#sessionEvents.filter((one) => keys.has(clientKeyOf(one)));
    return answerSessions(found, query);
  }

  async work(): Promise<boolean> {
    return false;
  }

  async figures(): Promise<StoreFigures> {
    const chunks = [...this.#points.values()].reduce((sum, runs) => sum + runs.length, 0);
    return { bytes: 0, points: this.#pointCount, chunks, files: 0, rollupLag: 0, oldestDay: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #letters(): DeadLetter[] {
    return [...this.#deadLetters.values()].sort((a, b) => a.offset - b.offset);
  }

  #commit(seal: Seal): void {
    const { number, journalId, position, telemetryPosition, logTimeMicros } = seal;
    this.#last = { number, journalId, position, telemetryPosition, logTimeMicros };
    const grouped = new GroupedHead(seal.points);
    for (let series = 0; series <= grouped.most; series++) {
      if (grouped.startOf(series) === grouped.endOf(series)) continue;
      // integers and texts were copied out of the head, numbers still share its grouped copy, which is ours
      const runs = grouped.runs(series);
      const known = this.#points.get(series);
      if (known) known.push(...runs);
      else this.#points.set(series, runs);
    }
    this.#pointCount += seal.points.rows;
    for (const one of seal.series) this.#series.set(one.id, one);
    for (const one of seal.accounts) this.#accounts.set(keyOf(one), one);
    this.#dedupe = withinWindow([...this.#dedupe, ...seal.dedupe], logTimeMicros);
    const changed = new Set(seal.gaps.map(keyOf));
    for (const key of changed)
      this.#gaps.set(
        key,
        seal.gaps.filter((one) => keyOf(one) === key),
      );
    for (const row of seal.stages ?? []) {
      const key = `${row.pipeline}\u0000${row.part}`;
      if (row.body === undefined) this.#stages.delete(key);
      else this.#stages.set(key, row);
    }
    this.#sessionEvents.push(...(seal.sessions?.events ?? []));
    for (const one of seal.sessions?.gone ?? []) this.#clients.delete(clientKeyOf(one));
    for (const one of seal.sessions?.clients ?? []) this.#clients.set(clientKeyOf(one), one);
    for (const one of seal.sessions?.devices ?? []) this.#speaking.set(keyOf(one), one);
    for (const one of seal.deadLetters) {
      this.#deadLetters.set(one.offset, { ...one, payload: one.payload.slice() });
    }
    for (const { offset, ...change } of seal.deadLetterChanges) {
      const known = this.#deadLetters.get(offset);
      if (known) this.#deadLetters.set(offset, { ...known, ...change });
    }
  }
}

function keyOf({ tenant, project, device }: { tenant: string; project: string; device: string }): string {
  return `${tenant}\u0000${project}\u0000${device}`;
}

function clientKeyOf({ client, user }: ClientKey): string {
  return `${user}\u0000${client}`;
}

function headOf({ payload, headers: _, ...head }: DeadLetter): DeadLetterHead {
  return { ...head, payloadBytes: payload.byteLength };
}

function latestOf(series: number, runs: readonly ChunkPoints[]): StoreState['latest'][number] {
  let best: ChunkPoints | undefined;
  for (const run of runs) {
    if (!best || comparePoints(run, run.times.length - 1, best, best.times.length - 1) >= 0) best = run;
  }
  if (!best) throw new SeriesError('store-damaged', `Series ${series} has no points.`);
  const at = best.times.length - 1;
  return { series, timeMicros: Number(best.times[at]), value: valueAt(best, at) };
}
