import { ApiProblem, clientFault, type ProblemBody } from './errors.ts';
import type { Pause } from './pause.ts';
import { isAbort } from './text-lines.ts';

/** Where the API is, and who asks. */
export interface ClientOptions {
  /** `http://127.0.0.1:8080`, without a slash at the end; absent in a page: the page's own server. A function is asked before every request. */
  readonly url?: string | (() => string);
  /** Bearer token; absent: the cookie of the page, or nobody. */
  readonly token?: string;
  /** Further headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** In place of timers, for pauses between connections of an event stream. */
  readonly pause?: Pause;
}

/** What may be said about one request beside its parameters. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Further headers, by their names: `if-none-match` for instance. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A body with its media type, in place of JSON. */
export interface RawBody {
  readonly bytes: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  readonly type: string;
}

/** One operation as the transport needs it. */
export interface OperationShape {
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  /** Headers among the parameters, by the parameter's name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the body comes as a `RawBody`. */
  readonly isRaw?: boolean;
}

/** Parameters of an operation by name; `body` is the body. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * Sends one request and resolves with its answer, which is no problem. Fails with `ApiProblem`: the server's, or
 * `unreachable`; aborting fails with the signal's reason.
 */
export async function send(
  options: ClientOptions,
  shape: OperationShape,
  parameters: Parameters,
  accept: string,
  call: CallOptions = {},
): Promise<Response> {
  const url = typeof options.url === 'function' ? options.url() : (options.url ?? '');
  const request: RequestInit = {
    method: shape.method,
    headers: headersOf(options, shape, parameters, accept, call),
    ...bodyOf(shape, parameters.body),
    ...(call.signal ? { signal: call.signal } : {}),
  };
  const fetching = options.fetch ?? globalThis.fetch;
  const response = await fetching(url + addressOf(shape, parameters), request).catch((cause: unknown) => {
    if (call.signal?.aborted || isAbort(cause)) throw cause;
    throw clientFault('unreachable', `nothing answers at ${url || 'the server of this page'}`, cause);
  });
  if (response.headers.get('content-type')?.startsWith('application/problem+json')) {
    const retryAfter = Number(response.headers.get('retry-after'));
    throw new ApiProblem(
      await readJson<ProblemBody>(response),
      retryAfter > 0 ? { retryAfterSecs: retryAfter } : {},
    );
  }
  return response;
}

/** The JSON of an answer. Fails with `answer-broken` when it is none. */
export async function readJson<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T; // the server validates what it promises
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw clientFault('answer-broken', 'the answer ended before it was complete', cause);
  }
}

/** The text of an answer. Fails with `answer-broken` when it breaks off. */
export async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw clientFault('answer-broken', 'the answer ended before it was complete', cause);
  }
}

function headersOf(
  options: ClientOptions,
  shape: OperationShape,
  parameters: Parameters,
  accept: string,
  call: CallOptions,
): Record<string, string> {
  // the header that no form of another site can set, so that a cookie alone changes nothing
  const headers: Record<string, string> = { accept, 'x-skerry-request': '1', ...options.headers };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  for (const [name, header] of Object.entries(shape.headers ?? {})) {
    const value = parameters[name];
    if (value !== undefined) headers[header] = String(value);
  }
  if (parameters.body !== undefined) Object.assign(headers, bodyHeaders(shape, parameters.body));
  return { ...headers, ...call.headers };
}

function bodyHeaders(shape: OperationShape, body: unknown): Record<string, string> {
  if (!shape.isRaw) return { 'content-type': 'application/json' };
  const { type } = body as RawBody; // what the types of such an operation ask for
  return { 'content-type': type };
}

function bodyOf(shape: OperationShape, body: unknown): RequestInit {
  if (body === undefined) return {};
  if (!shape.isRaw) return { body: JSON.stringify(body) };
  const { bytes } = body as RawBody; // the same
  return { body: bytes, ...(bytes instanceof ReadableStream ? { duplex: 'half' } : {}) };
}

function addressOf(shape: OperationShape, parameters: Parameters): string {
  const inPath = new Set<string>();
  const path = shape.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(name);
    return encodeURIComponent(String(parameters[name]));
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (inPath.has(name) || name === 'body' || shape.headers?.[name] !== undefined) continue;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) if (one !== undefined) search.append(name, String(one));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}
