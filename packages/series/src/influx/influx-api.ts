import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

const encoder = new TextEncoder();

/** Where a server that speaks line protocol is, and how it is asked. */
export interface InfluxPlace {
  readonly url: string;
  /** `1`: `/write?db=` and InfluxQL, InfluxDB 1.x. `2`: `/api/v2/write` and InfluxQL, InfluxDB 2 and others. `3`: the same write, and SQL. */
  readonly version: 1 | 2 | 3;
  /** Database of 1.x, bucket of 2.x. */
  readonly database: string;
  /** Retention policy of 1.x; the database's own when it is empty. */
  readonly policy?: string;
  /** Organization of 2.x. */
  readonly organization?: string;
  /** Name and password of 1.x; read again for each request. */
  readonly user?: { readonly name: string; readonly password: () => string };
  /** Token of 2.x; read again for each request. */
  readonly token?: () => string;
}

/** What a server said to lines. */
export type WriteAnswer =
  | { readonly is: 'taken' }
  /** It took what it could, and `dropped` lines not, where it told how many; the request may also be refused whole. */
  | { readonly is: 'refused'; readonly reason: string; readonly dropped: number | undefined }
  | { readonly is: 'too-large' }
  | { readonly is: 'failed'; readonly fault: SeriesError; readonly afterMs: number | undefined };

/** Requests to one server. Redirects are not followed: a password is not handed on. */
export class InfluxApi {
  readonly #place: InfluxPlace;

  constructor(place: InfluxPlace) {
    this.#place = place;
  }

  /** Sends lines with times in nanoseconds. `encoding`: how `body` is compressed. */
  async write(
    body: Uint8Array<ArrayBuffer>,
    encoding: 'gzip' | undefined,
    signal: AbortSignal,
  ): Promise<WriteAnswer> {
    const { version, database, policy, organization } = this.#place;
    const path =
      version === 1
        ? `write?${parameters({ db: database, rp: policy, precision: 'ns' })}`
        : `api/v2/write?${parameters({ org: organization, bucket: database, precision: 'ns' })}`;
    const answer = await this.#ask(path, { body, encoding, signal });
    if (answer instanceof SeriesError) return { is: 'failed', fault: answer, afterMs: undefined };
    return readAnswer(answer, this.#place);
  }

  /** Asks in InfluxQL, one statement. Whole numbers beyond 2^53 are bigints, times nanoseconds. Fails with the codes of a sink, and with `query-refused`. */
  async query(text: string, signal: AbortSignal): Promise<readonly InfluxTable[]> {
    const [tables] = await this.queryAll([text], signal);
    return tables ?? [];
  }

  /** As `query`, several statements in one request, with the answer to each. */
  async queryAll(
    statements: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly InfluxTable[])[]> {
    const body = encoder.encode(parameters({ q: statements.join(';\n') }));
    const path = `query?${parameters({ db: this.#place.database, epoch: 'ns' })}`;
    const answer = await this.#ask(path, { body, type: 'application/x-www-form-urlencoded', signal });
    const { results } = this.#read(answer) as { results: QueryResult[] }; // InfluxDB's answer
    for (const { error, partial } of results) {
      if (error !== undefined) throw questionFault(400, error, this.#place);
      if (partial) throw questionFault(400, 'a part of the rows only: max-row-limit is set', this.#place);
    }
    return results.map(({ series }) => series ?? []);
  }

  /** Asks InfluxDB 3 in SQL, and gets rows. Fails as `query` does. */
  async querySql(text: string, signal: AbortSignal): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const body = encoder.encode(JSON.stringify({ db: this.#place.database, q: text, format: 'json' }));
    const answer = await this.#ask('api/v3/query_sql', { body, type: 'application/json', signal });
    return this.#read(answer) as readonly Readonly<Record<string, unknown>>[]; // InfluxDB's answer in the format asked for
  }

  #read(answer: Answer | SeriesError): unknown {
    if (answer instanceof SeriesError) throw answer;
    if (answer.status !== 200) throw questionFault(answer.status, answer.text, this.#place);
    // InfluxDB 1 says so with status 200
    if (/unsupported value: [+-]?Inf/.test(answer.text.slice(0, 1_000))) throw new BeyondDoubles(this.#place);
    try {
      return parseWhole(answer.text);
    } catch (error) {
      throw new SeriesError(
        'sink-unreachable',
        `Cannot read what ${this.#place.url} answers: found ${JSON.stringify(answer.text.slice(0, 80))}, wanted JSON.`,
        { url: this.#place.url },
        error,
      );
    }
  }

  async #ask(
    path: string,
    {
      body,
      encoding,
      type = 'text/plain; charset=utf-8',
      signal,
    }: {
      readonly body: Uint8Array<ArrayBuffer>;
      readonly encoding?: 'gzip' | undefined;
      readonly type?: string;
      readonly signal: AbortSignal;
    },
  ): Promise<Answer | SeriesError> {
    const { url } = this.#place;
    const secret = authorization(this.#place);
    try {
      const response = await fetch(`${url.replace(/\/$/, '')}/${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          ...secret,
          'content-type': type,
          ...(encoding && { 'content-encoding': encoding }),
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMITS.sinkAnswerMs.value)]),
        body,
      });
      const text = await response.text();
      return { status: response.status, text, retryAfter: response.headers.get('retry-after') };
    } catch (error) {
      signal.throwIfAborted();
      const reason = reasonOf(error);
      return new SeriesError(
        'sink-unreachable',
        `Cannot reach ${url}: ${reason}; wanted an answer within ${LIMITS.sinkAnswerMs.value} ms; it is tried again.`,
        { url },
        error,
      );
    }
  }
}

/** A table of an answer to InfluxQL. */
export interface InfluxTable {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values?: readonly (readonly unknown[])[];
}

interface QueryResult {
  readonly error?: string;
  readonly partial?: boolean;
  readonly series?: readonly InfluxTable[];
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

function readAnswer(answer: Answer, place: InfluxPlace): WriteAnswer {
  const { status, text } = answer;
  if (status >= 200 && status < 300) return { is: 'taken' };
  if (status === 413) return { is: 'too-large' };
  const reason = messageOf(text);
  if ((status === 400 || status === 422) && speaksOfPoints(reason)) {
    const dropped = /dropped=(\d+)/.exec(reason)?.[1];
    return { is: 'refused', reason, dropped: dropped === undefined ? undefined : Number(dropped) };
  }
  return { is: 'failed', fault: faultOf(answer, place), afterMs: retryAfterMs(answer.retryAfter) };
}

function faultOf(
  { status, text }: Pick<Answer, 'status' | 'text'>,
  { url, database }: InfluxPlace,
  action: 'write to' | 'ask' = 'write to',
): SeriesError {
  const facts = { url, status };
  const reason = messageOf(text);
  const said = `it answered ${status}${reason === '' ? '' : `: ${reason}`}`;
  if (status === 401 || status === 403)
    return new SeriesError(
      'sink-not-allowed',
      `Cannot ${action} ${database} at ${url}: ${said}; wanted a user or token that may ${action} it.`,
      facts,
    );
  if (status === 404 || isMissingPlace(reason))
    return new SeriesError(
      'sink-not-found',
      `Cannot ${action} ${database} at ${url}: ${said}; make the database or bucket, or correct its name.`,
      facts,
    );
  if (action === 'write to' && (status === 400 || status === 422))
    return new SeriesError(
      'sink-not-understood',
      `Cannot write to ${database} at ${url}: ${said}, which speaks of no point; wanted 204, or which point it refuses. Correct kind, url, database or organization of the sink; it is tried again.`,
      facts,
    );
  return new SeriesError(
    'sink-busy',
    `Cannot ${action} ${database} at ${url} yet: ${said}; wanted ${action === 'ask' ? '200' : '204'}; try again, as a sink does by itself.`,
    facts,
  );
}

/** What was asked for is beyond the largest double, which JSON cannot say. */
export class BeyondDoubles extends SeriesError {
  constructor({ url, database }: InfluxPlace) {
    super('query-refused', `Cannot ask ${database} at ${url}: the answer is beyond the largest double.`, {
      url,
    });
  }
}

function questionFault(status: number, text: string, place: InfluxPlace): SeriesError {
  const reason = messageOf(text);
  if (status !== 400 || isMissingPlace(reason)) return faultOf({ status, text }, place, 'ask');
  const { url, database } = place;
  return new SeriesError('query-refused', `Cannot ask ${database} at ${url}: it answered ${reason}.`, {
    url,
  });
}

/** JSON in which whole numbers that a double cannot hold are bigints. */
function parseWhole(text: string): unknown {
  const exact = (_: string, value: unknown, { source }: { readonly source?: string }) =>
    typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) && WHOLE.test(source)
      ? BigInt(source)
      : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown); // the third argument is not in the types yet
}

const WHOLE = /^-?\d+$/;

/**
 * Whether a server refuses points, in the words of InfluxDB 1, 2 and 3 and of VictoriaMetrics. What else it answers with
 * 400 is about the request, or comes from somebody else: the points are kept for it.
 */
function speaksOfPoints(reason: string): boolean {
  return OF_POINTS.some((words) => words.test(reason)) && !isMissingPlace(reason);
}

const OF_POINTS: readonly RegExp[] = [
  /\bpartial write\b/i,
  /\bunable to parse (?:points\b|['"])/i,
  /\bfield type conflict\b/i,
  /\balready exists as type\b/i,
  /\bbeyond (?:the )?retention\b/i,
  /\boutside (?:of )?the retention\b/i,
  // InfluxDB 3, of a whole request and of a column
  /\bparsing failed for write_lp\b/i,
  /\b(?:parse|parsing) line protocol\b/i,
  /\binvalid column type\b/i,
  // VictoriaMetrics
  /\bcannot unmarshal InfluxDB line\b/i,
];

/** Some servers say with 400 what others say with 404. */
function isMissingPlace(reason: string): boolean {
  return /^(database|bucket|organization|retention policy) .*(not found|could not be found)/i.test(reason);
}

/** What a server says, as JSON or as text. */
function messageOf(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return trimmed.slice(0, 2_000);
  try {
    const { error, message } = JSON.parse(trimmed) as { error?: unknown; message?: unknown }; // whatever it is, it is shown as text
    return String(error ?? message ?? trimmed).slice(0, 2_000);
  } catch {
    // not JSON after all: it is told as it came
    return trimmed.slice(0, 2_000);
  }
}

function authorization({ version, user, token }: InfluxPlace): Record<string, string> {
  if (token) return { authorization: `${version === 2 ? 'Token' : 'Bearer'} ${token()}` };
  if (!user) return {};
  const basic = Buffer.from(`${user.name}:${user.password()}`).toString('base64');
  return { authorization: `Basic ${basic}` };
}

function parameters(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
  return new URLSearchParams(given).toString();
}

/** Seconds only: no server of these sends a date. */
function retryAfterMs(text: string | null): number | undefined {
  const secs = Number(text ?? Number.NaN);
  return Number.isFinite(secs) && secs >= 0
    ? Math.min(secs * 1_000, LIMITS.sinkRetryAfterMsMax.value)
    : undefined;
}

/** `fetch failed` says nothing; its causes do. */
function reasonOf(error: unknown): string {
  let reason = '';
  for (let one = error; one instanceof Error; one = one.cause) {
    const code = Reflect.get(one, 'code');
    reason = one.message || (typeof code === 'string' ? code : reason);
    if (one.name === 'TimeoutError') return 'no answer in time';
  }
  return reason || String(error);
}
