import { ApiProblem, type DeadLetter, type SkerryClient } from '@skerry/client';
import type { Clock } from '@skerry/kernel';
import type { ChaosCase } from './chaos-cases.ts';
import type { ChaosAnswer } from './chaos-client.ts';
import type { ChaosFate } from './chaos-row.ts';

/** As whom a case spoke. */
export interface ChaosSpeaker {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly clientId: string;
}

const LOOK_MS = 50;
const PATIENCE_MS = 10_000;
const NOTHING: ChaosFate = { kind: 'nothing', reason: '', detail: '' };

/** Looks up in the API what became of inputs that were acknowledged. */
export class ChaosWitness {
  readonly #client: SkerryClient;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #signal: AbortSignal;

  constructor(client: SkerryClient, clock: Pick<Clock, 'monotonicMs' | 'sleep'>, signal: AbortSignal) {
    this.#client = client;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** The fate of an acknowledged input, waited for; undefined where nothing was acknowledged. */
  async fateOf(
    { expected }: ChaosCase,
    speaker: ChaosSpeaker,
    { accepted }: ChaosAnswer,
  ): Promise<ChaosFate | undefined> {
    if (accepted === 0) return undefined;
    const deadlineMs = this.#clock.monotonicMs() + PATIENCE_MS;
    while (this.#clock.monotonicMs() < deadlineMs && !this.#signal.aborted) {
      const isTopicWrong = expected.kind === 'dead-lettered' && expected.reason === 'unknown-topic';
      const letter = await this.#letterOf(speaker, isTopicWrong);
      if (letter) return { kind: 'dead-lettered', reason: letter.reason, detail: letter.detail };
      if (expected.kind === 'stored' && (await this.#isStored(speaker)))
        return { ...NOTHING, kind: 'stored' };
      await this.#clock.sleep(LOOK_MS, this.#signal);
    }
    return NOTHING;
  }

  async #letterOf(speaker: ChaosSpeaker, isTopicWrong: boolean): Promise<DeadLetter | undefined> {
    const { tenant, project, device, clientId } = speaker;
    const narrowing = isTopicWrong ? ({ reason: 'unknown-topic' } as const) : { tenant, project, device };
    let cursor: string | null = null;
    do {
      const page = await this.#client.listDeadLetters(
        { ...narrowing, limit: 1_000, ...(cursor === null ? {} : { cursor }) },
        { signal: this.#signal },
      );
      const found = page.items.find((letter) => letter.client === clientId);
      if (found) return found;
      cursor = page.cursor;
    } while (cursor !== null);
    return undefined;
  }

  async #isStored({ tenant, project, device }: ChaosSpeaker): Promise<boolean> {
    try {
      const { accounts } = await this.#client.getDevice(
        { tenant, project, device },
        { signal: this.#signal },
      );
      return accounts.stored > 0;
    } catch (cause) {
      if (cause instanceof ApiProblem && cause.code === 'not-found') return false;
      throw cause;
    }
  }
}
