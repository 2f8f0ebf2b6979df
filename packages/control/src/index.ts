export { CONTROL_FAULTS, ControlError, type ControlFault } from './errors.ts';
export { type HeldLease, holdLease, type LeaseNeeds, type LeaseWish, waitForLease } from './held-lease.ts';
export type { Claim, LeaseBook, LeaseTime } from './lease-book.ts';
export { LIMITS as CONTROL_LIMITS } from './limits.ts';
export { MemoryLeaseBook } from './memory/memory-lease-book.ts';
