import type { PipelineAlarm } from './pipeline.ts';

/** What somebody must look at: every imbalance of the ledger, and what else there is to tell. */
export function pipelineAlarms(
  imbalances: readonly string[],
  others: Readonly<Record<Exclude<PipelineAlarm['code'], 'ledger-imbalance'>, string | undefined>>,
): PipelineAlarm[] {
  const told = imbalances.map((detail): PipelineAlarm => ({ code: 'ledger-imbalance', detail }));
  for (const code of ['journal-miscount', 'seal-retry', 'origin-gap'] as const) {
    const detail = others[code];
    if (detail !== undefined) told.push({ code, detail });
  }
  return told;
}
