import { ACCESS_FAULTS, AccessError } from '@skerry/access';
import { CodedError } from '@skerry/kernel';
import { API_FAULTS, ApiError, type ApiFault, type RequestFault } from './errors.ts';
import type { Model } from './schemas.ts';

/** Media type of problem bodies. */
export const PROBLEM_TYPE = 'application/problem+json';

/** Codes of other packages that have a place of their own among the API's faults. */
const TRANSLATED: Readonly<Record<string, ApiFault>> = { 'deadline-passed': 'query-deadline' };

/** The problem body of anything thrown while request `id` was served. Codes of other packages pass through. */
export function problemOf(error: unknown, id: string): Model<'Problem'> {
  const translated = error instanceof CodedError ? TRANSLATED[error.code] : undefined;
  if (error instanceof ApiError || translated) {
    const code = translated ?? (error as ApiError).code; // the branch above says so
    const { status, title } = API_FAULTS[code];
    const coded = error as CodedError; // both are
    const body = { type: `/errors/${code}`, title, status, detail: coded.message, code, instance: id };
    const { errors, reason } = coded.facts;
    return {
      ...body,
      ...(typeof reason === 'string' ? { reason } : {}),
      ...(Array.isArray(errors) ? { errors: errors as RequestFault[] } : {}), // facts of `invalid-request` are request faults
    };
  }
  if (error instanceof AccessError) {
    const { status, title } = ACCESS_FAULTS[error.code];
    return {
      type: `/errors/${error.code}`,
      title,
      status,
      detail: error.message,
      code: error.code,
      instance: id,
    };
  }
  if (error instanceof CodedError) {
    const isPassing = error.advice === 'retry';
    return {
      type: `/errors/${error.code}`,
      title: isPassing ? API_FAULTS.unavailable.title : API_FAULTS.internal.title,
      status: isPassing ? 503 : 500,
      detail: error.message,
      code: error.code,
      instance: id,
    };
  }
  return problemOf(foreignError(error), id);
}

/** What Fastify and Node throw, in the API's own words; a message of unknown origin never gets out. */
function foreignError(error: unknown): ApiError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isValidationError(error)) return validationError(error);
  const detail = error instanceof Error ? error.message : '';
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError('body-too-large', detail, {}, error);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError('unsupported-media-type', detail, {}, error);
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return bodyError('is not valid JSON', error);
    case 'FST_ERR_BAD_URL':
      return new ApiError('invalid-request', 'the path is not valid percent-encoding', {}, error);
    default:
      return error instanceof SyntaxError
        ? bodyError('is not valid JSON', error)
        : new ApiError('internal', 'a fault of the server; the log has it under this instance', {}, error);
  }
}

function bodyError(detail: string, cause: unknown): ApiError {
  return new ApiError(
    'invalid-request',
    `#: ${detail}`,
    { errors: [{ in: 'body', pointer: '#', detail }] },
    cause,
  );
}

interface AjvFault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

interface ValidationError extends Error {
  readonly validation: readonly AjvFault[];
  readonly validationContext: string;
}

function isValidationError(error: unknown): error is ValidationError {
  return error instanceof Error && 'validation' in error && Array.isArray(error.validation);
}

const PARTS: Readonly<Record<string, RequestFault['in']>> = {
  params: 'path',
  querystring: 'query',
  headers: 'header',
  body: 'body',
};

function validationError(error: ValidationError): ApiError {
  const errors = error.validation.map((fault): RequestFault => {
    const missing = fault.params.missingProperty ?? fault.params.additionalProperty;
    const member = missing === undefined ? '' : `/${escapePointer(String(missing))}`;
    return {
      in: PARTS[error.validationContext] ?? 'body',
      pointer: `#${fault.instancePath}${member}`,
      detail: wordsOf(fault),
    };
  });
  const detail = errors.map((fault) => `${fault.in} ${fault.pointer} ${fault.detail}`).join('; ');
  return new ApiError('invalid-request', detail, { errors }, error);
}

function wordsOf(fault: AjvFault): string {
  if (fault.keyword === 'required') return 'is missing';
  if (fault.keyword === 'additionalProperties') return 'is not known';
  if (fault.keyword === 'enum') return `must be one of ${JSON.stringify(fault.params.allowedValues)}`;
  return fault.message ?? 'is not valid';
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
