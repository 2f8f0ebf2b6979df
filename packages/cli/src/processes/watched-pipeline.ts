import { ApiError, type ReadinessReason } from '@skerry/api';
import { type Clock, CodedError } from '@skerry/kernel';
import type { PipelineAlarm, PipelineClient } from '@skerry/pipeline';
import { LIMITS } from '../limits.ts';

type Asked = Pick<PipelineClient, 'request' | 'subscribe' | 'ended'>;

const BEAT_MS = 1_000;

/**
 * The pipeline's thread as the rest of the process asks it. Once a second it is asked for its alarms; while it has not
 * answered that for `pipelineSilentMs`, every request, those under way too, fails with `unavailable`, and the process is
 * not ready. What it then still answers is as good as before: nothing is cancelled.
 */
export class WatchedPipeline implements Asked, Disposable {
  readonly ended: Promise<void>;
  readonly #pipeline: Asked;
  readonly #beat: Disposable;
  readonly #waiting = new Set<(fault: ApiError) => void>();
  #alarms: readonly PipelineAlarm[] = [];
  #end: string | undefined;
  /** Why it could not tell its alarms last; a store that is away comes back. */
  #trouble: ReadinessReason | undefined;
  /** Beats since the one that is waited for, which tell time only while this thread itself goes on. */
  #beatsSilent = 0;
  #isAsked = false;

  constructor(pipeline: Asked, clock: Pick<Clock, 'startTicker'>) {
    this.#pipeline = pipeline;
    this.ended = pipeline.ended;
    pipeline.ended.catch((fault: unknown) => {
      this.#end = wordsOf(fault);
    });
    this.#beat = clock.startTicker(BEAT_MS, () => this.#look());
  }

  /** As `PipelineClient.request`; fails with `unavailable` as well, when the thread is silent. */
  get request(): Asked['request'] {
    // the same method with one more way to fail
    return ((...asked: Parameters<Asked['request']>) => this.#ask(...asked)) as Asked['request'];
  }

  /** As `PipelineClient.subscribe`. */
  subscribe(...asked: Parameters<Asked['subscribe']>): ReturnType<Asked['subscribe']> {
    return this.#pipeline.subscribe(...asked);
  }

  /** Why the process is not ready, as far as the pipeline knows. */
  get reasons(): readonly ReadinessReason[] {
    const reasons: ReadinessReason[] = [];
    if (this.#isSilent) reasons.push({ code: 'pipeline-stuck', detail: this.#silence });
    if (this.#end !== undefined) reasons.push({ code: 'pipeline-ended', detail: this.#end });
    else if (this.#trouble) reasons.push(this.#trouble);
    return [...reasons, ...this.#alarms];
  }

  [Symbol.dispose](): void {
    this.#beat[Symbol.dispose]();
  }

  #ask(...asked: Parameters<Asked['request']>): Promise<unknown> {
    if (this.#isSilent) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      // one of its methods with the arguments of the same one
      const request = this.#pipeline.request as (...asked: unknown[]) => Promise<unknown>;
      request
        .apply(this.#pipeline, asked)
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  get #isSilent(): boolean {
    return this.#beatsSilent * BEAT_MS >= LIMITS.pipelineSilentMs.value;
  }

  get #silence(): string {
    return `the thread of the pipeline has not answered for ${(this.#beatsSilent * BEAT_MS) / 1_000} s; what is received is kept in the journal until it goes on`;
  }

  #refusal(): ApiError {
    return new ApiError('unavailable', this.#silence);
  }

  #look(): void {
    if (this.#isAsked) {
      this.#beatsSilent++;
      if (this.#isSilent) for (const reject of this.#waiting) reject(this.#refusal());
      return;
    }
    this.#isAsked = true;
    this.#pipeline
      .request('alarms')
      .then(
        (alarms) => {
          this.#alarms = alarms;
          this.#trouble = undefined;
        },
        (fault: unknown) => {
          const code = fault instanceof CodedError ? fault.code : 'pipeline-ended';
          this.#trouble = { code, detail: wordsOf(fault) };
        },
      )
      .finally(() => {
        this.#isAsked = false;
        this.#beatsSilent = 0;
      });
  }
}

function wordsOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
