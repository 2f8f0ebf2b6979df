import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asker } from './admission.ts';
import type { Answer, Body, OperationId, Params, Query } from './operations.ts';

/** A request of one operation after validation. */
export interface Call<Id extends OperationId> {
  readonly params: Params<Id>;
  readonly query: Query<Id>;
  readonly body: Body<Id>;
  /** Who asks; may do what the operation's `may` says, somewhere. */
  readonly asker: Asker;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Aborted when the client goes away, the server ends, or the asker's rights are taken (with `token-refused`). */
  readonly signal: AbortSignal;
}

/** Serves one operation: returns the JSON answer, or the reply when it has sent or will send it by itself. */
export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Answer<Id> | FastifyReply>;

/** A handler for each of the named operations. */
export type Handlers<Ids extends OperationId = OperationId> = { readonly [Id in Ids]: Handler<Id> };

/** Media type of one JSON value per line. */
export const NDJSON_TYPE = 'application/x-ndjson';

/** Whether the caller wants NDJSON: by `format`, else by the `accept` header. */
export function wantsLines(request: FastifyRequest, format: 'json' | 'ndjson' | undefined): boolean {
  if (format !== undefined) return format === 'ndjson';
  const accept = request.headers.accept ?? '';
  return accept.includes('ndjson') || accept.includes('jsonl');
}
