import { ApiError, type DeadLetterChoice, type DeadLetterOutcome } from '@skerry/api';
import { decodeHeaders, encodeHeaders, HEADER, JournalError } from '@skerry/journal';
import type { AppendedPartition, PartitionAppender } from '@skerry/journal/kafka';
import type { Clock } from '@skerry/kernel';
import type { DeadLetter } from '@skerry/model';
import type { PipelineClient } from '@skerry/pipeline';
import type { PostgresReadings, ReadingSource } from '@skerry/series/postgres';
import { LIMITS } from '../../limits.ts';
import { lettersOf, openOf, recordOf } from '../dead-letter-desk.ts';

/** What the desk of a larger site works with. */
export interface LetterDeskNeeds {
  readonly pipeline: Pick<PipelineClient, 'request'>;
  readonly readings: Pick<PostgresReadings, 'sources'>;
  readonly appender: Pick<PartitionAppender, 'append'>;
  readonly clock: Pick<Clock, 'nowMicros' | 'startTimer' | 'sleep'>;
}

/** A public number is the offset times this, plus the number of the source. */
const SOURCES = 4_096;
/** Letters of one batch at most, and their bytes: one batch is one message to Kafka. */
const PAGE_LETTERS = 200;
const PAGE_BYTES = 512 * 1024;
/** How long a caller waits for Kafka. */
const DURABLE_MS = 10_000;
const ASK_MS = 50;

type Kind = 'replay' | 'discard';
type Wanted = Pick<DeadLetterOutcome, 'undecided'> & { readonly judged: readonly number[] };

/**
 * Asks for dead letters to be offered again or given up: one record each, into the partition that the letter came from,
 * whose pipeline applies each once and in order with everything else of it; asking twice, or two people at once, changes
 * nothing more. Resolves when they are in Kafka and judged, or, when a writer does not come to them in
 * `deadLetterVerdictMs`, with those counted as undecided. Fails with `unavailable` when Kafka does not take them in
 * time, or has made the partition anew; what it took then applies all the same.
 */
export async function changeLettersInKafka(
  kind: Kind,
  choice: DeadLetterChoice,
  author: string,
  needs: LetterDeskNeeds,
): Promise<DeadLetterOutcome> {
  const bySource = new Map<number, DeadLetter[]>();
  let unchanged = 0;
  for await (const letter of lettersOf(choice, needs)) {
    const source = letter.offset % SOURCES;
    if (letter.state === 'open') bySource.set(source, [...(bySource.get(source) ?? []), letter]);
    else unchanged++;
  }
  const sources = await needs.readings.sources();
  const asked = await Promise.all(
    [...bySource].map(async ([number, letters]): Promise<Wanted> => {
      const source = sources.find(({ id }) => id === number);
      if (!source) throw new ApiError('unavailable', `the source ${number} of a dead letter is not known`);
      const end = await put(kind, source, letters, author, needs);
      const isJudged = await isPast(number, end, needs);
      return {
        judged: isJudged ? letters.map(({ offset }) => offset) : [],
        undecided: isJudged ? 0 : letters.length,
      };
    }),
  );
  const judged = asked.flatMap((one) => one.judged).sort((a, b) => a - b);
  const failedAgain = await openOf(judged, needs);
  const undecided = asked.reduce((sum, one) => sum + one.undecided, 0);
  return { changed: judged.length - failedAgain, failedAgain, undecided, unchanged };
}

/** Resolves with the offset behind the last record, as the writer counts, when Kafka has all of them. */
async function put(
  kind: Kind,
  source: ReadingSource,
  letters: readonly DeadLetter[],
  author: string,
  { appender, clock }: LetterDeskNeeds,
): Promise<number> {
  const patience = new AbortController();
  using _timer = clock.startTimer(DURABLE_MS, () => patience.abort());
  let end = 0;
  try {
    for (const page of pagesOf(letters)) {
      const records = page.map((letter) => recordOf(kind, withoutOrigin(letter), author, clock.nowMicros()));
      end = (await appender.append(placeOfSource(source), records, patience.signal)) + records.length;
    }
    return end + source.shift;
  } catch (fault) {
    if (!(fault instanceof JournalError)) throw fault;
    const words =
      fault.code === 'journal-foreign'
        ? `the dead letters of ${source.label} belong to a topic that has been made anew; they can be shown, and not be changed`
        : `Kafka has not taken the request in ${DURABLE_MS / 1_000} s (${fault.message}); what it took applies, and asking again is harmless`;
    throw new ApiError('unavailable', words);
  }
}

/** Cuts letters into batches; one that is larger than a batch has one of its own. */
function pagesOf(letters: readonly DeadLetter[]): DeadLetter[][] {
  const pages: DeadLetter[][] = [];
  let bytes = PAGE_BYTES;
  for (const letter of letters) {
    const page = pages.at(-1);
    bytes += letter.payload.byteLength;
    if (page && page.length < PAGE_LETTERS && bytes <= PAGE_BYTES) page.push(letter);
    else {
      pages.push([letter]);
      bytes = letter.payload.byteLength;
    }
  }
  return pages;
}

/** The partition's own offset in place of the public number, and no origin: a gateway has not sent it again. */
function withoutOrigin({ offset, headers, ...letter }: DeadLetter): DeadLetter {
  const kept = headers && encodeHeaders(decodeHeaders(headers).filter(({ key }) => key !== HEADER.origin));
  return {
    ...letter,
    offset: Math.floor(offset / SOURCES),
    ...(kept && kept.length > 0 ? { headers: kept } : {}),
  };
}

/** The partition of a source. */
export function placeOfSource({ label, journalId }: ReadingSource): AppendedPartition {
  const slash = label.lastIndexOf('/');
  return { topic: label.slice(0, slash), partition: Number(label.slice(slash + 1)), journalId };
}

/** Whether the source's position has passed an offset; waits for it, within bounds. */
async function isPast(
  source: number,
  end: number,
  { readings, clock }: Pick<LetterDeskNeeds, 'readings' | 'clock'>,
): Promise<boolean> {
  const patience = { isOver: false };
  using _timer = clock.startTimer(LIMITS.deadLetterVerdictMs.value, () => {
    patience.isOver = true;
  });
  for (;;) {
    const sources = await readings.sources();
    if (sources.some(({ id, position }) => id === source && position >= end)) return true;
    if (patience.isOver) return false;
    await clock.sleep(ASK_MS);
  }
}
