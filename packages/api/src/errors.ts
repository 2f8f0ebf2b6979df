import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of the HTTP API. They appear in problem bodies as the end of `type` and as `code`. */
export type ApiFault =
  | 'invalid-request'
  | 'not-found'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'unsupported-media-type'
  | 'body-too-large'
  | 'url-too-long'
  | 'headers-too-large'
  | 'request-timeout'
  | 'host-refused'
  | 'origin-refused'
  | 'sign-in-required'
  | 'not-allowed'
  | 'conflict'
  | 'token-refused'
  | 'range-too-large'
  | 'query-deadline'
  | 'too-many-queries'
  | 'too-many-streams'
  | 'audit-running'
  | 'too-many-requests'
  | 'precondition-failed'
  | 'intake-refused'
  | 'not-durable-yet'
  | 'idempotency-key-reused'
  | 'too-many-simulations'
  | 'shutting-down'
  | 'unavailable'
  | 'request-aborted'
  | 'internal';

/** What one fault means to a caller of the API. `title` and `status` never change for a code. */
export interface ApiFaultEntry {
  readonly advice: Advice;
  readonly meaning: string;
  /** HTTP status. */
  readonly status: number;
  readonly title: string;
}

const entry = (status: number, advice: Advice, title: string, meaning: string): ApiFaultEntry => ({
  advice,
  meaning,
  status,
  title,
});

/** Status, title, advice and meaning of every API fault (source of the error pages). */
export const API_FAULTS: Readonly<Record<ApiFault, ApiFaultEntry>> = {
  'invalid-request': entry(
    400,
    'give-up',
    'The request is not valid',
    'A parameter or the body breaks its schema; `errors` names each place with a pointer.',
  ),
  'not-found': entry(404, 'give-up', 'Not found', 'The address or the thing it names does not exist.'),
  'method-not-allowed': entry(
    405,
    'give-up',
    'Method not allowed',
    'The address exists, but not with this method; the `allow` header lists those it has.',
  ),
  'not-acceptable': entry(
    406,
    'give-up',
    'Not acceptable',
    'None of the media types the client accepts can be produced here.',
  ),
  'unsupported-media-type': entry(
    415,
    'give-up',
    'Unsupported media type',
    'The body has a media type or a compression that this address does not take; most take application/json only.',
  ),
  'body-too-large': entry(413, 'give-up', 'Body too large', 'The body is larger than the limit.'),
  'url-too-long': entry(414, 'give-up', 'URL too long', 'The URL is longer than the limit.'),
  'headers-too-large': entry(
    431,
    'give-up',
    'Headers too large',
    'Request line and headers together are larger than the limit.',
  ),
  'request-timeout': entry(
    408,
    'retry',
    'Request timed out',
    'The request did not arrive whole within the time allowed.',
  ),
  'host-refused': entry(
    403,
    'give-up',
    'Host refused',
    'The Host header is missing or names none of the hosts this listener serves, as it would after DNS rebinding.',
  ),
  'origin-refused': entry(
    403,
    'give-up',
    'Origin refused',
    'The request comes from a page of another origin.',
  ),
  'sign-in-required': entry(
    401,
    'give-up',
    'Sign-in required',
    'The request needs the cookie of a session, or the header `Authorization: Bearer` with an access token or the token of the data folder.',
  ),
  'token-refused': entry(401, 'give-up', 'Token refused', 'The bearer token is unknown, revoked or expired.'),
  'not-allowed': entry(
    403,
    'give-up',
    'Not allowed',
    'Who asks is known, and has no grant for this; an administrator can give one.',
  ),
  conflict: entry(
    409,
    'give-up',
    'Conflict',
    'The change contradicts what exists; the detail says with what.',
  ),
  'range-too-large': entry(
    400,
    'give-up',
    'Range too large',
    'The query would answer with more rows than the limit; use a larger step, a shorter range or NDJSON.',
  ),
  'query-deadline': entry(
    504,
    'retry',
    'Deadline passed',
    'The query took longer than allowed and was given up; a shorter range or a larger step helps.',
  ),
  'too-many-queries': entry(
    503,
    'retry',
    'Too many queries',
    'As many queries run as the limit allows; try again after `retry-after` seconds.',
  ),
  'too-many-streams': entry(
    503,
    'retry',
    'Too many streams',
    'As many event streams are open as the limit allows.',
  ),
  'too-many-requests': entry(
    429,
    'retry',
    'Too many requests',
    'Who asks has used up the requests of the moment; the fields `RateLimit` and `retry-after` say when there are more.',
  ),
  'precondition-failed': entry(
    412,
    'give-up',
    'Changed by somebody else',
    'The thing is no longer the one that `if-match` names; read it again before changing it.',
  ),
  'intake-refused': entry(
    503,
    'retry',
    'Nothing is taken in for now',
    'The platform takes no telemetry at the moment; `reason` says why (`disk-full`, `journal-full`, `read-only`, `backlog`). Nothing of the request was taken.',
  ),
  'not-durable-yet': entry(
    503,
    'retry',
    'Not durable yet',
    'The records were not durable in the time a request waits, and may become so later. Repeated under the same `Idempotency-Key` they are stored once.',
  ),
  'idempotency-key-reused': entry(
    422,
    'give-up',
    'Idempotency key used before',
    'Another body came under this `Idempotency-Key`; each body wants a key of its own.',
  ),
  'audit-running': entry(409, 'retry', 'An audit is running', 'Only one audit runs at a time.'),
  'too-many-simulations': entry(
    409,
    'give-up',
    'Too many simulations',
    'As many simulations run as the limit allows; end one first.',
  ),
  'shutting-down': entry(
    503,
    'retry',
    'Shutting down',
    'The process is ending; another or the next one will answer.',
  ),
  unavailable: entry(
    503,
    'retry',
    'Not available for now',
    'A part of the platform cannot answer at the moment.',
  ),
  'request-aborted': entry(
    499,
    'give-up',
    'Request aborted',
    'The client went away before the answer was ready.',
  ),
  internal: entry(
    500,
    'give-up',
    'Internal fault',
    'A fault of the server; its log has the details under the same request id.',
  ),
};

/** One place in a request that breaks its schema. */
export interface RequestFault {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** JSON pointer into that part, `#/from` for instance. */
  readonly pointer: string;
  readonly detail: string;
}

/** A fault of the HTTP API: thrown by the server's handlers, told as a problem body. */
export class ApiError extends CodedError<ApiFault> {
  get advice(): Advice {
    return API_FAULTS[this.code].advice;
  }
  /** HTTP status of the fault. */
  get status(): number {
    return API_FAULTS[this.code].status;
  }
}

/** A fault of type `invalid-request` for one place of the request. */
export function invalidRequest(fault: RequestFault): ApiError {
  return new ApiError('invalid-request', `${fault.pointer}: ${fault.detail}`, { errors: [fault] });
}
