import type { CodedError, MetricFamily } from '@skerry/kernel';
import type { RolePartition, RoleReason } from '@skerry/model';
import { LIMITS } from '../../limits.ts';
import { retentionReasons } from '../retention-reasons.ts';
import {
  openPartitionRun,
  type PartitionName,
  type PartitionRun,
  type PartitionRunNeeds,
  type PartitionRunOptions,
} from './partition-run.ts';
import { UnwrittenLag } from './unwritten-lag.ts';

const REOPEN_MS = 1_000;
const REOPENED = ['kafka-forgot', 'journal-foreign'];
/** What is of one partition alone, and somebody can put right. */
const HELD = ['store-refused', 'store-sources-full', 'kafka-denied', 'kafka-refused'];
/** Between two looks whether the database takes now what it refused. */
const HELD_MS = 10_000;
const UPKEEP_MS = 1_000;

/**
 * The partitions that this process writes, as the group assigns and takes them. One that cannot be opened is tried again.
 * So is one that another process took over although the group says that it is ours, one with a value that the
 * database refuses or for which the schema has no number left, and one that Kafka refuses to give: each after a pause,
 * during which it tells why it waits, and how far it is behind. Any other end of a partition ends the process, by
 * `failed`.
 */
export class PartitionRuns implements AsyncDisposable {
  readonly failed: Promise<never>;
  readonly #options: PartitionRunOptions;
  readonly #needs: PartitionRunNeeds;
  readonly #unwritten: UnwrittenLag;
  /** By name: the run, or its being opened. */
  readonly #owned = new Map<string, Owned>();
  readonly #ending = new AbortController();
  readonly #upkeep: Promise<void>;
  #fail: (fault: unknown) => void = () => undefined;

  constructor(options: PartitionRunOptions, needs: PartitionRunNeeds) {
    this.#options = options;
    this.#needs = needs;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined); // whoever awaits it is told
    this.#unwritten = new UnwrittenLag(options.group, () => this.unwritten, needs);
    this.#upkeep = this.#work().catch((fault: unknown) => this.#fail(fault));
  }

  /** Takes partitions on. */
  assign(names: readonly PartitionName[]): void {
    for (const name of names) {
      const key = keyOf(name);
      if (!this.#owned.has(key))
        this.#owned.set(key, new Owned(name, this.#options, this.#needs, this.#unwritten, this.#fail));
    }
  }

  /** Gives partitions up; resolves when nothing of them is written any more. */
  async revoke(names: readonly PartitionName[]): Promise<void> {
    const given = names.flatMap((name) => this.#owned.get(keyOf(name)) ?? []);
    for (const name of names) this.#owned.delete(keyOf(name));
    await Promise.all(given.map((one) => one[Symbol.asyncDispose]()));
  }

  /** Those that are written now. */
  get running(): PartitionRun[] {
    return [...this.#owned.values()].flatMap(({ run }) => run ?? []);
  }

  /** Those that are owned, and cannot be written now. */
  get unwritten(): PartitionName[] {
    return [...this.#owned.values()].flatMap(({ run, name }) => (run ? [] : [name]));
  }

  /** Gauges of all that are owned. */
  gauges(): MetricFamily[][] {
    return [...this.running.map((run) => run.gauges()), this.#unwritten.families()];
  }

  /** What keeps partitions from being written, in words. */
  reasons(): { readonly code: string; readonly detail: string }[] {
    return [...this.#owned.values()].flatMap((one) => one.reasons());
  }

  /** How each partition does, for people. `kinds`: those of the sinks by name. */
  report(kinds: ReadonlyMap<string, string>): RolePartition[] {
    return [...this.#owned.values()].map((one) => one.report(kinds));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#unwritten[Symbol.dispose]();
    await this.#upkeep;
    await this.revoke([...this.#owned.values()].map(({ name }) => name));
  }

  /** Rollups and retention of every store, one after the other. */
  async #work(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      let isMore = false;
      for (const owned of this.#owned.values()) {
        if (signal.aborted) return;
        isMore = (await owned.work()) || isMore;
      }
      if (!isMore) await this.#needs.clock.sleep(UPKEEP_MS, signal);
    }
  }
}

/** A partition that is owned, while it is opened, written and given up. */
class Owned implements AsyncDisposable {
  readonly name: PartitionName;
  run: PartitionRun | undefined;
  readonly #unwritten: UnwrittenLag;
  readonly #needs: PartitionRunNeeds;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #waitsFor: { readonly code: string; readonly detail: string } | undefined;
  /** Position of the store when it was opened last. */
  #openedAt = 0;
  /** Ends the run that is open with what upkeep found: that somebody else has the partition now. */
  #end: (fault: unknown) => void = () => undefined;
  /** Upkeep that fails again and again: since when, what it said last, and when it is tried next. */
  #stuck: { readonly sinceMs: number; readonly said: string; pauseMs: number; nextMs: number } | undefined;

  constructor(
    name: PartitionName,
    options: PartitionRunOptions,
    needs: PartitionRunNeeds,
    unwritten: UnwrittenLag,
    fail: (fault: unknown) => void,
  ) {
    this.name = name;
    this.#needs = needs;
    this.#unwritten = unwritten;
    this.#running = this.#live(options).catch(fail);
  }

  reasons(): { readonly code: string; readonly detail: string }[] {
    const place = `${this.name.topic}/${this.name.partition}`;
    const ofSinks = (this.run?.sinks ?? []).flatMap(({ trouble }) => trouble ?? []);
    return [...ofSinks, ...this.#own()].map(({ code, detail }) => ({ code, detail: `${place}: ${detail}` }));
  }

  report(kinds: ReadonlyMap<string, string>): RolePartition {
    const { run } = this;
    const lag = run ? run.journal.lag() : this.#unwritten.of(this.name)?.lag;
    return {
      ...this.name,
      isWritten: run !== undefined,
      lagRecords: lag?.records ?? null,
      lagSeconds: lag?.seconds ?? null,
      retentionLeftSeconds: lag?.retentionLeftSeconds ?? null,
      reasons: this.#own(),
      sinks: (run?.sinks ?? []).map(({ name, trouble }) => ({
        name,
        kind: kinds.get(name) ?? '',
        trouble: trouble ?? null,
      })),
    };
  }

  /** Does upkeep of its store that is due; true while there is more of it. What fails is told, and tried again. */
  async work(): Promise<boolean> {
    const { run } = this;
    const { clock, logger } = this.#needs;
    if (!run || clock.monotonicMs() < (this.#stuck?.nextMs ?? 0)) return false;
    try {
      const isMore = await run.store.work();
      this.#stuck = undefined;
      return isMore;
    } catch (fault) {
      if (this.run !== run) return false;
      // a partition to which nothing comes hears of it here alone
      if (codesOf(fault).includes('store-fenced')) {
        this.#end(fault);
        return false;
      }
      const nowMs = clock.monotonicMs();
      const pauseMs = Math.min(LIMITS.upkeepPauseMsMax.value, 2 * (this.#stuck?.pauseMs ?? UPKEEP_MS / 2));
      this.#stuck = {
        sinceMs: this.#stuck?.sinceMs ?? nowMs,
        said: messageOf(fault),
        pauseMs,
        nextMs: nowMs + pauseMs,
      };
      logger.log('warn', 'Upkeep of a store failed; it is tried again', {
        ...this.name,
        reason: String(fault),
      });
      return false;
    }
  }

  /** Rollups and retention that do not come on: other partitions' days stay, too, until the disk is full. */
  #upkeepReasons(): RoleReason[] {
    const stuck = this.#stuck;
    if (!stuck || this.#needs.clock.monotonicMs() - stuck.sinceMs < LIMITS.upkeepFailingMs.value) return [];
    const detail = `the state of its devices, rollups or retention fail again and again, and no day of points is removed while one source is not rolled up: ${stuck.said}`;
    return [{ code: 'upkeep-failing', detail }];
  }

  /** What keeps it from being written, its sinks apart. */
  #own(): RoleReason[] {
    if (this.#waitsFor && !this.#isPast()) return [this.#waitsFor, ...this.#nearReasons()];
    if (!this.run) return [{ code: 'starting', detail: 'it is being opened' }, ...this.#nearReasons()];
    const alarms = this.run.pipeline.alarms();
    const { condition } = this.run.journal;
    return [
      ...alarms.map(({ code, detail }) => ({ code, detail })),
      ...(condition.is === 'waiting' ? [{ code: condition.code, detail: condition.reason }] : []),
      ...this.#nearReasons(),
      ...this.#upkeepReasons(),
    ];
  }

  #nearReasons(): RoleReason[] {
    if (this.run) return retentionReasons(this.run.journal, 'more writers');
    const state = this.#unwritten.of(this.name);
    return retentionReasons(
      state && { lag: () => state.lag, retentionDueMicros: () => state.retentionDueMicros },
      'more writers',
    );
  }

  /** Whether something was committed since it was opened again. */
  #isPast(): boolean {
    return this.run !== undefined && this.run.pipeline.committedPosition > this.#openedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #live(options: PartitionRunOptions): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const fault = await this.#written(options);
      if (fault === undefined) return;
      const pause = this.#pauseAfter(fault, options);
      if (!pause) throw fault;
      const { reason, ms } = pause;
      if (reason && this.#waitsFor?.code !== reason.code)
        this.#needs.logger.log('warn', 'A partition cannot be written yet', {
          ...this.name,
          reason: reason.detail,
        });
      this.#waitsFor = reason;
      await this.#needs.clock.sleep(ms, signal);
    }
  }

  /** Resolves with the fault that ended it, or with undefined when it is given up. */
  async #written(options: PartitionRunOptions): Promise<unknown> {
    try {
      await using run = await openPartitionRun(this.name, options, this.#needs);
      const { position, committedPosition } = run.pipeline;
      this.#openedAt = committedPosition;
      // what was refused is read again, and may be refused again
      if (this.#waitsFor?.code !== 'store-refused') this.#waitsFor = undefined;
      this.run = run;
      this.#needs.logger.log('info', 'A partition is written', { ...this.name, position });
      const fenced = new Promise<unknown>((resolve) => {
        this.#end = resolve;
      });
      const fault = await Promise.race([endOf(run, this.#ending.signal), fenced]);
      if (this.#isPast()) this.#waitsFor = undefined;
      this.run = undefined;
      this.#stuck = undefined;
      return fault;
    } catch (fault) {
      return fault;
    }
  }

  /** How long to wait before it is opened anew, and what to say meanwhile; undefined for a fault that nothing is to be done about here. */
  #pauseAfter(fault: unknown, { sessionMs }: PartitionRunOptions): Pause | undefined {
    const codes = codesOf(fault);
    if (codes.includes('store-fenced')) {
      // by then the group has taken it from us, if it has given it to the other
      const detail = `another process has taken it over, and the group says that it is ours: it is taken back after ${sessionMs} ms; wanted one group of writers, writer.group, over one database and schema`;
      return { ms: sessionMs, reason: { code: 'store-fenced', detail } };
    }
    const held = HELD.find((code) => codes.includes(code));
    if (held !== undefined) {
      const detail = `${messageOf(fault)} It is tried again every ${HELD_MS / 1_000} s`;
      return { ms: HELD_MS, reason: { code: held, detail } };
    }
    // the partition is there, and what it holds is another
    if (REOPENED.some((code) => codes.includes(code))) return { ms: 0, reason: undefined };
    if (!isPassing(fault)) return undefined;
    const { code, message } = fault;
    return { ms: REOPEN_MS, reason: { code, detail: message } };
  }
}

interface Pause {
  readonly ms: number;
  readonly reason: RoleReason | undefined;
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

/** Resolves with the fault that ended the pipeline, or with undefined when the partition is given up. */
async function endOf({ pipeline }: PartitionRun, signal: AbortSignal): Promise<unknown> {
  const given = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  return await Promise.race([
    given,
    pipeline.ended.then(
      () => new Error('The pipeline of a partition ended without a reason.'),
      (fault: unknown) => fault,
    ),
  ]);
}

/** Codes of a fault and of its causes. */
function codesOf(fault: unknown): string[] {
  const codes: string[] = [];
  for (let one = fault; typeof one === 'object' && one !== null; one = Reflect.get(one, 'cause'))
    codes.push(String(Reflect.get(one, 'code')));
  return codes;
}

function isPassing(fault: unknown): fault is CodedError {
  return typeof fault === 'object' && fault !== null && Reflect.get(fault, 'advice') === 'retry';
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}
