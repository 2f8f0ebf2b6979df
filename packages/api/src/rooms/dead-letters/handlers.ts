import type { Call, Handlers } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError } from '../../errors.ts';
import type { DeadLetterChoice, DeadLetterOutcome, Platform } from '../../platform.ts';
import { showDeadLetter, showPayload } from '../../shape.ts';

/** Who changes things before users exist. */
const AUTHOR = 'local';

type DeadLetterIds =
  | 'listDeadLetters'
  | 'getDeadLetter'
  | 'replayDeadLetters'
  | 'discardDeadLetters'
  | 'replayDeadLetter'
  | 'discardDeadLetter';

/** Serves the dead letters. */
export function deadLetterHandlers(platform: Platform): Handlers<DeadLetterIds> {
  const replay = (choice: DeadLetterChoice) => platform.replayDeadLetters(choice, AUTHOR);
  const discard = (choice: DeadLetterChoice) => platform.discardDeadLetters(choice, AUTHOR);
  return {
    listDeadLetters: async ({ query }) => {
      const { cursor, limit = 100, ...narrowing } = query;
      const letters = await platform.deadLetters({ ...narrowing, ...afterOffset(cursor), limit: limit + 1 });
      const items = letters.slice(0, limit).map(showDeadLetter);
      const last = items.at(-1);
      return {
        items,
        cursor: last && letters.length > limit ? writeCursor('dead-letters', [last.offset]) : null,
      };
    },
    getDeadLetter: async ({ params }) => {
      const letter = await platform.deadLetter(params.offset);
      if (!letter) throw unknownLetter(params.offset);
      const { payload, ...entry } = letter;
      const shown = showDeadLetter({ ...entry, payloadBytes: payload.byteLength });
      return { ...shown, payload: showPayload(payload) };
    },
    replayDeadLetters: ({ body }) => replay({ filter: body }),
    discardDeadLetters: ({ body }) => discard({ filter: body }),
    replayDeadLetter: (call) => changeOne(call, platform, replay),
    discardDeadLetter: (call) => changeOne(call, platform, discard),
  };
}

async function changeOne(
  call: Call<'replayDeadLetter' | 'discardDeadLetter'>,
  platform: Platform,
  change: (choice: DeadLetterChoice) => Promise<DeadLetterOutcome>,
) {
  const { offset } = call.params;
  if (!(await platform.deadLetter(offset))) throw unknownLetter(offset);
  return change({ offset });
}

function afterOffset(cursor: string | undefined): { after?: number } {
  return cursor === undefined ? {} : { after: Number(readCursor('dead-letters', cursor, ['number'])[0]) };
}

function unknownLetter(offset: number): ApiError {
  return new ApiError('not-found', `no dead letter has the offset ${offset}`);
}
