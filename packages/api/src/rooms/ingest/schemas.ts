import { count, flag, object } from '../../schema-kit.ts';

/** What this room takes and answers. */
export const INGEST_SCHEMAS = {
  TakenTelemetry: object('Records that are durable. Their verdicts follow in the ledger.', {
    records: count('How many records the body was.'),
    firstOffset: count('Journal offset of the first.'),
    lastOffset: count('Journal offset of the last.'),
    isRepeated: flag(
      'Whether the same request under this `Idempotency-Key` had been taken before, since the server started.',
    ),
  }),
} as const;
