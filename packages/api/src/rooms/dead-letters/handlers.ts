import { type DeadLetterReason, isAllowed, type Scope } from '@skerry/model';
import type { Asker } from '../../admission.ts';
import type { Call, Handlers } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import type { DeadLetterChoice, DeadLetterOutcome } from '../../platform.ts';
import { scopesFor } from '../../scoping.ts';
import { showDeadLetter, showPayload } from '../../shape.ts';

type DeadLetterIds =
  | 'listDeadLetters'
  | 'countDeadLetters'
  | 'getDeadLetter'
  | 'replayDeadLetters'
  | 'discardDeadLetters'
  | 'replayDeadLetter'
  | 'discardDeadLetter';

const REASONS = [
  'unknown-topic',
  'undecodable',
  'series-limit',
  'too-many-points',
  'stage-failed',
  'kafka-refused',
] as const satisfies readonly DeadLetterReason[];

type Needs = Pick<HandlerNeeds, 'platform' | 'access'>;

/** Serves the dead letters. Those of an unknown tenant are seen by who sees everything. */
export function deadLetterHandlers(needs: Needs): Handlers<DeadLetterIds> {
  const { platform } = needs;
  return {
    listDeadLetters: async ({ asker, query }) => {
      const { cursor, limit = 100, ...narrowing } = query;
      const scopes = scopesFor(asker.subject, 'dead-letters:read');
      const asked = { ...narrowing, ...scopes, ...afterOffset(cursor), limit: limit + 1 };
      const letters = await platform.deadLetters(asked);
      const items = letters.slice(0, limit).map(showDeadLetter);
      const last = items.at(-1);
      return {
        items,
        cursor: last && letters.length > limit ? writeCursor('dead-letters', [last.offset]) : null,
      };
    },
    countDeadLetters: async ({ asker, query }) => {
      const counts = await platform.deadLetterReasons({
        ...query,
        ...scopesFor(asker.subject, 'dead-letters:read'),
      });
      const reasons = REASONS.map((reason) => ({ reason, open: counts[reason] }));
      return { open: reasons.reduce((sum, { open }) => sum + open, 0), reasons };
    },
    getDeadLetter: async ({ asker, params }) => {
      const letter = await platform.deadLetter(params.offset);
      if (!letter || !isAllowed(asker.subject, 'dead-letters:read', letter))
        throw unknownLetter(params.offset);
      const { payload, ...entry } = letter;
      const shown = showDeadLetter({ ...entry, payloadBytes: payload.byteLength });
      return { ...shown, payload: showPayload(payload) };
    },
    replayDeadLetters: (call) => changeMany(call, needs, 'replay'),
    discardDeadLetters: (call) => changeMany(call, needs, 'discard'),
    replayDeadLetter: (call) => changeOne(call, needs, 'replay'),
    discardDeadLetter: (call) => changeOne(call, needs, 'discard'),
  };
}

async function changeMany(
  { asker, body }: Call<'replayDeadLetters' | 'discardDeadLetters'>,
  needs: Needs,
  kind: 'replay' | 'discard',
): Promise<DeadLetterOutcome> {
  const { all, ...narrowing } = body;
  if (all !== true && Object.keys(narrowing).length === 0) {
    const wanted = 'wanted reason, tenant, project or device, or "all": true for every open letter';
    throw new ApiError('invalid-request', `the body names no dead letters: ${wanted}`);
  }
  const filter = { ...narrowing, ...scopesFor(asker.subject, 'dead-letters:change') };
  return await change(asker, needs, kind, { filter }, `letters ${JSON.stringify(body)}`, body);
}

async function changeOne(
  { asker, params }: Call<'replayDeadLetter' | 'discardDeadLetter'>,
  needs: Needs,
  kind: 'replay' | 'discard',
): Promise<DeadLetterOutcome> {
  const { offset } = params;
  const letter = await needs.platform.deadLetter(offset);
  if (!letter || !isAllowed(asker.subject, 'dead-letters:change', letter)) throw unknownLetter(offset);
  return await change(asker, needs, kind, { offset }, `letter ${offset}`, letter);
}

/** Notes who asks for what, and asks the platform. */
function change(
  { subject, from }: Asker,
  { platform, access }: Needs,
  kind: 'replay' | 'discard',
  choice: DeadLetterChoice,
  target: string,
  { tenant, project, device }: Scope,
): Promise<DeadLetterOutcome> {
  const scope: Scope = {
    ...(tenant === undefined || tenant === '' ? {} : { tenant }),
    ...(project === undefined || project === '' ? {} : { project }),
    ...(device === undefined || device === '' ? {} : { device }),
  };
  const note = { author: subject.name, action: `dead-letters.${kind}`, target, from, scope };
  return access.audit.around(note, () =>
    kind === 'replay'
      ? platform.replayDeadLetters(choice, subject.name)
      : platform.discardDeadLetters(choice, subject.name),
  );
}

function afterOffset(cursor: string | undefined): { after?: number } {
  return cursor === undefined ? {} : { after: Number(readCursor('dead-letters', cursor, ['number'])[0]) };
}

function unknownLetter(offset: number): ApiError {
  return new ApiError('not-found', `no dead letter has the offset ${offset}`);
}
