import type { Clock, Logger } from '@skerry/kernel';
import type { Seal, SeriesStore } from '@skerry/series';
import { PipelineError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** What a sealer works with. */
export interface SealerNeeds {
  readonly store: Pick<SeriesStore, 'seal'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Brings a seal into the store: tries again with growing pauses while the fault says so (a full disk), and fails with
 * `seal-failed` for any other. `retrying` is told the reason of each pause, and undefined at the end.
 * Resolves with false when it was aborted while it paused.
 */
export async function commitSeal(
  seal: Seal,
  needs: SealerNeeds,
  retrying: (reason: string | undefined) => void,
): Promise<boolean> {
  let pauseMs = 100;
  for (;;) {
    try {
      await needs.store.seal(seal);
      retrying(undefined);
      return true;
    } catch (fault) {
      const reason = fault instanceof Error ? fault.message : String(fault);
      if (adviceOf(fault) !== 'retry') {
        throw new PipelineError(
          'seal-failed',
          `Seal ${seal.number} of the records [${seal.from}, ${seal.position}) was refused by the store: ${reason}`,
          { seal: seal.number, from: seal.from, position: seal.position },
          fault,
        );
      }
      needs.logger.log('warn', 'A seal is tried again', { seal: seal.number, reason, pauseMs });
      retrying(`Seal ${seal.number} waits for the store: ${reason}`);
    }
    await needs.clock.sleep(pauseMs, needs.signal);
    if (needs.signal.aborted) return false;
    pauseMs = Math.min(LIMITS.retryMsMax.value, pauseMs * 2);
  }
}

/** Coded errors may have crossed a thread, so the advice is read, not the class. */
function adviceOf(fault: unknown): unknown {
  return typeof fault === 'object' && fault !== null ? Reflect.get(fault, 'advice') : undefined;
}
