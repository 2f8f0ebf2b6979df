import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { type Call, NDJSON_TYPE } from './call.ts';
import { ApiError } from './errors.ts';
import type { OperationId } from './operations.ts';

/**
 * Sends text as it is produced, no faster than the client takes it. A fault before the first piece becomes a problem
 * body; a later one breaks the connection off, so that the client cannot take a part for the whole. So does a sender whose
 * rights are taken while it reads, however slowly.
 */
export async function sendLines(
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
  const chained = {
    [Symbol.asyncIterator]: () => chained,
    next: () => {
      const pending = first;
      first = undefined;
      return pending ? Promise.resolve(pending) : iterator.next();
    },
    // called when the client goes away, also before the first piece was read
    return: async () => {
      await iterator.return?.();
      return { done: true as const, value: undefined };
    },
  };
  const body = Readable.from(chained, { objectMode: false });
  const end = (): void => {
    if (signal.reason instanceof ApiError) body.destroy(signal.reason);
  };
  signal.addEventListener('abort', end, { once: true });
  body.once('close', () => signal.removeEventListener('abort', end));
  return reply.type(mediaType).send(body);
}
