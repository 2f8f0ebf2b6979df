import type { CodedError } from '@skerry/kernel';
import type { RolePartition, RoleReason } from '@skerry/model';
import {
  openPartitionRun,
  type PartitionName,
  type PartitionRun,
  type PartitionRunNeeds,
  type PartitionRunOptions,
} from './partition-run.ts';

const REOPEN_MS = 1_000;
const REOPENED = ['kafka-forgot', 'journal-foreign'];
const UPKEEP_MS = 1_000;

/**
 * The partitions that this process writes, as the group assigns and takes them. One that cannot be opened is tried again,
 * one that another process has taken over is left; any other end of a partition ends the process, by `failed`.
 */
export class PartitionRuns implements AsyncDisposable {
  readonly failed: Promise<never>;
  readonly #options: PartitionRunOptions;
  readonly #needs: PartitionRunNeeds;
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
    this.#upkeep = this.#work().catch((fault: unknown) => this.#fail(fault));
  }

  /** Takes partitions on. */
  assign(names: readonly PartitionName[]): void {
    for (const name of names) {
      const key = keyOf(name);
      if (!this.#owned.has(key))
        this.#owned.set(key, new Owned(name, this.#options, this.#needs, this.#fail));
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
    await this.#upkeep;
    await this.revoke([...this.#owned.values()].map(({ name }) => name));
  }

  /** Rollups and retention of every store, one after the other. */
  async #work(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      let isMore = false;
      for (const { store, name } of this.running) {
        if (signal.aborted) return;
        try {
          isMore = (await store.work()) || isMore;
        } catch (fault) {
          this.#needs.logger.log('warn', 'Upkeep of a store failed; it is tried again', {
            ...name,
            reason: String(fault),
          });
        }
      }
      if (!isMore) await this.#needs.clock.sleep(UPKEEP_MS, signal);
    }
  }
}

/** A partition that is owned, while it is opened, written and given up. */
class Owned implements AsyncDisposable {
  readonly name: PartitionName;
  run: PartitionRun | undefined;
  readonly #needs: PartitionRunNeeds;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #waitsFor: { readonly code: string; readonly detail: string } | undefined;

  constructor(
    name: PartitionName,
    options: PartitionRunOptions,
    needs: PartitionRunNeeds,
    fail: (fault: unknown) => void,
  ) {
    this.name = name;
    this.#needs = needs;
    this.#running = this.#live(options).catch(fail);
  }

  reasons(): { readonly code: string; readonly detail: string }[] {
    const place = `${this.name.topic}/${this.name.partition}`;
    const ofSinks = (this.run?.sinks ?? []).flatMap(({ trouble }) => trouble ?? []);
    return [...ofSinks, ...this.#own()].map(({ code, detail }) => ({ code, detail: `${place}: ${detail}` }));
  }

  report(kinds: ReadonlyMap<string, string>): RolePartition {
    const { run } = this;
    const lag = run?.journal.lag();
    return {
      ...this.name,
      isWritten: run !== undefined,
      lagRecords: lag?.records ?? 0,
      lagSeconds: lag?.seconds ?? 0,
      retentionLeftSeconds: lag?.retentionLeftSeconds ?? null,
      reasons: this.#own(),
      sinks: (run?.sinks ?? []).map(({ name, trouble }) => ({
        name,
        kind: kinds.get(name) ?? '',
        trouble: trouble ?? null,
      })),
    };
  }

  /** What keeps it from being written, its sinks apart. */
  #own(): RoleReason[] {
    if (this.#waitsFor) return [this.#waitsFor];
    const alarms = this.run?.pipeline.alarms() ?? [];
    const { condition } = this.run?.journal ?? {};
    return [
      ...alarms.map(({ code, detail }) => ({ code, detail })),
      ...(condition?.is === 'waiting' ? [{ code: condition.code, detail: condition.reason }] : []),
      ...retentionReasons(this.run),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #live(options: PartitionRunOptions): Promise<void> {
    const { signal } = this.#ending;
    const { logger } = this.#needs;
    while (!signal.aborted) {
      await using run = await this.#opened(options);
      if (!run) continue;
      this.run = run;
      const { position } = run.pipeline;
      logger.log('info', 'A partition is written', { ...this.name, position });
      const fault = await endOf(run, signal);
      this.run = undefined;
      if (fault === undefined) return;
      const codes = codesOf(fault);
      if (codes.includes('store-fenced')) {
        logger.log('warn', 'Another process writes a partition now', { ...this.name });
        return;
      }
      // the partition is there, and what it holds is another: it is opened anew
      if (REOPENED.some((code) => codes.includes(code))) continue;
      throw fault;
    }
  }

  /** Undefined, after a pause, when it could not be opened and may be later. */
  async #opened(options: PartitionRunOptions): Promise<PartitionRun | undefined> {
    try {
      const run = await openPartitionRun(this.name, options, this.#needs);
      this.#waitsFor = undefined;
      return run;
    } catch (fault) {
      if (!isPassing(fault)) throw fault;
      const { code, message } = fault;
      if (this.#waitsFor?.code !== code)
        this.#needs.logger.log('warn', 'A partition cannot be written yet', {
          ...this.name,
          reason: message,
        });
      this.#waitsFor = { code, detail: message };
      await this.#needs.clock.sleep(REOPEN_MS, this.#ending.signal);
      return undefined;
    }
  }
}

/** Records that retention removes before long, with the hour. */
function retentionReasons(run: PartitionRun | undefined): RoleReason[] {
  const dueMicros = run?.journal.retentionDueMicros();
  if (dueMicros === undefined) return [];
  const { records } = run?.journal.lag() ?? { records: 0 };
  const hour = new Date(dueMicros / 1_000).toISOString();
  const detail = `${records} records wait, and Kafka removes the first of them at ${hour}: wanted a store that takes them, more writers, or a longer retention of the topic until then`;
  return [{ code: 'retention-near', detail }];
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
