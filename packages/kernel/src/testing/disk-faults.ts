import type { KernelFault } from '../errors.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What can be asked of a disk. */
export type DiskOperationKind =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'sync-folder'
  | 'list'
  | 'make-folder'
  | 'rename'
  | 'remove';

/** One operation that is about to happen. */
export interface DiskOperation {
  /** 1 for the first operation of the disk's life, counted over kills and power cuts. */
  readonly number: number;
  readonly kind: DiskOperationKind;
  readonly path: string;
  /** Bytes of a read or write, else 0. */
  readonly bytes: number;
}

/** What goes wrong: a coded failure, or a write that takes fewer bytes than given. */
export type DiskFault =
  | { readonly kind: 'fail'; readonly code: KernelFault }
  | { readonly kind: 'short'; readonly bytes: number };

/** Decides per operation; undefined lets it happen. */
export type DiskFaultPlan = (operation: DiskOperation) => DiskFault | undefined;

/** The operation with this number fails with the code (`disk-failed`, or `sync-failed` for a sync). */
export function failAt(number: number, code: KernelFault = 'disk-failed'): DiskFaultPlan {
  return (operation) => {
    if (operation.number !== number) return undefined;
    return { kind: 'fail', code: isSync(operation.kind) ? 'sync-failed' : code };
  };
}

/** Each kind of operation fails with its probability; a write that fails is as often short as refused. */
export function failRandomly(
  random: SeededRandom,
  rates: Readonly<Partial<Record<DiskOperationKind, number>>>,
): DiskFaultPlan {
  return ({ kind, bytes }) => {
    const rate = rates[kind];
    if (rate === undefined || !random.chance(rate)) return undefined;
    if (isSync(kind)) return { kind: 'fail', code: 'sync-failed' };
    if (kind !== 'write') return { kind: 'fail', code: 'disk-failed' };
    if (bytes > 1 && random.chance(0.5)) return { kind: 'short', bytes: random.between(1, bytes - 1) };
    return { kind: 'fail', code: random.chance(0.5) ? 'disk-full' : 'disk-failed' };
  };
}

function isSync(kind: DiskOperationKind): boolean {
  return kind === 'sync' || kind === 'sync-folder';
}
