/** The verdicts a record can have, beside not having one yet. */
export type Verdict = 'stored' | 'deduplicated' | 'filtered' | 'deadLettered' | 'discarded' | 'expired';

/** The accounts of the ledger, in records. `pending` = received without a verdict. */
export interface LedgerAccounts {
  readonly received: number;
  readonly stored: number;
  readonly deduplicated: number;
  readonly filtered: number;
  readonly deadLettered: number;
  readonly discarded: number;
  readonly expired: number;
  readonly pending: number;
}

/** The order in which accounts are shown. */
export const ACCOUNTS = [
  'received',
  'stored',
  'deduplicated',
  'filtered',
  'deadLettered',
  'discarded',
  'expired',
  'pending',
] as const satisfies readonly (keyof LedgerAccounts)[];

/** The ledger of one project. `receivedQos0` is inside `received`. */
export interface ProjectLedger extends LedgerAccounts {
  readonly tenant: string;
  readonly project: string;
  readonly receivedQos0: number;
}

/** Something that makes a ledger less sure than it could be. */
export interface LedgerNote {
  /**
   * `gateway-ahead`: records have a verdict before their gateway told of them; `gateway-untold`: a gateway tells nothing of
   * what it receives; `gateway-silent`: records lie in the data folder of a gateway that tells nothing any more; `foreign-records`: another
   * producer's; `kafka-silent`: what Kafka holds is not known.
   */
  readonly code: 'gateway-ahead' | 'gateway-untold' | 'gateway-silent' | 'foreign-records' | 'kafka-silent';
  /** Gateway, or its journal, that it is about; empty where it is about none. */
  readonly subject: string;
  /** Records that it is about; 0 where that is not known. */
  readonly records: number;
  /** The whole of it in words. */
  readonly detail: string;
}

/** The whole ledger as `skerry ledger -o json` prints it. */
export interface LedgerReport {
  readonly totals: LedgerAccounts;
  /** True when every project balances and the sum of pending equals the journal's end minus the position. */
  readonly balanced: boolean;
  readonly projects: readonly ProjectLedger[];
  /** Why it does not balance, in words with the figures; empty when it does. */
  readonly imbalances: readonly string[];
  /** Telemetry records between the committed position and the durable end of the journal, counted by the journal. */
  readonly journalPending: number;
  /** What makes it less sure than it could be; absent where nothing can. */
  readonly notes?: readonly LedgerNote[];
}

/** Gaps in a device's own sequence numbers; bounds are inclusive. */
export interface SequenceGap {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
}

/** All accounts at zero. */
export function emptyAccounts(): { -readonly [K in keyof LedgerAccounts]: number } {
  return {
    received: 0,
    stored: 0,
    deduplicated: 0,
    filtered: 0,
    deadLettered: 0,
    discarded: 0,
    expired: 0,
    pending: 0,
  };
}

/** What the accounts say is missing: received minus everything else. 0 when balanced. */
export function imbalanceOf(accounts: LedgerAccounts): number {
  return (
    accounts.received -
    accounts.stored -
    accounts.deduplicated -
    accounts.filtered -
    accounts.deadLettered -
    accounts.discarded -
    accounts.expired -
    accounts.pending
  );
}
