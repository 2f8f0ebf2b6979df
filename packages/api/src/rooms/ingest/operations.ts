import { LIMITS } from '../../limits.ts';
import type { Operation } from '../../operation.ts';
import { object, text } from '../../schema-kit.ts';
import { NDJSON } from '../parts.ts';

/** What may stand in the path as an id: no separator or wildcard of topics, no control character, not `.` and not `..`. */
const ID = '^(?!\\.{1,2}$)[^\\u0000-\\u001f\\u007f-\\u009f#+/]+$';

const idPart = (what: string) =>
  text(
    `${what}: 1 to ${LIMITS.idCharsMax.value} characters, none of them \`/\`, \`+\`, \`#\` or a control character; neither \`.\` nor \`..\`.`,
    {
      minLength: 1,
      maxLength: LIMITS.idCharsMax.value,
      pattern: ID,
    },
  );

/** Media type of SenML in JSON (RFC 8428). */
export const SENML = 'application/senml+json';

/** Media types of a record whose bytes only a decoder reads: CBOR, MessagePack, line protocol, and a layout that a pipeline declares. */
export const BINARY_TYPES = [
  'application/cbor',
  'application/msgpack',
  'application/x-msgpack',
  'application/vnd.msgpack',
  'application/vnd.influxdb.line-protocol',
  'application/octet-stream',
] as const;

/** What can be asked of this room. */
export const INGEST_OPERATIONS = {
  sendTelemetry: {
    method: 'POST',
    path: '/api/v1/telemetry/{tenantId}/{projectId}/{deviceId}',
    tag: 'Telemetry',
    summary: 'Takes telemetry of a device in; answers when it is durable',
    description:
      'The body goes the same way as a PUBLISH at QoS 1: one record (`application/json`: an object, an array or a bare value; `application/senml+json`; CBOR, MessagePack, InfluxDB line protocol, or bytes whose layout a pipeline declares) or a record a line (`application/x-ndjson`). What should be JSON and is not is refused with its line number, and nothing of the request is taken; what no decoder understands is taken and becomes a dead letter. `content-encoding` may be gzip or zstd. After an answer other than 2xx, or none, send the same body again under the same `Idempotency-Key`: it is stored once, over a restart of the server too.',
    params: object('', {
      tenantId: idPart('Tenant id'),
      projectId: idPart('Project id'),
      deviceId: idPart('Device id, `-` is the project itself'),
    }),
    headers: object(
      '',
      {
        'idempotency-key': text(
          `Names this request among those of the device: 1 to ${LIMITS.idempotencyKeyCharsMax.value} visible ASCII characters, quoted or not. Each record gets it as its own message id, with its number behind a dot in NDJSON.`,
          { pattern: `^[\\u0021-\\u007e]{1,${LIMITS.idempotencyKeyCharsMax.value}}$` },
        ),
        'content-encoding': text('Compression of the body.', { enum: ['identity', 'gzip', 'zstd'] }),
      },
      ['idempotency-key', 'content-encoding'],
    ),
    bytesBody: ['application/json', NDJSON, SENML, ...BINARY_TYPES],
    answer: 'TakenTelemetry',
    faults: [
      'invalid-request',
      'body-too-large',
      'unsupported-media-type',
      'idempotency-key-reused',
      'intake-refused',
      'not-durable-yet',
    ],
    may: 'telemetry:write',
  },
} as const satisfies Readonly<Record<string, Operation>>;
