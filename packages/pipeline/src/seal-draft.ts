import type { DeadLetter, SeriesDefinition } from '@skerry/model';
import {
  AccountColumns,
  type DeadLetterChange,
  type Head,
  type Seal,
  type SessionSeal,
  type StageRow,
  type VerdictRun,
  viewOf,
} from '@skerry/series';
import type { Account, Catalogue, DeviceState } from './catalogue.ts';
import { LIMITS } from './limits.ts';
import { noSessions } from './session-book.ts';

/** When a head that begins now is old enough for its seal: at a multiple of the age, so that pipelines of one process seal together. */
export function nextDue(nowMs: number, ageMs: number): number {
  return nowMs - (nowMs % ageMs) + ageMs;
}

/** Whether it is time for the seal of a head: what is read in one go is not cut in two, since the rest would wait until the next multiple. */
export function isOfAge(nowMs: number, dueMs: number, hasMore: boolean): boolean {
  return nowMs >= dueMs + (hasMore ? LIMITS.sealBurstMs.value : 0);
}

/** What is gathered since the last seal and will become the next one. */
export class SealDraft {
  readonly number: number;
  readonly from: number;
  readonly head: Head;
  /** Records of any kind. */
  records = 0;
  logTimeMicros: number;
  deadLetterBytes = 0;
  readonly series: SeriesDefinition[] = [];
  /** By series. */
  readonly units = new Map<number, string>();
  readonly #accounts: Account[] = [];
  readonly windows = new Set<DeviceState>();
  readonly sequences = new Set<DeviceState>();
  readonly deadLetters: DeadLetter[] = [];
  readonly changes: DeadLetterChange[] = [];
  readonly sessions = noSessions();
  /** Devices for which another client speaks now. */
  readonly speaking = new Set<DeviceState>();
  readonly #verdicts: { verdict: VerdictRun['verdict']; count: number }[] = [];

  constructor(number: number, from: number, head: Head, logTimeMicros: number) {
    this.number = number;
    this.from = from;
    this.head = head;
    this.logTimeMicros = logTimeMicros;
  }

  /** The account has changed: the seal tells it as it will be then. */
  touch(account: Account): void {
    if (account.draft === this.number) return;
    account.draft = this.number;
    this.#accounts.push(account);
  }

  /** Notes the verdict of the next record. */
  verdict(verdict: VerdictRun['verdict']): void {
    this.records++;
    const last = this.#verdicts[this.#verdicts.length - 1];
    if (last && last.verdict === verdict) last.count++;
    else this.#verdicts.push({ verdict, count: 1 });
  }

  /** The verdict of the record judged last; undefined before the first. */
  get lastVerdict(): VerdictRun['verdict'] | undefined {
    return this.#verdicts.at(-1)?.verdict;
  }

  /** True when there is something that only a seal makes durable. */
  get isEmpty(): boolean {
    return this.records === 0 && this.changes.length === 0;
  }

  /** The seal, as of now. Takes the fresh entries out of the dedupe windows: called once. */
  seal(
    journalId: string,
    position: number,
    telemetryPosition: number,
    catalogue: Catalogue,
    stages: readonly StageRow[] = [],
    sessions: Omit<SessionSeal, 'devices'> = { events: [], clients: [], gone: [] },
  ): Seal {
    const secs = Math.floor(this.logTimeMicros / 1e6);
    return {
      number: this.number,
      journalId,
      from: this.from,
      position,
      telemetryPosition,
      logTimeMicros: this.logTimeMicros,
      points: viewOf(this.head, this.number),
      series: this.series,
      ...(this.units.size > 0 && { units: Array.from(this.units, ([series, unit]) => ({ series, unit })) }),
      accounts: AccountColumns.of(this.#accounts),
      dedupe: Array.from(this.windows).flatMap((device) => dedupeOf(device, secs, catalogue)),
      gaps: Array.from(this.sequences).flatMap((device) => device.sequence?.snapshot(device) ?? []),
      deadLetters: this.deadLetters,
      deadLetterChanges: this.changes,
      verdicts: this.#verdicts,
      ...(stages.length === 0 ? {} : { stages }),
      ...(this.sessions.clients.size + this.speaking.size === 0
        ? {}
        : { sessions: { ...sessions, devices: Array.from(this.speaking, clientsOf) } }),
    };
  }
}

function clientsOf({ tenant, project, device, clients }: DeviceState): SessionSeal['devices'][number] {
  return { tenant, project, device, clients };
}

function dedupeOf(device: DeviceState, secs: number, catalogue: Catalogue): Seal['dedupe'] {
  const { tenant, project, device: id } = device;
  const entries = device.window?.takeFresh();
  device.window?.evict(secs, catalogue.windowEntriesMax);
  return entries ? [{ tenant, project, device: id, ...entries }] : [];
}
