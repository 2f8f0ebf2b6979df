import { ACCESS_OPERATIONS } from './rooms/access/operations.ts';
import { DEAD_LETTERS_OPERATIONS } from './rooms/dead-letters/operations.ts';
import { DEVICES_OPERATIONS } from './rooms/devices/operations.ts';
import { EXPORT_OPERATIONS } from './rooms/export/operations.ts';
import { INGEST_OPERATIONS } from './rooms/ingest/operations.ts';
import { LEDGER_OPERATIONS } from './rooms/ledger/operations.ts';
import { LIVE_OPERATIONS } from './rooms/live/operations.ts';
import { ONBOARDING_OPERATIONS } from './rooms/onboarding/operations.ts';
import { OVERVIEW_OPERATIONS } from './rooms/overview/operations.ts';
import { PIPELINE_OPERATIONS } from './rooms/pipeline/operations.ts';
import { PROCESS_OPERATIONS } from './rooms/process/operations.ts';
import { SIMULATION_OPERATIONS } from './rooms/simulation/operations.ts';
import { SITE_OPERATIONS } from './rooms/site/operations.ts';
import { TELEMETRY_OPERATIONS } from './rooms/telemetry/operations.ts';
import type { Static } from './schema-kit.ts';
import type { SCHEMAS, SchemaName } from './schemas.ts';

/** Every operation by its id. */
export const OPERATIONS = {
  ...PROCESS_OPERATIONS,
  ...OVERVIEW_OPERATIONS,
  ...DEVICES_OPERATIONS,
  ...TELEMETRY_OPERATIONS,
  ...INGEST_OPERATIONS,
  ...EXPORT_OPERATIONS,
  ...LEDGER_OPERATIONS,
  ...DEAD_LETTERS_OPERATIONS,
  ...LIVE_OPERATIONS,
  ...PIPELINE_OPERATIONS,
  ...SITE_OPERATIONS,
  ...SIMULATION_OPERATIONS,
  ...ONBOARDING_OPERATIONS,
  ...ACCESS_OPERATIONS,
} as const;

/** Ids of the operations. */
export type OperationId = keyof typeof OPERATIONS;

type Part<Id extends OperationId, K extends 'params' | 'query'> = (typeof OPERATIONS)[Id] extends {
  readonly [P in K]: infer S;
}
  ? Static<S, typeof SCHEMAS>
  : Readonly<Record<never, never>>;

/** Path parameters of an operation after validation. */
export type Params<Id extends OperationId> = Part<Id, 'params'>;

/** Query of an operation after validation, defaults filled in. */
export type Query<Id extends OperationId> = Part<Id, 'query'>;

/** Body of an operation after validation. */
export type Body<Id extends OperationId> = (typeof OPERATIONS)[Id] extends {
  readonly body: infer N extends SchemaName;
}
  ? Static<(typeof SCHEMAS)[N], typeof SCHEMAS>
  : undefined;

/** JSON answer of an operation. */
export type Answer<Id extends OperationId> = (typeof OPERATIONS)[Id] extends { readonly answer: infer N }
  ? N extends SchemaName
    ? Static<(typeof SCHEMAS)[N], typeof SCHEMAS>
    : N extends readonly (infer M extends SchemaName)[]
      ? Static<(typeof SCHEMAS)[M], typeof SCHEMAS>
      : never
  : string;
