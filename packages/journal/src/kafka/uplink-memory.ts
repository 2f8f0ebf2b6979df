import type { Logger } from '@skerry/kernel';
import type { Offset } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { KafkaClient } from './kafka-client.ts';
import { findCuts, type LogCut } from './leader-epochs.ts';
import type { ProducedPart } from './record-producer.ts';

/** What Kafka has acknowledged of a topic. */
export interface AcknowledgedTopic {
  /** A topic made anew has another. */
  readonly id: string;
  /** By partition: offset behind the last record of this uplink there, and the epoch of the leader that took it. */
  readonly ends: (readonly [offset: number, epoch: number] | null)[];
}

/** What has been acknowledged, by topic. */
export type Acknowledged = Readonly<Record<string, AcknowledgedTopic>>;

/** Numbers of the next records, by topic and partition. */
export type NextNumbers = Readonly<Record<string, readonly number[]>>;

/** A place to go back to. */
export interface UplinkMark {
  readonly position: Offset;
  readonly numbers: NextNumbers;
  readonly acknowledged: Acknowledged;
}

/** What Kafka has lost of what it had acknowledged. */
export interface KafkaLoss {
  readonly cuts: readonly LogCut[];
  /** The newest place all of whose records Kafka still has; undefined when none is remembered. */
  readonly mark: UplinkMark | undefined;
}

interface KeptMark extends UplinkMark {
  readonly atMs: number;
  /** Bytes sent before, since the start. */
  readonly bytes: number;
}

/** What an uplink remembers when it is started again. */
export interface RememberedUplink {
  readonly position: Offset;
  readonly numbers: NextNumbers;
  readonly acknowledged: Acknowledged;
  /** Oldest first. */
  readonly marks: readonly UplinkMark[];
}

const MARK_EVERY_MS = 1_000;
const FILE_EVERY_MS = 5_000;
/** Partitions in all marks together, so that neither memory nor the file grows with the topics. */
const MARKED_PLACES = 200_000;
const MARKS_LEAST = 4;

/**
 * Remembers what Kafka has acknowledged, and from where on to send again what Kafka has lost: places close to each other
 * for the last minute, further apart before. Holds what was acknowledged a short time ago in the journal, since Kafka may
 * not have it on disk yet.
 */
export class UplinkMemory {
  readonly #clock: { monotonicMs(): number };
  #marks: KeptMark[];
  #acknowledged: Map<string, AcknowledgedTopic>;
  #bytes = 0;
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor(
    clock: { monotonicMs(): number },
    { position, numbers, acknowledged, marks }: RememberedUplink,
  ) {
    this.#clock = clock;
    const kept = { atMs: clock.monotonicMs(), bytes: 0 };
    this.#acknowledged = new Map(Object.entries(acknowledged));
    this.#marks = marks.filter((mark) => mark.position <= position).map((mark) => ({ ...mark, ...kept }));
    if (this.#marks.at(-1)?.position !== position)
      this.#marks.push({ position, numbers, acknowledged, ...kept });
  }

  /** What is known to be acknowledged, as a copy. */
  get acknowledged(): Acknowledged {
    return Object.fromEntries(
      [...this.#acknowledged].map(([topic, { id, ends }]) => [topic, { id, ends: [...ends] }]),
    );
  }

  /** The places to go back to, oldest first. */
  get marks(): readonly UplinkMark[] {
    return this.#marks.map(({ position, numbers, acknowledged }) => ({ position, numbers, acknowledged }));
  }

  /** Kafka has taken parts. */
  taken(produced: readonly ProducedPart[]): void {
    for (const { part, baseOffset, topicId, leaderEpoch, refusal } of produced) {
      const { topic, partition, set } = part;
      this.#bytes += set.bytes.byteLength;
      // of a batch that was taken twice Kafka does not tell the place: the one before is good too
      if (refusal || baseOffset < 0) continue;
      const known = this.#acknowledged.get(topic);
      const own: AcknowledgedTopic = known?.id === topicId ? known : { id: topicId, ends: [] };
      while (own.ends.length <= partition) own.ends.push(null);
      own.ends[partition] = [baseOffset + set.count, leaderEpoch];
      if (own !== known) this.#acknowledged.set(topic, own);
    }
  }

  /** Everything below a position is in Kafka; remembered when the last mark is old enough. */
  reached(position: Offset, numbers: ReadonlyMap<string, readonly number[]>): void {
    const atMs = this.#clock.monotonicMs();
    const last = this.#marks.at(-1);
    if (last && atMs - last.atMs < MARK_EVERY_MS) return;
    const copied = Object.fromEntries([...numbers].map(([topic, next]) => [topic, [...next]]));
    this.#marks.push({
      position,
      numbers: copied,
      acknowledged: this.acknowledged,
      atMs,
      bytes: this.#bytes,
    });
    const places = [...numbers.values()].reduce((sum, next) => sum + next.length, 0);
    const most = Math.max(
      MARKS_LEAST,
      Math.min(LIMITS.kafkaMarks.value, Math.floor(MARKED_PLACES / Math.max(1, places))),
    );
    if (this.#marks.length <= most) return;
    const half = Math.ceil(this.#marks.length / 2);
    this.#marks = this.#marks.filter((_, i) => i >= half || i % 2 === 0);
  }

  /** Offset from which on the journal has to keep its records: what was acknowledged within the hold. */
  floor(position: Offset): Offset {
    const nowMs = this.#clock.monotonicMs();
    const isPast = ({ atMs, bytes }: KeptMark): boolean =>
      nowMs - atMs >= LIMITS.kafkaHoldMs.value || this.#bytes - bytes >= LIMITS.kafkaHoldBytes.value;
    const past = this.#marks.findLast(isPast) ?? this.#marks[0];
    return Math.min(position, past?.position ?? position);
  }

  /** Asks Kafka whether it has everything that it acknowledged; undefined when it has. Fails with the `kafka-` codes. */
  async look(client: KafkaClient): Promise<KafkaLoss | undefined> {
    const known = [...this.#acknowledged].flatMap(([topic, { id: topicId, ends }]) =>
      ends.flatMap((end, partition) =>
        end ? [{ topic, topicId, partition, offset: end[0], epoch: end[1] }] : [],
      ),
    );
    const cuts = await findCuts(client, known);
    if (cuts.length === 0) return undefined;
    const has = (mark: UplinkMark): boolean =>
      cuts.every(({ topic, partition, end }) => {
        const then = mark.acknowledged[topic];
        const isSame = then?.id === this.#acknowledged.get(topic)?.id;
        return (isSame ? (then?.ends[partition]?.[0] ?? 0) : 0) <= end;
      });
    return { cuts, mark: this.#marks.findLast(has) };
  }

  /** The place to go back to: that of the loss, or the oldest of which the journal holds all that follows. */
  backFor({ mark }: KafkaLoss, start: Offset): UplinkMark | undefined {
    return mark && mark.position >= start ? mark : this.#marks.find(({ position }) => position >= start);
  }

  /** Everything behind a place is sent again; without one only what was not sent yet. */
  backTo(mark: UplinkMark | undefined, { cuts }: KafkaLoss): void {
    const then = mark?.acknowledged ?? this.acknowledged;
    if (mark) this.#marks = this.#marks.filter(({ position }) => position <= mark.position);
    this.#acknowledged = new Map();
    for (const [topic, { id, ends }] of Object.entries(then)) {
      const ofTopic = cuts.filter((cut) => cut.topic === topic);
      if (ofTopic.some(({ isOther }) => isOther)) continue;
      const left = ends.map((end, partition) => {
        const cut = ofTopic.find((one) => one.partition === partition);
        return end && cut && end[0] > cut.end ? null : end;
      });
      this.#acknowledged.set(topic, { id, ends: left });
    }
  }

  /** Whether the marks should be written again; true once. */
  isFileDue(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#writtenMs < FILE_EVERY_MS) return false;
    this.#writtenMs = nowMs;
    return true;
  }
}

/** What Kafka has lost, in words. */
export function lossWords({ cuts }: KafkaLoss): string {
  const [first] = cuts;
  if (!first) return 'Kafka has lost nothing.';
  const { topic, partition, end, isOther } = first;
  const more = cuts.length > 1 ? `, and of ${cuts.length - 1} more` : '';
  return isOther
    ? `The Kafka topic ${topic} has gone or was made anew${more}: what it had acknowledged is not there.`
    : `Kafka has records of ${topic}/${partition} up to ${end} only, and had acknowledged more${more}.`;
}

/** Tells what was lost, and how much of it is sent again. */
export function tellLoss(
  { logger, journal }: { readonly logger: Logger; readonly journal: { readonly start: Offset } },
  loss: KafkaLoss,
  again: number,
  mark: UplinkMark | undefined,
): void {
  const reason = lossWords(loss);
  logger.log('error', 'Kafka has lost records that it had acknowledged; they are sent again', {
    reason,
    again,
    from: mark?.position,
  });
  if (mark === undefined || mark !== loss.mark)
    logger.log('error', 'Kafka has lost records that the buffer does not hold any more', {
      reason,
      start: journal.start,
    });
}
