import { covers, type DeadLetter, type DeviceKey, type Scope, type SequenceGap } from '@skerry/model';
import type { DeadLetterNarrowing } from '../platform.ts';

/** Orders devices by tenant, project and id. */
export function compareKeys(a: DeviceKey, b: DeviceKey): number {
  return compare(a.tenant, b.tenant) || compare(a.project, b.project) || compare(a.device, b.device);
}

/** Orders gaps by device, epoch and first number. */
export function compareGaps(a: SequenceGap, b: SequenceGap): number {
  return compareKeys(a, b) || compare(a.epoch, b.epoch) || a.from - b.from;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Whether the query names this device, or nothing narrower than it, and a scope of it covers it. */
export function isWithin(
  query: Partial<DeviceKey> & { readonly scopes?: readonly Scope[] },
  key: DeviceKey,
): boolean {
  return (
    (query.scopes?.some((scope) => covers(scope, key)) ?? true) &&
    (query.tenant ?? key.tenant) === key.tenant &&
    (query.project ?? key.project) === key.project &&
    (query.device ?? key.device) === key.device
  );
}

/** Whether the filter takes in this dead letter. */
export function isMeant(filter: DeadLetterNarrowing, letter: DeadLetter): boolean {
  return (
    isWithin(filter, letter) &&
    (filter.state ?? letter.state) === letter.state &&
    (filter.reason ?? letter.reason) === letter.reason
  );
}
