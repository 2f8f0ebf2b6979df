import type { ChaosLetter, DeadLetterEntry, Platform } from '@skerry/api';
import type { Clock } from '@skerry/kernel';
import type { DeviceKey } from '@skerry/model';
import type { ChaosCase } from './chaos-cases.ts';
import type { ChaosAnswer } from './chaos-client.ts';
import type { Witnessed } from './chaos-row.ts';

/** As whom a case spoke. */
export interface ChaosSpeaker extends DeviceKey {
  readonly clientId: string;
}

/** Dead letters of a device, or those of a topic that fits no template and so has none. */
export type ChaosNarrowing = DeviceKey | { readonly reason: 'unknown-topic' };

/** Where a witness looks. */
export interface ChaosLook {
  /** A dead letter of the narrowing from this MQTT client; undefined while there is none. */
  letter(narrowing: ChaosNarrowing, clientId: string): Promise<ChaosLetter | undefined>;
  /** Whether anything of the device was stored. */
  isStored(device: DeviceKey): Promise<boolean>;
}

const LOOK_MS = 50;
const PATIENCE_MS = 10_000;
/** Dead letters that are asked for at a time. */
export const LETTERS_PAGE = 1_000;

/** Looks up what became of inputs that were acknowledged. */
export class ChaosWitness {
  readonly #look: ChaosLook;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;

  constructor(look: ChaosLook, clock: Pick<Clock, 'monotonicMs' | 'sleep'>) {
    this.#look = look;
    this.#clock = clock;
  }

  /** What became of an acknowledged input, waited for; undefined where nothing was acknowledged. */
  async findOut(
    { expected }: Pick<ChaosCase, 'expected'>,
    { clientId, ...device }: ChaosSpeaker,
    { accepted }: Pick<ChaosAnswer, 'accepted'>,
    signal: AbortSignal,
  ): Promise<Witnessed | undefined> {
    if (accepted === 0) return undefined;
    const narrowing: ChaosNarrowing =
      expected.reason === 'unknown-topic' ? { reason: expected.reason } : device;
    const deadlineMs = this.#clock.monotonicMs() + PATIENCE_MS;
    while (this.#clock.monotonicMs() < deadlineMs && !signal.aborted) {
      const letter = await this.#look.letter(narrowing, clientId);
      if (letter) return { kind: 'dead-lettered', letter };
      if (expected.kind === 'stored' && (await this.#look.isStored(device))) return { kind: 'stored' };
      await this.#clock.sleep(LOOK_MS, signal);
    }
    return { kind: 'nothing' };
  }
}

/** Looks into a platform of this process. */
export function lookInside(platform: Pick<Platform, 'deadLetters' | 'device'>): ChaosLook {
  return {
    async letter(narrowing, clientId) {
      let after: number | undefined;
      do {
        const page: readonly DeadLetterEntry[] = await platform.deadLetters({
          ...narrowing,
          limit: LETTERS_PAGE,
          ...(after === undefined ? {} : { after }),
        });
        const found = page.find(({ client }) => client === clientId);
        if (found) return chaosLetterOf(found);
        after = page.length < LETTERS_PAGE ? undefined : page.at(-1)?.offset;
      } while (after !== undefined);
      return undefined;
    },
    isStored: async (device) => ((await platform.device(device))?.accounts.stored ?? 0) > 0,
  };
}

/** What is told of a dead letter. */
export function chaosLetterOf({ tenant, project, device, offset, reason, detail }: ChaosLetter): ChaosLetter {
  return { tenant, project, device, offset, reason, detail };
}
