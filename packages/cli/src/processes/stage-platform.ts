import { randomUUID } from 'node:crypto';
import {
  ApiError,
  type DocumentChange,
  type ShadowRange,
  type StagePlatform,
  type TrialSample,
} from '@skerry/api';
import { encodeHeaders, HEADER, RECORD_KIND } from '@skerry/journal';
import type { Clock } from '@skerry/kernel';
import type { StagesDocument } from '@skerry/model';
import type { ChangeOutcome, PipelineClient, StageChange } from '@skerry/pipeline';
import type { PlatformIngress } from './platform-ingress.ts';

/** What declared pipelines of a running process work with. */
export interface LiveStagesNeeds {
  readonly pipeline: Pick<PipelineClient, 'request'>;
  readonly ingress: Pick<PlatformIngress, 'addAwaited' | 'refusal'>;
  readonly clock: Pick<Clock, 'nowMicros' | 'startTimer'>;
}

/** How long a caller waits for the disk and for the pipeline to come to the record of its change. */
const JUDGED_MS = 20_000;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** Declared pipelines of a running process: changes are records of its journal, everything else is asked of its pipeline. */
export class LiveStages implements StagePlatform {
  readonly #needs: LiveStagesNeeds;

  constructor(needs: LiveStagesNeeds) {
    this.#needs = needs;
  }

  list() {
    return this.#needs.pipeline.request('stageList');
  }

  get(kind: StagesDocument['kind'], name: string, scope: DocumentChange['scope']) {
    return this.#needs.pipeline.request('stageGet', kind, name, scope);
  }

  check(document: StagesDocument, places?: readonly number[]) {
    return this.#needs.pipeline.request('stageCheck', document, places);
  }

  async change(asked: DocumentChange, author: string): Promise<ChangeOutcome> {
    const { ingress, pipeline, clock } = this.#needs;
    const refusal = ingress.refusal();
    if (refusal !== undefined)
      throw new ApiError(
        'unavailable',
        `nothing is taken in at the moment (${refusal}); the change was not made`,
      );
    const change: StageChange = { id: randomUUID(), ...asked };
    const judged = pipeline.request('stageOutcome', change.id);
    // whoever gives up waiting is told why
    judged.catch(() => undefined);
    const record = {
      kind: RECORD_KIND.pipeline,
      qos: 1,
      retain: false,
      project: -1,
      receivedMicros: clock.nowMicros(),
      topic: EMPTY,
      client: EMPTY,
      payload: encoder.encode(JSON.stringify(change)),
      headers: encodeHeaders([{ key: HEADER.author, value: encoder.encode(author) }]),
    };
    const late = Promise.withResolvers<never>();
    const detail = `the change is on its way and was not judged in ${JUDGED_MS / 1_000} s; it applies when the pipeline has come to it`;
    const timer = clock.startTimer(JUDGED_MS, () => late.reject(new ApiError('unavailable', detail)));
    try {
      await Promise.race([ingress.addAwaited([record]), late.promise]);
      return await Promise.race([judged, late.promise]);
    } finally {
      timer[Symbol.dispose]();
    }
  }

  trial(document: StagesDocument | undefined, samples: readonly TrialSample[]) {
    return this.#needs.pipeline.request('stageTrial', {
      samples,
      ...(document === undefined ? {} : { document }),
    });
  }

  async shadow(document: StagesDocument, range: ShadowRange, signal: AbortSignal) {
    const { pipeline } = this.#needs;
    const id = randomUUID();
    // one that does not come through is one of a thread that is gone or stuck, and so is the run
    const cancel = () => void pipeline.request('stageShadowCancel', id).catch(() => undefined);
    signal.addEventListener('abort', cancel);
    try {
      return await pipeline.request('stageShadow', id, document, range);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
}
