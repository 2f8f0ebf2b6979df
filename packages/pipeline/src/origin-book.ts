import { HEADER } from '@skerry/journal';
import type { Logger } from '@skerry/kernel';
import type { StageRow } from '@skerry/series';
import { PipelineError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { RecordCursor } from './record-cursor.ts';

/** Rows of a store that hold origins have this in the place of a pipeline; the part is the journal of origin. */
const ROWS = 'origins';
/** Rows that count what came again; the part is tenant and project as JSON. */
const REPEATS = 'repeats';
const FORM = /^([0-9a-f]{32})\/(\d{1,16})\/(\d{1,16})$/;

/** A place where records were taken in first, and how far it has been seen. */
interface Origin {
  /** Highest offset there, and highest number in this journal. */
  offset: number;
  number: number;
  /** Numbers that never came: first and last, oldest first. */
  readonly holes: (readonly [first: number, last: number])[];
  /** How many in all, those of holes that are no longer listed included. */
  lost: number;
  /** Telemetry records of it that had a verdict here, each counted once. */
  records: number;
  isChanged: boolean;
}

/** What a header of origin says. */
interface Claim {
  readonly journal: string;
  readonly offset: number;
  readonly number: number;
}

/**
 * Which records of other journals have come through here. A gateway sends again, in the same order, what it does not
 * know to have arrived; so a record at or below the highest offset of its origin was here before, and a number that
 * was left out belongs to one that is lost. Holds two numbers for each origin, whatever the traffic; commits with the seal.
 */
export class OriginBook {
  readonly #origins = new Map<string, Origin>();
  /** Telemetry records that came again, by tenant and project as JSON. */
  readonly #repeats = new Map<string, { count: number; isChanged: boolean }>();
  /** The claim of the record that was asked about last. */
  #claim: Claim | undefined;
  /** From here on the journal is complete, so that the first number of an origin must be 0. */
  readonly #isWhole: boolean;

  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  /** Whether the record was here before. One without an origin, or with one that cannot be read, was not. */
  isSeen(record: RecordCursor): boolean {
    const text = record.payloadStart > record.headersStart ? record.header(HEADER.origin) : undefined;
    this.#claim = text === undefined ? undefined : claimOf(text);
    if (!this.#claim) return false;
    const known = this.#origins.get(this.#claim.journal);
    return known !== undefined && this.#claim.offset <= known.offset;
  }

  /** A telemetry record of a project came again: it has a verdict more than its gateway has records. */
  noteRepeat({ tenant, project }: { readonly tenant: string; readonly project: string }): void {
    const key = JSON.stringify([tenant, project]);
    this.#repeats.set(key, { count: (this.#repeats.get(key)?.count ?? 0) + 1, isChanged: true });
  }

  /** The record that was asked about last has its verdict. */
  settle(isTelemetry: boolean): void {
    const claim = this.#claim;
    if (!claim) return;
    this.#claim = undefined;
    let known = this.#origins.get(claim.journal);
    if (!known) {
      const before = this.#isWhole ? -1 : claim.number - 1;
      known = { offset: -1, number: before, holes: [], lost: 0, records: 0, isChanged: true };
      this.#origins.set(claim.journal, known);
    }
    if (claim.offset <= known.offset) return;
    if (claim.number > known.number + 1) {
      known.holes.push([known.number + 1, claim.number - 1]);
      known.lost += claim.number - 1 - known.number;
      if (known.holes.length > LIMITS.originHolesMax.value) known.holes.shift();
    }
    known.offset = claim.offset;
    if (isTelemetry) known.records++;
    known.number = Math.max(known.number, claim.number);
    known.isChanged = true;
  }

  /** What is missing, in words; undefined when nothing is. */
  get missing(): string | undefined {
    const words = [...this.#origins].flatMap(([journal, { lost, holes }]) => {
      if (lost === 0) return [];
      const listed = holes.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
      return [`${lost} of the journal ${journal} (numbers ${listed.join(', ')})`];
    });
    return words.length === 0
      ? undefined
      : `Records that a gateway has sent never came here: ${words.join('; ')}.`;
  }

  /** Rows that changed since the last call, for the seal. */
  takeRows(): StageRow[] {
    const rows: StageRow[] = [];
    for (const [journal, origin] of this.#origins) {
      if (!origin.isChanged) continue;
      origin.isChanged = false;
      const { offset, number, holes, lost, records } = origin;
      const body = JSON.stringify({ offset, number, holes, lost, records });
      rows.push({ pipeline: ROWS, part: journal, body });
    }
    for (const [part, repeat] of this.#repeats) {
      if (!repeat.isChanged) continue;
      repeat.isChanged = false;
      rows.push({ pipeline: REPEATS, part, body: String(repeat.count) });
    }
    return rows;
  }

  /** Takes over what the store kept; returns the rows that are not of origins. Fails with `stages-damaged`. */
  restore(rows: readonly StageRow[], logger: Logger): readonly StageRow[] {
    const others: StageRow[] = [];
    for (const row of rows) {
      if (row.pipeline === REPEATS)
        this.#repeats.set(row.part, { count: Number(row.body ?? 0), isChanged: false });
      else if (row.pipeline !== ROWS) others.push(row);
      else if (row.body !== undefined) this.#origins.set(row.part, originOf(row.part, row.body));
    }
    const { missing } = this;
    if (missing !== undefined) logger.log('error', 'Records are missing', { detail: missing });
    return others;
  }
}

function claimOf(text: string): Claim | undefined {
  const found = FORM.exec(text);
  const [offset, number] = [Number(found?.[2]), Number(found?.[3])];
  if (!found || !Number.isSafeInteger(offset) || !Number.isSafeInteger(number)) return undefined;
  return { journal: String(found[1]), offset, number };
}

function originOf(journal: string, body: string): Origin {
  try {
    const told = JSON.parse(body) as Omit<Origin, 'isChanged'>; // written by takeRows
    return { ...told, holes: [...told.holes], isChanged: false };
  } catch (cause) {
    const words = `The row of the origin ${journal} cannot be read: ${JSON.stringify(body.slice(0, 80))}.`;
    throw new PipelineError('stages-damaged', words, { journal }, cause);
  }
}
