/** A number of a group that somebody holds until it expires. */
export interface Claim {
  readonly group: string;
  readonly number: number;
  readonly owner: string;
  /** Grows each time that the number changes hands: whoever has a lower one has lost it. */
  readonly epoch: number;
  /** Whether somebody has held the number before, and has left something behind. */
  readonly isTakenOver: boolean;
}

/** How long a claim holds, ms, by the clock of the book. */
export type LeaseTime = number;

/**
 * Where a group of processes agrees who has which number. One clock judges, that of the book. Every method fails with
 * `leases-unreachable` (nothing is known of the outcome) or `leases-refused`.
 */
export interface LeaseBook extends AsyncDisposable {
  /** The number that the owner has or had, else the lowest that nobody holds, a new one when all are held. */
  claimAny(group: string, owner: string, time: LeaseTime): Promise<Claim>;
  /** The number, unless somebody else holds it. */
  claim(group: string, number: number, owner: string, time: LeaseTime): Promise<Claim | undefined>;
  /** Holds it for `time` from now on; false when it was lost. */
  renew(claim: Claim, time: LeaseTime): Promise<boolean>;
  /** Gives it back; `isClosed`: nothing was left behind. Nothing happens when it was lost. */
  release(claim: Claim, isClosed: boolean): Promise<void>;
  /** Numbers that nobody holds and that somebody has left something behind under, ascending. */
  orphans(group: string): Promise<number[]>;
}
