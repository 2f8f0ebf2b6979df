import { ACCESS_SCHEMAS } from './rooms/access/schemas.ts';
import { DEAD_LETTERS_SCHEMAS } from './rooms/dead-letters/schemas.ts';
import { DEVICES_SCHEMAS } from './rooms/devices/schemas.ts';
import { EXPORT_SCHEMAS } from './rooms/export/schemas.ts';
import { INGEST_SCHEMAS } from './rooms/ingest/schemas.ts';
import { LEDGER_SCHEMAS } from './rooms/ledger/schemas.ts';
import { LIVE_SCHEMAS } from './rooms/live/schemas.ts';
import { ONBOARDING_SCHEMAS } from './rooms/onboarding/schemas.ts';
import { OVERVIEW_SCHEMAS } from './rooms/overview/schemas.ts';
import { PIPELINE_SCHEMAS } from './rooms/pipeline/schemas.ts';
import { PROCESS_SCHEMAS } from './rooms/process/schemas.ts';
import { SIMULATION_SCHEMAS } from './rooms/simulation/schemas.ts';
import { SITE_SCHEMAS } from './rooms/site/schemas.ts';
import { TELEMETRY_SCHEMAS } from './rooms/telemetry/schemas.ts';
import { count, list, object, oneOfWords, type Static, text } from './schema-kit.ts';

/** Every schema of the API by its name: the one source of validation, OpenAPI, types and clients. */
export const SCHEMAS = {
  Problem: object(
    'An error (RFC 9457).',
    {
      type: text('`/errors/` and the code; the page behind it explains it.'),
      title: text('What went wrong, the same for every problem of the code.'),
      status: count('HTTP status.'),
      detail: text('What was found and what was wanted.'),
      code: text('Stable code.'),
      instance: text('Id of the request, as in the log.'),
      reason: text('Why, in one word, where a code has several reasons.'),
      errors: list(
        object('One fault.', {
          in: oneOfWords('Part of the request.', ['path', 'query', 'header', 'body']),
          pointer: text('JSON pointer into the part.'),
          detail: text('What is wrong.'),
        }),
      ),
    },
    ['reason', 'errors'],
  ),
  ...PROCESS_SCHEMAS,
  ...OVERVIEW_SCHEMAS,
  ...DEVICES_SCHEMAS,
  ...TELEMETRY_SCHEMAS,
  ...INGEST_SCHEMAS,
  ...EXPORT_SCHEMAS,
  ...LEDGER_SCHEMAS,
  ...DEAD_LETTERS_SCHEMAS,
  ...LIVE_SCHEMAS,
  ...PIPELINE_SCHEMAS,
  ...SITE_SCHEMAS,
  ...SIMULATION_SCHEMAS,
  ...ONBOARDING_SCHEMAS,
  ...ACCESS_SCHEMAS,
} as const;

/** Names of the schemas. */
export type SchemaName = keyof typeof SCHEMAS;

/** The type a named schema describes. */
export type Model<N extends SchemaName> = Static<(typeof SCHEMAS)[N], typeof SCHEMAS>;
