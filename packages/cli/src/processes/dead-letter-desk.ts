import { ApiError, type DeadLetterChoice, type DeadLetterOutcome } from '@skerry/api';
import { encodeHeaders, HEADER, RECORD_KIND } from '@skerry/journal';
import type { Clock } from '@skerry/kernel';
import type { DeadLetter } from '@skerry/model';
import type { PipelineClient } from '@skerry/pipeline';
import type { PlatformIngress } from './platform-ingress.ts';

/** What the desk works with. */
export interface DeskNeeds {
  readonly pipeline: Pick<PipelineClient, 'request'>;
  readonly ingress: Pick<PlatformIngress, 'addOther'>;
  /** Resolves when everything added so far is durable. */
  readonly flush: () => Promise<void>;
  readonly clock: Pick<Clock, 'nowMicros' | 'startTimer'>;
}

const PAGE_LETTERS = 200;
/** How long a caller waits for the disk; the API's own clients give up later. */
const DURABLE_MS = 10_000;
const encoder = new TextEncoder();

/**
 * Asks for dead letters to be offered again or given up: one journal record each, durable when it resolves. The pipeline
 * applies each once, in log order, so asking twice changes nothing. Fails with `unavailable` when the journal does not make
 * them durable in time; they then apply when it does.
 */
export async function changeDeadLetters(
  kind: 'replay' | 'discard',
  choice: DeadLetterChoice,
  author: string,
  needs: DeskNeeds,
): Promise<DeadLetterOutcome> {
  let changed = 0;
  let unchanged = 0;
  for await (const letter of lettersOf(choice, needs)) {
    if (letter.state !== 'open') {
      unchanged++;
      continue;
    }
    changed++;
    needs.ingress.addOther({
      kind: RECORD_KIND[kind],
      qos: letter.qos,
      retain: false,
      project: -1,
      receivedMicros: needs.clock.nowMicros(),
      topic: encoder.encode(letter.topic),
      client: encoder.encode(letter.client),
      payload: kind === 'replay' ? letter.payload : new Uint8Array(0),
      headers: headersOf(kind, letter, author),
    });
    if (changed % PAGE_LETTERS === 0) await durable(needs);
  }
  await durable(needs);
  return { changed, unchanged };
}

/** A replay has the headers of the record: its content type, its number, and the device that it is bound to. */
function headersOf(kind: 'replay' | 'discard', letter: DeadLetter, author: string): Uint8Array {
  const own = encodeHeaders([
    { key: HEADER.replayOf, value: encoder.encode(String(letter.offset)) },
    { key: HEADER.author, value: encoder.encode(author) },
  ]);
  return kind === 'replay' && letter.headers ? Buffer.concat([letter.headers, own]) : own;
}

async function durable({ flush, clock }: DeskNeeds): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = clock.startTimer(DURABLE_MS, () =>
    late.reject(
      new ApiError(
        'unavailable',
        `the journal has not made the request durable in ${DURABLE_MS / 1_000} s; it applies when it has, and asking again is harmless`,
      ),
    ),
  );
  try {
    await Promise.race([flush(), late.promise]);
  } finally {
    timer[Symbol.dispose]();
  }
}

async function* lettersOf(choice: DeadLetterChoice, needs: DeskNeeds): AsyncGenerator<DeadLetter> {
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
