import type { ChaosRow } from '@skerry/api';
import type { Random } from '@skerry/kernel';
import { type ChaosCase, chaosCases } from './chaos-cases.ts';
import { type ChaosAnswer, ChaosClient } from './chaos-client.ts';
import { rowOf } from './chaos-row.ts';
import type { ChaosSpeaker, ChaosWitness } from './chaos-witness.ts';
import type { MqttTarget } from './target.ts';

/** Tenant of the bad inputs unless it is told. */
export const CHAOS_TENANT = 'chaos';

const ANSWER_MS = 10_000;

/** Where bad inputs are sent, and as whom. */
export interface ChaosPlan {
  readonly target: MqttTarget;
  readonly tenant: string;
  /** A project that no other run has. */
  readonly project: string;
}

/** A name for the project of a run. */
export function chaosProject(random: Pick<Random, 'bytes'>): string {
  return Buffer.from(random.bytes(3)).toString('hex');
}

/** How many inputs a run sends. */
export function chaosInputs(): number {
  inputs ??= chaosCases().length; // their payloads are large, and most servers never send them
  return inputs;
}

let inputs: number | undefined;

/**
 * Sends every bad input of `chaosCases`, each as a device of its own, and yields what was answered to each before the next
 * is sent. `witness` looks up what became of what was acknowledged; without one that stays unknown. Ends early when
 * aborted; fails with `connect-failed`.
 */
export async function* runChaos(
  { target, tenant, project }: ChaosPlan,
  witness: ChaosWitness | undefined,
  signal: AbortSignal,
): AsyncGenerator<ChaosRow> {
  for (const [at, chaosCase] of chaosCases().entries()) {
    const speaker: ChaosSpeaker = {
      tenant,
      project,
      device: `case-${String(at + 1).padStart(3, '0')}`,
      clientId: `skerry-chaos-${project}-${at + 1}`,
    };
    const row = await judged(chaosCase, speaker, target, witness, signal).catch((fault: unknown) => {
      if (signal.aborted) return undefined;
      throw fault;
    });
    if (signal.aborted || !row) return; // what was not waited for has no verdict
    yield row;
  }
}

async function judged(
  chaosCase: ChaosCase,
  speaker: ChaosSpeaker,
  target: MqttTarget,
  witness: ChaosWitness | undefined,
  signal: AbortSignal,
): Promise<ChaosRow> {
  const answer = await send(chaosCase, speaker, target, signal);
  return rowOf(chaosCase, answer, await witness?.findOut(chaosCase, speaker, answer, signal));
}

async function send(
  chaosCase: ChaosCase,
  { tenant, project, device, clientId }: ChaosSpeaker,
  target: MqttTarget,
  signal: AbortSignal,
): Promise<ChaosAnswer> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  using client = await ChaosClient.open(target, chaosCase.level, inTime);
  if (chaosCase.joins) {
    const reason = await client.join(clientId, target, inTime);
    if (reason !== 0) return { ...client.answer, reason, answeredBy: 'connack' };
  }
  const parts = chaosCase.bytes({ topic: `iot/${tenant}/${project}/${device}/telemetry`, tenant });
  client.send(parts);
  if (chaosCase.isCut) client.cut();
  await client.until(({ isClosed, accepted, answeredBy }) => {
    if (chaosCase.expected.kind === 'closed') return isClosed;
    if (chaosCase.expected.kind === 'refused') return answeredBy !== undefined;
    return isClosed || accepted >= parts.length;
  }, inTime);
  return client.answer;
}
