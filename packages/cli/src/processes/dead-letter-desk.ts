import { ApiError, type DeadLetterChoice, type DeadLetterOutcome } from '@skerry/api';
import { encodeHeaders, HEADER, RECORD_KIND, type RecordInput } from '@skerry/journal';
import type { Clock } from '@skerry/kernel';
import type { DeadLetter } from '@skerry/model';
import type { PipelineClient } from '@skerry/pipeline';
import { LIMITS } from '../limits.ts';
import type { PlatformIngress } from './platform-ingress.ts';

/** What the desk works with. */
export interface DeskNeeds {
  readonly pipeline: Pick<PipelineClient, 'request'>;
  readonly ingress: Pick<PlatformIngress, 'addAwaited'>;
  readonly clock: Pick<Clock, 'nowMicros' | 'startTimer' | 'sleep'>;
}

const PAGE_LETTERS = 200;
/** How long a caller waits for the disk; the API's own clients give up later. */
const DURABLE_MS = 10_000;
const ASK_MS = 25;
const encoder = new TextEncoder();

/**
 * Asks for dead letters to be offered again or given up: one journal record each. The pipeline applies each once, in log
 * order, so asking twice changes nothing. Resolves when they are durable and the pipeline has judged them, or, when it does
 * not come to them in `deadLetterVerdictMs`, with the rest counted as undecided. Fails with `unavailable` when the journal
 * does not make them durable in time; they then apply when it does.
 */
export async function changeDeadLetters(
  kind: 'replay' | 'discard',
  choice: DeadLetterChoice,
  author: string,
  needs: DeskNeeds,
): Promise<DeadLetterOutcome> {
  const asked: number[] = [];
  let unchanged = 0;
  let end = 0;
  let page: RecordInput[] = [];
  const append = async (): Promise<void> => {
    if (page.length > 0) end = (await durable(needs, page)) + 1;
    page = [];
  };
  for await (const letter of lettersOf(choice, needs)) {
    if (letter.state !== 'open') {
      unchanged++;
      continue;
    }
    asked.push(letter.offset);
    page.push(recordOf(kind, letter, author, needs.clock.nowMicros()));
    if (page.length === PAGE_LETTERS) await append();
  }
  await append();
  if (!(await isJudged(end, needs)))
    return { changed: 0, failedAgain: 0, undecided: asked.length, unchanged };
  const open = await openOf(asked, needs);
  return { changed: asked.length - open, failedAgain: open, undecided: 0, unchanged };
}

/** The record that asks for it; `letter.offset` is the one of the journal that judges it. */
export function recordOf(
  kind: 'replay' | 'discard',
  letter: DeadLetter,
  author: string,
  receivedMicros: number,
): RecordInput {
  return {
    kind: RECORD_KIND[kind],
    qos: letter.qos,
    retain: false,
    project: -1,
    receivedMicros,
    topic: encoder.encode(letter.topic),
    client: encoder.encode(letter.client),
    payload: kind === 'replay' ? letter.payload : new Uint8Array(0),
    headers: headersOf(kind, letter, author),
  };
}

/** Whether the pipeline has a verdict on every record before `end`; waits for it, within bounds. */
async function isJudged(end: number, { pipeline, clock }: DeskNeeds): Promise<boolean> {
  const patience = { isOver: false };
  using _timer = clock.startTimer(LIMITS.deadLetterVerdictMs.value, () => {
    patience.isOver = true;
  });
  for (;;) {
    if ((await pipeline.request('figures')).position >= end) return true;
    if (patience.isOver) return false;
    await clock.sleep(ASK_MS);
  }
}

/** How many of these letters, in rising order, are open. */
export async function openOf(
  offsets: readonly number[],
  { pipeline }: Pick<DeskNeeds, 'pipeline'>,
): Promise<number> {
  const wanted = new Set(offsets);
  const last = offsets.at(-1) ?? -1;
  let after = (offsets[0] ?? 0) - 1;
  let open = 0;
  while (after < last) {
    const heads = await pipeline.request('deadLetters', { state: 'open', after, limit: PAGE_LETTERS });
    open += heads.filter(({ offset }) => wanted.has(offset)).length;
    if (heads.length < PAGE_LETTERS) break;
    after = heads.at(-1)?.offset ?? last;
  }
  return open;
}

/** A replay has the headers of the record: its content type, its number, and the device that it is bound to. */
function headersOf(kind: 'replay' | 'discard', letter: DeadLetter, author: string): Uint8Array {
  const own = encodeHeaders([
    { key: HEADER.replayOf, value: encoder.encode(String(letter.offset)) },
    { key: HEADER.author, value: encoder.encode(author) },
  ]);
  return kind === 'replay' && letter.headers ? Buffer.concat([letter.headers, own]) : own;
}

/** Resolves with the offset of the last of the records when all are durable. */
async function durable({ ingress, clock }: DeskNeeds, records: readonly RecordInput[]): Promise<number> {
  const late = Promise.withResolvers<never>();
  using _timer = clock.startTimer(DURABLE_MS, () =>
    late.reject(
      new ApiError(
        'unavailable',
        `the journal has not made the request durable in ${DURABLE_MS / 1_000} s; it applies when it has, and asking again is harmless`,
      ),
    ),
  );
  return (await Promise.race([ingress.addAwaited(records), late.promise])).lastOffset;
}

/** The letters of a choice: the one that is named, whatever its state, or the open ones that pass the filter. */
export async function* lettersOf(
  choice: DeadLetterChoice,
  needs: Pick<DeskNeeds, 'pipeline'>,
): AsyncGenerator<DeadLetter> {
  if ('offset' in choice) {
    const letter = await needs.pipeline.request('deadLetter', choice.offset);
    if (letter) yield letter;
    return;
  }
  let after = -1;
  for (;;) {
    const filter = { ...choice.filter, state: 'open', after, limit: PAGE_LETTERS } as const;
    const heads = await needs.pipeline.request('deadLetters', filter);
    for (const { offset } of heads) {
      const letter = await needs.pipeline.request('deadLetter', offset);
      if (letter) yield letter;
      after = offset;
    }
    if (heads.length < PAGE_LETTERS) return;
  }
}
