/** Fault codes that only a client sees; all others are those of the server's problem bodies. */
export type ClientFault = 'unreachable' | 'answer-broken';

/** What a caller should do about a fault of the client. */
export interface ClientFaultEntry {
  readonly advice: 'retry' | 'give-up';
  readonly meaning: string;
}

/** Advice and meaning of every fault of the client (source of the error pages). */
export const CLIENT_FAULTS: Readonly<Record<ClientFault, ClientFaultEntry>> = {
  unreachable: { advice: 'retry', meaning: 'The client could not connect to the server.' },
  'answer-broken': {
    advice: 'retry',
    meaning: 'The answer ended before it was complete, or was not what the API promises.',
  },
};

/** One place in a request that the server refused. */
export interface PlaceFault {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** JSON pointer into that part. */
  readonly pointer: string;
  readonly detail: string;
}

/** A problem body (RFC 9457) as the server writes it. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable code; new ones may come with new versions of the server. */
  readonly code: string;
  /** Id of the request, as in the server's log. */
  readonly instance: string;
  /** Why, in one word, where a code has several reasons. */
  readonly reason?: string | undefined;
  readonly errors?: readonly PlaceFault[] | undefined;
}

/** A request that failed: the server's problem, or one of `CLIENT_FAULTS` with status 0. `message` is the detail. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: ProblemBody;
  /** Seconds after which to try again, as the server told. */
  readonly retryAfterSecs: number | undefined;

  constructor(
    problem: ProblemBody,
    options: { readonly retryAfterSecs?: number; readonly cause?: unknown } = {},
  ) {
    super(problem.detail, { cause: options.cause });
    this.problem = problem;
    this.retryAfterSecs = options.retryAfterSecs;
  }

  /** The stable code. */
  get code(): string {
    return this.problem.code;
  }

  /** HTTP status; 0 where no answer came. */
  get status(): number {
    return this.problem.status;
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return [0, 408, 429, 502, 503, 504].includes(this.status);
  }
}

/** A fault that no server told of. */
export function clientFault(code: ClientFault, detail: string, cause?: unknown): ApiProblem {
  const title = CLIENT_FAULTS[code].meaning;
  return new ApiProblem({ type: `/errors/${code}`, title, status: 0, detail, code, instance: '' }, { cause });
}
