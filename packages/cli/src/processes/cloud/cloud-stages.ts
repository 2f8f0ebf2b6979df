import { randomUUID } from 'node:crypto';
import { ApiError, type DocumentChange, type StagePlatform, type TrialSample } from '@skerry/api';
import { encodeHeaders, HEADER, RECORD_KIND, type RecordInput } from '@skerry/journal';
import { type KafkaClient, type PartitionAppender, partitionEnds } from '@skerry/journal/kafka';
import { type Clock, silentLogger } from '@skerry/kernel';
import { turn } from '@skerry/kernel/node';
import type { StagesDocument } from '@skerry/model';
import { type ChangeOutcome, type Route, StageBook, type StageChange, StageDesk } from '@skerry/pipeline';
import {
  type PostgresPool,
  type PostgresReadings,
  type ReadingSource,
  whileLocked,
} from '@skerry/series/postgres';
import { placeOfSource } from './letter-desk.ts';

/** What declared pipelines of a larger site work with. */
export interface CloudStagesNeeds {
  readonly readings: Pick<PostgresReadings, 'sources' | 'stageRows'>;
  readonly pool: PostgresPool;
  readonly client: KafkaClient;
  readonly appender: Pick<PartitionAppender, 'append'>;
  readonly route: (topic: string) => Route;
  readonly clock: Clock;
}

/** How long a caller waits for Kafka and for the writers to come to the records of its change. */
const JUDGED_MS = 20_000;
const ASK_MS = 100;
const LEVEL_MS = 30_000;
const LOCK = 'declared pipelines';
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** A partition that is written, with the declared documents as its pipeline has committed them. */
interface Partition {
  readonly source: ReadingSource;
  readonly book: StageBook;
}

/**
 * Declared pipelines of a larger site. Each partition has them in its own rows, since they are in force from a record on;
 * so a change is one record in every partition, made under a lock, judged here first, and waited for. What is shown is
 * the partition with the lowest number; its offsets name versions. A partition that is new is given what is in force.
 */
export class CloudStages implements StagePlatform, Disposable {
  readonly #needs: CloudStagesNeeds;
  readonly #ticker: Disposable;

  constructor(needs: CloudStagesNeeds) {
    this.#needs = needs;
    // what keeps it from being done now keeps it from being needed, or is told by whoever asks
    this.#ticker = needs.clock.startTicker(LEVEL_MS, () => void this.level().catch(() => undefined));
  }

  [Symbol.dispose](): void {
    this.#ticker[Symbol.dispose]();
  }

  async list() {
    return (await this.#desk()).list();
  }

  async get(kind: StagesDocument['kind'], name: string, scope: DocumentChange['scope']) {
    return (await this.#desk()).get(kind, name, scope);
  }

  async check(document: StagesDocument, places?: readonly number[]) {
    return (await this.#desk()).check(document, places);
  }

  async trial(document: StagesDocument | undefined, samples: readonly TrialSample[]) {
    return (await this.#desk()).trial({ samples, ...(document === undefined ? {} : { document }) });
  }

  shadow(): Promise<never> {
    return Promise.reject(
      new ApiError(
        'unavailable',
        'a shadow run reads a journal, and this role has none: try samples with skerry pipeline test, or run it on a gateway-sized copy with skerry up',
      ),
    );
  }

  /** Puts a change in force in every partition, or in none that would refuse it. */
  change(asked: DocumentChange, author: string): Promise<ChangeOutcome> {
    return whileLocked(this.#needs.pool, LOCK, async () => {
      const partitions = await this.#partitions();
      const [first] = partitions;
      if (!first)
        throw new ApiError(
          'unavailable',
          'no partition is written yet: declare pipelines once a writer runs',
        );
      const change: StageChange = { id: randomUUID(), ...asked };
      const outcome = await judged(first.book, change, author);
      if (outcome.state !== 'done' && outcome.state !== 'unchanged') return outcome;
      const wanted = inForce(first.book, change);
      // one that an earlier change did not come to is behind
      const behind = partitions.filter((one) =>
        one === first ? outcome.state === 'done' : inForce(one.book, change) !== wanted,
      );
      const offsets = await this.#put(behind, withoutExpected(change), author);
      return { ...outcome, offset: offsets.get(first.source.id) ?? outcome.offset };
    });
  }

  /** Gives partitions that have no declared document those that others have in force. */
  async level(): Promise<void> {
    const missing = (partitions: readonly Partition[]) =>
      partitions.some(({ book }) => book.documents.length > 0)
        ? partitions.filter(({ book }) => book.documents.length === 0)
        : [];
    if (missing(await this.#partitions()).length === 0) return;
    await whileLocked(this.#needs.pool, LOCK, async () => {
      const partitions = await this.#partitions();
      const model = partitions.find(({ book }) => book.documents.length > 0)?.book;
      for (const document of [...(model?.tables ?? []), ...(model?.pipelines ?? [])])
        await this.#put(missing(partitions), applying(document), 'policy');
    });
  }

  /** Partitions that are written now, by number, a source with documents first. */
  async #partitions(): Promise<Partition[]> {
    const { readings, client } = this.#needs;
    const [sources, rows] = await Promise.all([readings.sources(), readings.stageRows()]);
    const topics = [...new Set(sources.map((one) => placeOfSource(one).topic))];
    const current = new Set((await partitionEnds(client, topics)).map(({ journalId }) => journalId));
    const found = sources
      .filter(({ journalId }) => current.has(journalId))
      .map((source) => ({ source, book: bookOf(rows.get(source.id) ?? []) }));
    const isEmpty = ({ book }: Partition): number => Number(book.documents.length === 0);
    return found.sort((a, b) => isEmpty(a) - isEmpty(b) || a.source.id - b.source.id);
  }

  /** Appends a change to each and waits for all; resolves with its offset in each. */
  async #put(
    partitions: readonly Partition[],
    change: StageChange,
    author: string,
  ): Promise<ReadonlyMap<number, number>> {
    const { appender, clock } = this.#needs;
    const patience = new AbortController();
    using _timer = clock.startTimer(JUDGED_MS, () => patience.abort());
    const offsets = new Map<number, number>();
    for (const { source } of partitions) {
      const record = recordOf(change, author, clock.nowMicros());
      try {
        const offset = await appender.append(placeOfSource(source), [record], patience.signal);
        offsets.set(source.id, offset + source.shift);
      } catch (fault) {
        const why = fault instanceof Error ? fault.message : String(fault);
        throw new ApiError(
          'unavailable',
          `the change is in ${offsets.size} of ${partitions.length} partitions, and ${source.label} does not take it (${why}); ask for it again`,
        );
      }
    }
    while (!(await this.#arePast(offsets))) {
      if (patience.signal.aborted)
        throw new ApiError(
          'unavailable',
          `the change is in every partition and was not judged by all in ${JUDGED_MS / 1_000} s; it applies when writers have come to it`,
        );
      await clock.sleep(ASK_MS, patience.signal);
    }
    await this.#confirm(offsets, change);
    return offsets;
  }

  async #arePast(offsets: ReadonlyMap<number, number>): Promise<boolean> {
    const positions = new Map(
      (await this.#needs.readings.sources()).map(({ id, position }) => [id, position]),
    );
    return [...offsets].every(([id, offset]) => (positions.get(id) ?? 0) > offset);
  }

  /** Every partition has judged as it was judged here; fails with `unavailable` that names those that have not. */
  async #confirm(offsets: ReadonlyMap<number, number>, change: StageChange): Promise<void> {
    const rows = await this.#needs.readings.stageRows();
    const others = [...offsets].filter(([id, offset]) => {
      const book = bookOf(rows.get(id) ?? []);
      const newest = book.find(book.placeOf(change))?.newest;
      return newest?.offset !== offset;
    });
    if (others.length > 0)
      throw new ApiError(
        'unavailable',
        `the change is in force in ${offsets.size - others.length} of ${offsets.size} partitions; the sources ${others.map(([id]) => id).join(', ')} have judged otherwise`,
      );
  }

  async #desk(): Promise<StageDesk> {
    const { route, clock } = this.#needs;
    const [first] = await this.#partitions();
    return new StageDesk({
      book: first?.book ?? new StageBook(),
      route,
      clock,
      breathe: turn,
      journal: NO_JOURNAL,
    });
  }
}

/** Nothing is read of it: shadow runs are refused before. */
const NO_JOURNAL = {} as ConstructorParameters<typeof StageDesk>[0]['journal']; // no member of it is used

function bookOf(rows: Parameters<StageBook['restore']>[0]): StageBook {
  const book = new StageBook();
  book.restore(rows, silentLogger);
  return book;
}

/** What the partition of a book would say of a change; the book has it then. */
function judged(book: StageBook, change: StageChange, author: string): Promise<ChangeOutcome> {
  book.change(encoder.encode(JSON.stringify(change)), Number.MAX_SAFE_INTEGER, author, 0);
  return book.outcome(change.id);
}

/** The document in force where a change points to, as text; undefined without one. */
function inForce(book: StageBook, change: StageChange): string | undefined {
  const document = book.find(book.placeOf(change))?.document;
  return document && JSON.stringify(document);
}

/** Offsets are those of each partition: what was expected was compared here. */
function withoutExpected({ expected: _, ...change }: StageChange): StageChange {
  return change;
}

function applying(document: StagesDocument): StageChange {
  const { tenant, project } = document.spec.match;
  return {
    id: randomUUID(),
    action: 'apply',
    kind: document.kind,
    name: document.metadata.name,
    scope: { ...(tenant === undefined ? {} : { tenant }), ...(project === undefined ? {} : { project }) },
    document,
  };
}

function recordOf(change: StageChange, author: string, receivedMicros: number): RecordInput {
  return {
    kind: RECORD_KIND.pipeline,
    qos: 1,
    retain: false,
    project: -1,
    receivedMicros,
    topic: EMPTY,
    client: EMPTY,
    payload: encoder.encode(JSON.stringify(change)),
    headers: encodeHeaders([{ key: HEADER.author, value: encoder.encode(author) }]),
  };
}
