import { isAllowed, type Subject } from '@skerry/model';
import type { Handlers } from '../../call.ts';
import { ApiError } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import type { Model } from '../../schemas.ts';
import { formatTime } from '../../time.ts';
import type { ChaosFate, ChaosRow, ChaosRun } from './chaos-desk.ts';

const DEFAULT_TENANT = 'chaos';

/** Serves the chaos runs: who may change simulations in the whole of a tenant may send bad inputs there. */
export function chaosHandlers({
  platform,
  access,
}: Pick<HandlerNeeds, 'platform' | 'access'>): Handlers<'listChaos' | 'startChaos' | 'stopChaos'> {
  const { chaos } = platform;
  const noteOf = ({ tenant, project }: { readonly tenant: string; readonly project?: string }) => ({
    target: 'Simulation/chaos',
    scope: { tenant, ...(project === undefined ? {} : { project }) },
  });
  return {
    listChaos: async ({ asker: { subject } }) => ({
      items: chaos
        .list()
        .filter((run) => isAllowed(subject, 'dead-letters:read', placeOf(run)))
        .map((run) => show(run, subject)),
      inputs: chaos.inputs,
    }),
    startChaos: async ({ asker: { subject, from }, body }) => {
      const { tenant = DEFAULT_TENANT } = body;
      if (!isAllowed(subject, 'simulation:change', { tenant })) {
        throw new ApiError('not-allowed', `${subject.name} may not simulation:change there`);
      }
      const note = { author: subject.name, action: 'simulation.start', from, ...noteOf({ tenant }) };
      return show(await access.audit.around(note, async () => chaos.start(tenant, subject.name)), subject);
    },
    stopChaos: async ({ asker: { subject, from }, params }) => {
      const found = chaos.list().find(({ id }) => id === params.id);
      if (!found || !isAllowed(subject, 'simulation:change', placeOf(found))) throw unknownRun(params.id);
      const note = { author: subject.name, action: 'simulation.stop', from, ...noteOf(found) };
      const run = await access.audit.around(note, () => chaos.stop(found.id));
      if (!run) throw unknownRun(params.id);
      return show(run, subject);
    },
  };
}

function unknownRun(id: string): ApiError {
  return new ApiError('not-found', `no chaos run has the id ${JSON.stringify(id)}`);
}

function placeOf({ tenant, project }: ChaosRun) {
  return { tenant, project };
}

function show({ startedMicros, rows, fault, ...run }: ChaosRun, subject: Subject): Model<'ChaosRun'> {
  return {
    ...run,
    started: formatTime(startedMicros),
    rows: rows.map((row) => showRow(row, subject)),
    fault: fault ?? null,
  };
}

/** A letter of no known tenant is read by who reads everything: nobody else has a right in no tenant. */
function showRow({ level, expected, answer, letter, ...row }: ChaosRow, subject: Subject) {
  const isReadable = letter && isAllowed(subject, 'dead-letters:read', letter);
  return {
    ...row,
    level: level ?? null,
    expected: showFate(expected),
    answer: showFate(answer),
    letter: isReadable ? letter.offset : null,
    detail: letter?.detail ?? '',
  };
}

function showFate({ kind, reason, code }: ChaosFate) {
  return { kind, reason: reason ?? null, code: code ?? null };
}
