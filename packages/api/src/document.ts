import { ACCESS_FAULTS } from '@skerry/access';
import { API_FAULTS } from './errors.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import type { Schema } from './schema-kit.ts';
import { SCHEMAS } from './schemas.ts';

/** Version of the API in the document; grows with it. */
export const API_VERSION = '0.1.0';

interface ObjectSchema {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

/** The OpenAPI 3.1 document of the API, from the same schemas the server validates with. Deterministic. */
export function openApiDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of Object.entries<Operation>(OPERATIONS)) {
    const path = paths[operation.path] ?? {};
    paths[operation.path] = path;
    path[operation.method.toLowerCase()] = describeOperation(id, operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Skerry',
      version: API_VERSION,
      description:
        'Telemetry, ledger and dead letters of one Skerry node. Everything under `/api` but signing in wants the cookie of a session, an access token, or the token of the data folder. Errors are problem bodies (RFC 9457) with stable codes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token (`sk_…`), or the token in the data folder.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'skerry_session_8080',
          description:
            'Begun by `signIn`; the port is part of the name. Changes also want the header `x-skerry-request: 1`.',
        },
      },
    },
  };
}

function describeOperation(id: string, operation: Operation): Record<string, unknown> {
  return {
    operationId: id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    ...parametersOf(operation),
    ...bodyOf(operation),
    responses: responsesOf(operation),
    security: securityOf(operation),
  };
}

/** Open to all, open to all on a loopback address, or neither. */
function securityOf({ may, isOpenOnLoopback }: Operation): unknown[] {
  if (may === 'open') return [];
  return [...(isOpenOnLoopback ? [{}] : []), { bearer: [] }, { session: [] }];
}

function parametersOf(operation: Operation): { readonly parameters?: unknown[] } {
  const describe = (place: 'path' | 'query' | 'header', schema: Schema | undefined) => {
    const object = schema as ObjectSchema | undefined; // parameters are always written by `object()`
    return Object.entries(object?.properties ?? {}).map(([name, { description, ...rest }]) => ({
      name,
      in: place,
      required: object?.required.includes(name) ?? false,
      description,
      schema: rest,
      ...(rest.type === 'array' ? { style: 'form', explode: true } : {}),
    }));
  };
  const parameters = [
    ...describe('path', operation.params),
    ...describe('query', operation.query),
    ...describe('header', operation.headers),
  ];
  return parameters.length > 0 ? { parameters } : {};
}

function bodyOf(operation: Operation): { readonly requestBody?: unknown } {
  if (operation.bytesBody) {
    const content = operation.bytesBody.map((media) => [media, { schema: bytesSchemaOf(media) }]);
    return { requestBody: { required: true, content: Object.fromEntries(content) } };
  }
  if (!operation.body) return {};
  return {
    requestBody: { required: true, content: { 'application/json': { schema: reference(operation.body) } } },
  };
}

/** Lines of JSON are text; a body of one JSON value, or of bytes that a decoder reads later, has any. */
function bytesSchemaOf(media: string): Schema {
  return media.endsWith('ndjson') ? { type: 'string' } : {};
}

function responsesOf(operation: Operation): Record<string, unknown> {
  const responses: Record<string, unknown> = {
    200: { description: 'The answer.', content: contentOf(operation) },
  };
  if (operation.answer === 'Readiness') {
    responses[503] = { description: 'Not ready.', content: contentOf(operation) };
  }
  if (operation.method === 'GET' && operation.answer !== undefined) {
    responses[304] = { description: 'What `if-none-match` names is still the answer.' };
  }
  const faults = [...operation.faults, ...sharedFaults(operation)];
  for (const status of new Set(faults.map(statusOf))) {
    const codes = [...new Set(faults.filter((fault) => statusOf(fault) === status))];
    responses[status] = {
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: { 'application/problem+json': { schema: reference('Problem') } },
    };
  }
  return responses;
}

/** Faults that the server has for any operation of its kind. */
function sharedFaults(operation: Operation): Operation['faults'] {
  const { may, path, body, bytesBody, params } = operation;
  const isOpen = may === 'open';
  return [
    'invalid-request',
    'internal',
    'shutting-down',
    'unavailable',
    ...(isOpen ? [] : (['sign-in-required', 'token-refused', 'origin-refused'] as const)),
    ...(isOpen || may === 'signed-in' ? [] : (['not-allowed'] as const)),
    ...(params === undefined ? [] : (['not-found'] as const)),
    ...(path.startsWith('/api/') ? (['too-many-requests'] as const) : []),
    ...((body ?? bytesBody) ? (['body-too-large', 'unsupported-media-type'] as const) : []),
  ];
}

function statusOf(fault: Operation['faults'][number]): number {
  return { ...ACCESS_FAULTS, ...API_FAULTS }[fault].status;
}

function contentOf(operation: Operation): Record<string, unknown> {
  const content: Record<string, unknown> = {};
  if (typeof operation.answer === 'string') {
    content['application/json'] = { schema: reference(operation.answer) };
  } else if (operation.answer) {
    content['application/json'] = { schema: { anyOf: operation.answer.map(reference) } };
  }
  for (const media of operation.alsoMedia ?? []) content[media] = { schema: { type: 'string' } };
  return content;
}

function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
