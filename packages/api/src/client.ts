import { API_FAULTS, ApiError, type ApiFault, type RequestFault } from './errors.ts';
import type { Operation } from './operation.ts';
import {
  type Answer,
  type Body,
  OPERATIONS,
  type OperationId,
  type Params,
  type Query,
} from './operations.ts';
import type { Model } from './schemas.ts';

/** Where the API is, and who asks: an access token, or the token of the data folder. */
export interface ApiClientOptions {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string;
  readonly token?: string;
}

/** What one request carries beside its operation. */
export interface ApiRequest<Id extends OperationId> {
  readonly params?: Params<Id>;
  readonly query?: Query<Id>;
  readonly body?: Body<Id>;
  readonly signal?: AbortSignal;
}

/** One event of the event stream. */
export interface ApiEvent {
  readonly id: string;
  readonly event: 'points' | 'overview' | 'gap';
  readonly data: unknown;
}

/**
 * A client of the API for programs. Problems become `ApiError`s with the code of the body (codes of other packages:
 * `internal` or `unavailable` with the code in `facts.code`); no connection is `unreachable`, a broken answer
 * `answer-broken`.
 */
export interface ApiClient {
  /** The JSON answer of an operation. `/ready` answers its body with either status. */
  ask<Id extends OperationId>(id: Id, request?: ApiRequest<Id>): Promise<Answer<Id>>;
  /** The lines of an NDJSON answer, read no faster than they are taken. */
  lines<Id extends OperationId>(id: Id, request?: ApiRequest<Id>): AsyncIterable<unknown>;
  /** Events of the stream until it ends; the caller reconnects with the last id. */
  events(request: ApiRequest<'openStream'>): AsyncIterable<ApiEvent>;
}

/** Makes a client; nothing is connected before the first request. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  return {
    ask: async (id, request = {}) => {
      const response = await send(options, id, request, 'application/json');
      const type = response.headers.get('content-type') ?? '';
      return (await guarded(() => (type.startsWith('text/') ? response.text() : response.json()))) as Answer<
        typeof id
      >; // the server validates what it promises
    },
    lines: async function* (id, request = {}) {
      const response = await send(options, id, request, 'application/x-ndjson');
      for await (const line of textLines(response)) if (line !== '') yield JSON.parse(line);
    },
    events: async function* (request) {
      const response = await send(options, 'openStream', request, 'text/event-stream');
      yield* readEvents(textLines(response));
    },
  };
}

async function send<Id extends OperationId>(
  options: ApiClientOptions,
  id: Id,
  request: ApiRequest<Id>,
  accept: string,
): Promise<Response> {
  const operation: Operation = OPERATIONS[id];
  const init: RequestInit = {
    method: operation.method,
    headers: {
      accept,
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    ...(request.signal ? { signal: request.signal } : {}),
  };
  const response = await fetch(options.url + addressOf(operation, request), init).catch((cause: unknown) => {
    if (request.signal?.aborted) throw cause;
    throw new ApiError('unreachable', `nothing answers at ${options.url}`, { url: options.url }, cause);
  });
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  if (isProblem) throw problemError((await response.json()) as Model<'Problem'>); // of this API
  return response;
}

function addressOf(operation: Operation, request: ApiRequest<OperationId>): string {
  const params: Readonly<Record<string, unknown>> = request.params ?? {};
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(params[name])),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) if (one !== undefined) search.append(name, String(one));
  }
  return search.size === 0 ? path : `${path}?${search}`;
}

function problemError(problem: Model<'Problem'>): ApiError {
  const errors: readonly RequestFault[] = problem.errors ?? [];
  const facts = { code: problem.code, instance: problem.instance, errors };
  return new ApiError(isFault(problem.code) ? problem.code : foreignCode(problem), problem.detail, facts);
}

function isFault(code: string): code is ApiFault {
  return Object.hasOwn(API_FAULTS, code);
}

function foreignCode(problem: Model<'Problem'>): ApiFault {
  const known: Readonly<Record<number, ApiFault>> = {
    400: 'invalid-request',
    401: 'sign-in-required',
    404: 'not-found',
    409: 'conflict',
    429: 'unavailable',
    503: 'unavailable',
  };
  return known[problem.status] ?? 'internal';
}

async function guarded<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new ApiError('answer-broken', 'the answer ended before it was complete', {}, cause);
  }
}

async function* textLines(response: Response): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { value, done } = await guarded(() => reader.read());
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => undefined); // already broken: nothing is left to cancel
  }
}

async function* readEvents(lines: AsyncIterable<string>): AsyncGenerator<ApiEvent> {
  let id = '';
  let event = '';
  for await (const line of lines) {
    if (line.startsWith('id: ')) id = line.slice(4);
    else if (line.startsWith('event: ')) event = line.slice(7);
    else if (line.startsWith('data: ')) {
      yield { id, event: event as ApiEvent['event'], data: JSON.parse(line.slice(6)) }; // the stream has these only
    }
  }
}
