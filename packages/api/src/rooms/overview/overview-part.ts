import type { LedgerReport, Scope } from '@skerry/model';
import type { OverviewFigures } from '../../platform.ts';
import { ledgerWithin } from '../ledger/ledger-scope.ts';

/**
 * The figures of the scopes only: records and dead letters from the ledger of their projects, and the devices that were
 * counted. What is known of the whole platform only is left at nothing.
 */
export function figuresWithin(
  { ledger }: Pick<OverviewFigures, 'ledger'>,
  devices: number,
  scopes: readonly Scope[],
): OverviewFigures {
  const part = ledgerWithin(ledger, scopes);
  return {
    recordsReceived: part.totals.received,
    pointsStored: 0,
    delay: undefined,
    backlogRecords: part.totals.pending,
    backlogAgeMs: 0,
    devices,
    series: 0,
    connections: 0,
    deadLettersOpen: part.totals.deadLettered,
    journalBytes: 0,
    journalBytesMax: 0,
    storeBytes: 0,
    diskFreeBytes: undefined,
    ledger: part,
  };
}

/** Records received by the projects of the scopes. */
export function receivedWithin(ledger: LedgerReport, scopes: readonly Scope[]): number {
  return ledgerWithin(ledger, scopes).totals.received;
}
