import { JournalError, type Offset, type ReceivedCount, type StoredBatch } from '@skerry/journal';
import { openSegmentReader, type SegmentReader } from '@skerry/journal/segment';
import type { AuditFinding, AuditJournal } from '@skerry/pipeline';
import { countUpTo } from './audit-counts.ts';
import type { PinnedSegments } from './pinned-segments.ts';

/** What the writer of a journal tells of one moment. */
export interface JournalFacts {
  readonly id: string;
  readonly start: Offset;
  readonly end: Offset;
  readonly telemetryEnd: number;
  readonly received: readonly ReceivedCount[];
  /** At `start`. */
  readonly receivedBefore: readonly ReceivedCount[];
}

/** What the audit knows of a store when it opens the journal. */
export interface StoreFacts {
  readonly position: Offset;
  /** First offset whose points are kept, and can be decoded anew, for certain. */
  readonly pointsFrom: Offset;
}

const COUNT_BYTES = 4 * 2 ** 20;

/**
 * The journal as an audit reads it: from its files, up to the end that was told. It begins where both files and points are
 * there; what lies before is counted from the segment's own totals and the records in between. A damaged place does not
 * end it: what can be read before and in later segments is read, and the place is among the `findings`.
 */
export class HeldJournal implements AuditJournal, Disposable {
  readonly id: string;
  readonly end: Offset;
  readonly telemetryEnd: number;
  readonly #facts: JournalFacts;
  readonly #pins: PinnedSegments;
  readonly #reader: SegmentReader;
  readonly #breathe: () => Promise<void>;
  readonly #findings = new Map<string, Offset>();
  #start: Offset;
  #before: readonly ReceivedCount[] = [];

  private constructor(pins: PinnedSegments, facts: JournalFacts, breathe: () => Promise<void>) {
    this.id = facts.id;
    this.end = facts.end;
    this.telemetryEnd = facts.telemetryEnd;
    this.#facts = facts;
    this.#pins = pins;
    this.#reader = openSegmentReader(pins.folder, { disk: pins.disk });
    this.#breathe = breathe;
    this.#start = pins.start;
  }

  /** Opens the journal over segments that are held. Fails with the reader's faults when its first segment is damaged, and with `offset-trimmed` when records that the snapshot has not seen were trimmed before they were held. */
  static async open(
    pins: PinnedSegments,
    facts: JournalFacts,
    store: StoreFacts,
    breathe: () => Promise<void>,
  ): Promise<HeldJournal> {
    const journal = new HeldJournal(pins, facts, breathe);
    try {
      await journal.#begin(store);
      return journal;
    } catch (fault) {
      journal[Symbol.dispose]();
      throw fault;
    }
  }

  get start(): Offset {
    return this.#start;
  }

  /** What is wrong with the journal itself; grows while it is read. */
  findings(): AuditFinding[] {
    return [...this.#findings].map(([detail, offset]) => ({
      tenant: '',
      project: '',
      device: '',
      offset,
      detail,
    }));
  }

  received(): ReceivedCount[] {
    return [...this.#facts.received];
  }

  receivedBefore(): readonly ReceivedCount[] {
    return this.#before;
  }

  /** As the reader, but where a place is damaged it gives what lies before, and then what lies in later segments. */
  async read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    for (let at = from; at < this.end; ) {
      await this.#breathe();
      try {
        return await this.#reader.read(at, bytesMax, this.end);
      } catch (fault) {
        const whole = await this.#wholeBefore(at, damageOf(fault));
        if (whole.length > 0) return whole;
        if (!this.#findings.has(damageOf(fault).message)) this.#findings.set(damageOf(fault).message, at);
        this.#reader.close();
        at = this.#pins.nextAfter(at) ?? this.end;
      }
    }
    return [];
  }

  [Symbol.dispose](): void {
    this.#reader.close();
  }

  async #begin(store: StoreFacts): Promise<void> {
    const { start, end } = this;
    const { firstStart } = this.#pins;
    if (start > firstStart && start > store.position)
      throw new JournalError(
        'offset-trimmed',
        `Cannot audit from ${store.position}, where the store stands: the journal was trimmed to ${start} before its segments could be held; ask again.`,
        { position: store.position, start },
      );
    if (firstStart > this.#facts.start)
      this.#findings.set(
        `The journal says that it begins at ${this.#facts.start}; its files begin at ${firstStart}.`,
        -1,
      );
    if (store.position > end)
      this.#findings.set(
        `The store has seen records up to ${store.position}; the journal ends at ${end}.`,
        end,
      );
    const from = Math.min(Math.max(start, store.pointsFrom), end);
    const before = this.#reader.totalsBefore(start).rows();
    const counts = await countUpTo((at) => this.read(at, COUNT_BYTES), { start, from, before });
    this.#start = from;
    this.#before = counts;
  }

  /**
   * The one whole batch at `from` in front of a damaged place, which the reader does not tell apart: told an end inside
   * the batch it fails at its beginning, told an end behind it fails at the damage.
   */
  async #wholeBefore(from: Offset, damage: JournalError): Promise<StoredBatch[]> {
    const placeAt = async (end: Offset): Promise<string> => {
      try {
        await this.#reader.read(from, 1, end);
        return 'none';
      } catch (fault) {
        return placeOf(damageOf(fault));
      }
    };
    const inside = await placeAt(from + 1);
    if (inside === placeOf(damage)) return [];
    let [low, high] = inside === 'none' ? [from, from + 1] : [from + 1, this.end];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if ((await placeAt(middle)) === inside) low = middle;
      else high = middle;
    }
    return (await placeAt(high)) === 'none' ? this.#reader.read(from, 1, high) : [];
  }
}

/** The damage that a reader found; anything else is thrown on. */
function damageOf(fault: unknown): JournalError {
  if (fault instanceof JournalError && fault.code === 'journal-damaged') return fault;
  throw fault;
}

function placeOf(damage: JournalError): string {
  return `${damage.facts.path} ${damage.facts.at}`;
}
