import { Readable } from 'node:stream';
import type { Clock, Counter } from '@skerry/kernel';
import type { FastifyReply } from 'fastify';
import { type Call, NDJSON_TYPE } from './call.ts';
import { ApiError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { OperationId } from './operations.ts';

/** What sending works with. */
export interface LineNeeds {
  readonly clock: Pick<Clock, 'startTimer'>;
  /** Answers that were broken off because their client took nothing of them. */
  readonly dropped: Counter;
}

/** Sends answers of many lines. */
export class LineSender {
  readonly #needs: LineNeeds;

  constructor(needs: LineNeeds) {
    this.#needs = needs;
  }

  /**
   * Sends text as it is produced, no faster than the client takes it. A fault before the first piece becomes a problem
   * body; a later one breaks the connection off, so that the client cannot take a part for the whole. So does a sender whose
   * rights are taken while it reads, however slowly, and a client that takes nothing for `answerPatienceMs`.
   */
  async send(
    { reply, signal }: Pick<Call<OperationId>, 'reply' | 'signal'>,
    pieces: AsyncIterable<string>,
    mediaType: string = NDJSON_TYPE,
  ): Promise<FastifyReply> {
    const iterator = pieces[Symbol.asyncIterator]();
    let first: IteratorResult<string> | undefined = await iterator.next();
    if (reply.request.method === 'HEAD') {
      await iterator.return?.(); // the answer has no body: nothing more is read for it
      return reply.type(mediaType).send(Readable.from([])); // a stream, of which no length is told
    }
    const patience = new Patience(this.#needs, () => body.destroy(notTaken()));
    const chained = {
      [Symbol.asyncIterator]: () => chained,
      next: async () => {
        patience.end();
        const pending = first;
        first = undefined;
        const result = pending ?? (await iterator.next());
        // what is behind the last piece is asked for when that one was taken into the connection's buffer
        if (!result.done) patience.begin();
        return result;
      },
      // called when the client goes away, also before the first piece was read
      return: async () => {
        patience.end();
        await iterator.return?.();
        return { done: true as const, value: undefined };
      },
    };
    const body = Readable.from(chained, { objectMode: false });
    const end = (): void => {
      if (signal.reason instanceof ApiError) body.destroy(signal.reason);
    };
    signal.addEventListener('abort', end, { once: true });
    body.once('close', () => {
      patience.end();
      signal.removeEventListener('abort', end);
    });
    return reply.type(mediaType).send(body);
  }
}

/** The time that a client has to ask for more. */
class Patience {
  readonly #needs: LineNeeds;
  readonly #over: () => void;
  #timer: Disposable | undefined;

  constructor(needs: LineNeeds, over: () => void) {
    this.#needs = needs;
    this.#over = over;
  }

  begin(): void {
    this.#timer = this.#needs.clock.startTimer(LIMITS.answerPatienceMs.value, () => {
      this.#needs.dropped.add(1);
      this.#over();
    });
  }

  end(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

function notTaken(): ApiError {
  const detail = `the client took nothing of the answer for ${LIMITS.answerPatienceMs.value} ms`;
  return new ApiError('request-aborted', detail);
}
