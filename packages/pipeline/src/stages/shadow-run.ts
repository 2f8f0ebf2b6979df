import { RECORD_KIND, type StoredBatch } from '@skerry/journal';
import { PipelineError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { PipelineNeeds } from '../pipeline.ts';
import { RecordCursor } from '../record-cursor.ts';
import type { Route } from '../routes.ts';
import { SampleReader } from './sample-reader.ts';
import { StageEngine, type StageOutcome, type StageRefusal } from './stage-engine.ts';
import type { StageFigures } from './stage-run.ts';
import type { StageSet } from './stage-set.ts';
import { type ShownMessage, shownMessage } from './stage-trial.ts';

/** Which recorded records a shadow run goes through; the newest `lastRecords` when nothing else is said. */
export interface ShadowRange {
  readonly fromOffset?: number;
  readonly toOffset?: number;
  /** Receive times, microseconds since 1970; found by the batch that they lie in. */
  readonly fromMicros?: number;
  readonly toMicros?: number;
  readonly lastRecords?: number;
}

/** What one set of stages made of all records. */
export interface ShadowCounts {
  stored: number;
  filtered: number;
  deadLettered: number;
  /** Messages of records, and results of windows, that would be stored. */
  messages: number;
  results: number;
}

/** What one set of stages makes of one record. */
export interface ShadowVerdict {
  readonly verdict: 'stored' | 'filtered' | 'deadLettered';
  readonly detail: string;
  readonly outputs: readonly ShownMessage[];
}

/** A record that two sets of stages judge differently. */
export interface ShadowDifference {
  readonly offset: number;
  readonly topic: string;
  readonly inForce: ShadowVerdict;
  readonly candidate: ShadowVerdict;
}

/** What a shadow run found. */
export interface ShadowReport {
  readonly fromOffset: number;
  /** Offset behind the last record. */
  readonly toOffset: number;
  /** True when it ended before its range because of `shadowRecordsMax` or because it was cancelled. */
  readonly isCut: boolean;
  readonly isCancelled: boolean;
  /** Telemetry records that the document or its namesake in force takes, and those of them that cannot be decoded. */
  readonly records: number;
  readonly undecodable: number;
  /** Records that the two judge differently. */
  readonly changed: number;
  readonly inForce: ShadowCounts;
  readonly candidate: ShadowCounts;
  readonly stages: readonly ({ readonly pipeline: string; readonly stage: string } & StageFigures)[];
  readonly differences: readonly ShadowDifference[];
  readonly durationMs: number;
}

/** What a shadow run works with. */
export interface ShadowNeeds extends Pick<PipelineNeeds, 'journal' | 'clock' | 'breathe'> {
  readonly route: (topic: string) => Route;
  /** Whether a record is one of those that the change is about; the others are passed over. */
  readonly isMeant: (tenant: string, project: string, topic: string) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Takes recorded records through the stages in force and through others, both with empty windows at first, beside the
 * pipeline and in slices, and tells how they differ. Nothing is stored; duplicates are not left out.
 */
export async function runShadow(
  inForce: StageSet,
  candidate: StageSet,
  range: ShadowRange,
  needs: ShadowNeeds,
): Promise<ShadowReport> {
  const { from, to } = await placeOf(range, needs);
  const run = new ShadowRun(inForce, candidate, needs);
  return run.run(from, to);
}

class ShadowRun {
  readonly #needs: ShadowNeeds;
  readonly #sides: readonly [Side, Side];
  readonly #reader = new SampleReader();
  readonly #cursor = new RecordCursor();
  readonly #differences: ShadowDifference[] = [];
  #records = 0;
  #undecodable = 0;
  #changed = 0;
  #sliceMs: number;

  constructor(inForce: StageSet, candidate: StageSet, needs: ShadowNeeds) {
    this.#needs = needs;
    this.#sides = [new Side(inForce), new Side(candidate)];
    this.#sliceMs = needs.clock.monotonicMs();
  }

  async run(from: number, to: number): Promise<ShadowReport> {
    const { journal, clock, signal } = this.#needs;
    const startedMs = clock.monotonicMs();
    let at = from;
    while (at < to && !signal.aborted && this.#records < LIMITS.shadowRecordsMax.value) {
      const batches = await journal.read(at, LIMITS.readBytesMax.value);
      const last = batches.at(-1);
      if (!last) break;
      for (const batch of batches) at = await this.#batch(batch, at, to);
    }
    const [inForce, candidate] = this.#sides;
    return {
      fromOffset: from,
      toOffset: at,
      isCut: at < to,
      isCancelled: signal.aborted,
      records: this.#records,
      undecodable: this.#undecodable,
      changed: this.#changed,
      inForce: inForce.counts,
      candidate: candidate.counts,
      stages: candidate.figures(),
      differences: this.#differences,
      durationMs: Math.round(clock.monotonicMs() - startedMs),
    };
  }

  /** Goes through a batch; returns the offset behind the last record it took. */
  async #batch(batch: StoredBatch, from: number, to: number): Promise<number> {
    const { signal } = this.#needs;
    const cursor = this.#cursor;
    cursor.begin(batch);
    let at = from;
    while (cursor.next()) {
      if (cursor.offset < from) continue;
      if (cursor.offset >= to || signal.aborted || this.#records >= LIMITS.shadowRecordsMax.value) return at;
      if (cursor.kind === RECORD_KIND.telemetry) this.#record(cursor);
      at = cursor.offset + 1;
      await this.#breatheWhenDue();
    }
    return at;
  }

  async #breatheWhenDue(): Promise<void> {
    const { clock, breathe, signal } = this.#needs;
    if (clock.monotonicMs() - this.#sliceMs < LIMITS.sliceMs.value / 2) return;
    await (breathe?.() ?? clock.sleep(0, signal));
    this.#sliceMs = clock.monotonicMs();
  }

  #record(cursor: RecordCursor): void {
    const { topic, offset } = cursor;
    const route = this.#needs.route(topic);
    if (route.kind !== 'telemetry') return;
    if (!this.#needs.isMeant(route.tenant, route.project, topic)) return;
    this.#records++;
    const attributes = new Map<string, string>();
    cursor.userProperties((name, value) => attributes.set(name, value));
    const sample = {
      topic,
      bytes: cursor.bytes,
      start: cursor.payloadStart,
      end: cursor.end,
      label: cursor.label,
      offset,
      receivedMicros: cursor.receivedMicros,
      attributes,
      boundDevice: cursor.boundDevice,
    };
    const [a, b] = this.#sides.map((side) => {
      const plan = side.set.plan(route.tenant, route.project, topic);
      const read = this.#reader.read(sample, route, plan);
      if ('reason' in read) return undefined;
      return side.judge(plan, offset, read.messages());
    });
    this.#reader.settle(offset);
    if (!a || !b) {
      this.#undecodable++;
      return;
    }
    if (isSame(a, b)) return;
    this.#changed++;
    if (this.#differences.length >= LIMITS.shadowDifferencesMax.value) return;
    this.#differences.push({ offset, topic, inForce: shown(a), candidate: shown(b) });
  }
}

/** One of the two sets of stages that are compared. */
class Side {
  readonly set: StageSet;
  readonly counts: ShadowCounts = { stored: 0, filtered: 0, deadLettered: 0, messages: 0, results: 0 };
  readonly #engine = new StageEngine();

  constructor(set: StageSet) {
    this.set = set;
  }

  judge(
    plan: ReturnType<StageSet['plan']>,
    offset: number,
    messages: Parameters<StageEngine['judge']>[2],
  ): StageOutcome | StageRefusal {
    if (!plan) {
      this.counts.stored++;
      this.counts.messages += messages.length;
      return { messages, own: messages.length };
    }
    const outcome = this.#engine.judge(plan, offset, messages);
    if ('detail' in outcome) {
      this.counts.deadLettered++;
      return outcome;
    }
    this.#engine.settle();
    if (outcome.own > 0) this.counts.stored++;
    else this.counts.filtered++;
    this.counts.messages += outcome.own;
    this.counts.results += outcome.messages.length - outcome.own;
    return outcome;
  }

  figures(): ShadowReport['stages'] {
    return this.set.pipelines.flatMap(({ name, stages }) =>
      stages.map((stage) => ({ pipeline: name, stage: stage.name, ...stage.figures })),
    );
  }
}

function shown(outcome: StageOutcome | StageRefusal): ShadowVerdict {
  if ('detail' in outcome)
    return { verdict: 'deadLettered', detail: `${outcome.stage}: ${outcome.detail}`, outputs: [] };
  return {
    verdict: outcome.own > 0 ? 'stored' : 'filtered',
    detail: '',
    outputs: outcome.messages.map(shownMessage),
  };
}

/** Whether the same would be stored of a record: devices, times, metrics and values, in their order. */
function isSame(a: StageOutcome | StageRefusal, b: StageOutcome | StageRefusal): boolean {
  if ('detail' in a || 'detail' in b) return 'detail' in a && 'detail' in b;
  if (a.own !== b.own || a.messages.length !== b.messages.length) return false;
  return a.messages.every((one, i) => {
    const other = b.messages[i];
    if (!other || one.device !== other.device || one.timeMicros !== other.timeMicros) return false;
    if (one.metrics.size !== other.metrics.size) return false;
    for (const [metric, value] of one.metrics) if (!Object.is(other.metrics.get(metric), value)) return false;
    return true;
  });
}

/** First offset and the offset behind the last one that are meant, inside of what is held. */
async function placeOf(range: ShadowRange, needs: ShadowNeeds): Promise<{ from: number; to: number }> {
  const { start, end } = needs.journal;
  const clamp = (offset: number) => Math.max(start, Math.min(end, offset));
  const to = clamp(
    range.toOffset ?? (range.toMicros === undefined ? end : await offsetAt(range.toMicros, needs)),
  );
  let from = start;
  if (range.fromOffset !== undefined) from = range.fromOffset;
  else if (range.fromMicros !== undefined) from = await offsetAt(range.fromMicros, needs);
  else from = to - (range.lastRecords ?? DEFAULT_RECORDS);
  if (clamp(from) > to)
    throw new PipelineError(
      'stages-refused',
      `The range begins at offset ${clamp(from)} and ends before ${to}; a beginning before its end was expected.`,
    );
  return { from: clamp(from), to };
}

const DEFAULT_RECORDS = 10_000;

/** The offset of the first batch that was appended at that time or later. */
async function offsetAt(micros: number, { journal }: ShadowNeeds): Promise<number> {
  let low = journal.start;
  let high = journal.end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [batch] = await journal.read(middle, 1);
    if (!batch) return high;
    if (batch.appendedMicros < micros) low = batch.firstOffset + batch.count;
    else high = Math.min(middle, Math.max(low, batch.firstOffset));
  }
  return low;
}
