import type { SeededRandom } from '@skerry/kernel/testing';
import { type AccessWorld, ALL, type Answered, type Asking, mayNaively, type Place } from './access-world.ts';

/** What is asked for a probe. */
export interface Visit {
  readonly world: AccessWorld;
  readonly asking: Asking;
  readonly place: Place;
  readonly random: SeededRandom;
}

/** One comparison: whether somebody was let in, and whether the oracle lets them in. */
export interface Verdict {
  readonly isLetIn: boolean;
  readonly isWanted: boolean;
  /** Where, unless it is the place of the visit. */
  readonly where?: string;
}

/** Asks one operation and compares. */
export type Probe = (visit: Visit) => Promise<readonly Verdict[]>;

/** Whether an answer let somebody in; other statuses than these are a fault of the question. */
export function letIn({ status, text }: Answered, refusals: readonly number[] = [403, 404]): boolean {
  if (status !== 200 && !refusals.includes(status))
    throw new TypeError(`A question was answered ${status}: ${text.slice(0, 300)}`);
  return status === 200;
}

/** One that a subject may ask when it may do something anywhere, or only everywhere. */
export function of(
  method: string,
  path: string,
  isWanted: (asking: Asking) => boolean,
  body?: object,
  refusals?: readonly number[],
): Probe {
  return async ({ world, asking }) => [
    {
      isLetIn: letIn(await world.ask(asking, method, path, body), refusals),
      isWanted: isWanted(asking),
      where: '',
    },
  ];
}

/** Whether somebody may do something to everything. */
export const everywhere = (what: string) => (asking: Asking) => mayNaively(asking, what, ALL);
/** Whoever asks. */
export const always = () => true;
/** Nobody. */
export const never = () => false;

/** A pipeline of a project. */
export function aPipeline(name: string, { tenant, project }: Place, version = 0) {
  const match = { tenant, project };
  const stages = [{ name: 'keep', type: 'Filter', keep: `${version} < 9` }];
  return { apiVersion: 'skerry.dev/v1alpha1', kind: 'Pipeline', metadata: { name }, spec: { match, stages } };
}

/** Name of the pipeline that each project has from the beginning. */
export function pipelineOf({ places }: AccessWorld, { tenant, project }: Place): string {
  return `p${places.findIndex((one) => one.tenant === tenant && one.project === project)}`;
}
