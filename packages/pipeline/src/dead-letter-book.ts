import { covers, type DeadLetterReason, type Scope } from '@skerry/model';
import { type DeadLetterHead, LIMITS as SERIES_LIMITS } from '@skerry/series';
import type { ProjectState } from './catalogue.ts';
import type { DeadLetterScope, OpenReasons } from './pipeline.ts';

/** What the pipeline remembers of an open dead letter. */
export interface OpenLetter {
  readonly offset: number;
  readonly receivedMicros: number;
  /** Whose account it is in. */
  readonly owner: ProjectState;
  readonly device: string;
  readonly reason: DeadLetterReason;
  readonly payloadBytes: number;
}

const DAY_MICROS = 86_400_000_000;
const HOUR_MICROS = 3_600_000_000;

type ReasonCounts = Record<DeadLetterReason, number>;

/** The open dead letters, by offset, oldest first. */
export class DeadLetterBook {
  readonly #open = new Map<number, OpenLetter>();
  /** How many of each reason, by project. */
  readonly #reasons = new Map<ProjectState, ReasonCounts>();
  #bytes = 0;
  #lookedMicros = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#open.size;
  }

  get(offset: number): OpenLetter | undefined {
    return this.#open.get(offset);
  }

  add(letter: OpenLetter): void {
    this.remove(letter.offset);
    this.#open.set(letter.offset, letter);
    const counts = this.#reasons.get(letter.owner) ?? noReasons();
    this.#reasons.set(letter.owner, counts);
    counts[letter.reason]++;
    this.#bytes += letter.payloadBytes;
  }

  /** Takes over what the store holds open. */
  restore(head: DeadLetterHead, owner: ProjectState): void {
    const { offset, receivedMicros, device, reason, payloadBytes } = head;
    // letters whose device was not known to the catalogue are in the account without a device
    this.add({
      offset,
      receivedMicros,
      owner,
      device: owner.devices.has(device) ? device : '',
      reason,
      payloadBytes,
    });
  }

  remove(offset: number): void {
    const letter = this.#open.get(offset);
    if (!letter) return;
    this.#open.delete(offset);
    this.#bytes -= letter.payloadBytes;
    const counts = this.#reasons.get(letter.owner);
    if (counts) counts[letter.reason]--;
  }

  /** How many are open of each reason within a scope: by the counts of projects, letter by letter only where devices matter. */
  reasons({ device, scopes, ...wanted }: DeadLetterScope): OpenReasons {
    const sum = noReasons();
    const letterwise = new Set<ProjectState>();
    for (const [owner, counts] of this.#reasons) {
      const { tenant, project } = owner;
      if (!covers(wanted, { tenant, project })) continue;
      const isWhole =
        device === undefined && (scopes?.some((scope) => covers(scope, { tenant, project })) ?? true);
      if (isWhole) for (const reason of REASONS) sum[reason] += counts[reason];
      else if (scopes?.some((scope) => meets(scope, owner)) ?? true) letterwise.add(owner);
    }
    if (letterwise.size === 0) return sum;
    for (const { owner, device: its, reason } of this.#open.values()) {
      if (!letterwise.has(owner) || (device ?? its) !== its) continue;
      const key = { tenant: owner.tenant, project: owner.project, device: its };
      if (scopes?.some((scope) => covers(scope, key)) ?? true) sum[reason]++;
    }
    return sum;
  }

  /** Those that the policy of the store gives up at this time: the oldest beyond count or bytes, and the too old. */
  expired(nowMicros: number): OpenLetter[] {
    const isOver =
      this.#open.size > SERIES_LIMITS.deadLettersMax.value ||
      this.#bytes > SERIES_LIMITS.deadLetterBytesMax.value;
    if (!isOver && nowMicros < this.#lookedMicros + HOUR_MICROS) return [];
    this.#lookedMicros = nowMicros;
    const oldest = nowMicros - SERIES_LIMITS.deadLetterDays.value * DAY_MICROS;
    let count = this.#open.size;
    let bytes = this.#bytes;
    const gone: OpenLetter[] = [];
    for (const letter of this.#open.values()) {
      const isTooMany =
        count > SERIES_LIMITS.deadLettersMax.value || bytes > SERIES_LIMITS.deadLetterBytesMax.value;
      if (!isTooMany && letter.receivedMicros >= oldest) continue;
      gone.push(letter);
      count--;
      bytes -= letter.payloadBytes;
    }
    return gone;
  }
}

const noReasons = (): ReasonCounts => ({
  'unknown-topic': 0,
  undecodable: 0,
  'series-limit': 0,
  'too-many-points': 0,
  'stage-failed': 0,
  'kafka-refused': 0,
});

// the keys of a plain object are its members
/** Every reason for which a record is set aside. */
export const REASONS = Object.keys(noReasons()) as readonly DeadLetterReason[];

/** Whether a scope reaches into a project. */
function meets(scope: Scope, { tenant, project }: ProjectState): boolean {
  return (scope.tenant ?? tenant) === tenant && (scope.project ?? project) === project;
}
