import { type FailpointHook, type FailpointName, KernelError } from '@skerry/kernel';
import type { DiskFault, DiskOperation, DiskOperationKind, SeededRandom } from '@skerry/kernel/testing';

/** What the code of a process runs into when that process has just ended. */
export class ProcessGone extends KernelError {
  constructor(where: string) {
    super('disk-failed', `The process ended at ${where}.`, { where });
  }

  /** Whether a fault comes of the end of its process, at whatever remove. */
  static isCauseOf(fault: unknown): boolean {
    for (let cause = fault; cause instanceof Error; cause = cause.cause)
      if (cause instanceof ProcessGone) return true;
    return false;
  }
}

/** How a process ends: by a kill, which keeps the page cache, or by a power cut, which does not. */
export type Death = 'kill' | 'power-cut';

/** What goes wrong with single disk operations while it lasts: probability per operation of each kind. */
export interface DiskWeather {
  readonly shortWrite: number;
  readonly diskFull: number;
  readonly writeFailed: number;
  readonly syncFailed: number;
  readonly readFailed: number;
}

/** A disk on which nothing goes wrong. */
export const FAIR: DiskWeather = { shortWrite: 0, diskFull: 0, writeFailed: 0, syncFailed: 0, readFailed: 0 };

const CHANGES: readonly DiskOperationKind[] = [
  'write',
  'truncate',
  'sync',
  'sync-folder',
  'make-folder',
  'rename',
  'remove',
];

/**
 * Decides what goes wrong at disk operations and failpoints, and ends the process in the middle of them. `die` is called
 * at the moment of death; the operation or step then fails for the dying code without having happened.
 */
export class FaultBoard {
  weather: DiskWeather = FAIR;
  readonly #random: SeededRandom;
  readonly #die: (death: Death, where: string) => void;
  #operationsLeft = 0;
  #operationDeath: Death | undefined;
  #operationKinds = CHANGES;
  #awaited: { readonly kind: DiskOperationKind; readonly count: number; readonly death: Death } | undefined;
  #passesLeft = 0;
  #passDeath: Death = 'kill';
  #operationsAfter = 0;
  #failpoint: FailpointName | undefined;
  #syncFails = false;
  /** How often each failpoint was passed. */
  readonly passes = new Map<FailpointName, number>();

  constructor(random: SeededRandom, die: (death: Death, where: string) => void) {
    this.#random = random;
    this.#die = die;
  }

  /** The process dies at the n-th disk operation from now on that changes something (of these kinds), before it happens. */
  dieAtOperation(count: number, death: Death, kinds: readonly DiskOperationKind[] = CHANGES): void {
    this.#operationsLeft = count;
    this.#operationDeath = death;
    this.#operationKinds = kinds;
  }

  /** The process dies at the n-th operation that changes something after the next one of this kind on a segment. */
  dieAfterNext(kind: DiskOperationKind, count: number, death: Death): void {
    this.#awaited = { kind, count, death };
  }

  /** The process dies at the n-th passage of a failpoint from now on, or at so many disk operations after it. */
  dieAtFailpoint(name: FailpointName, count: number, death: Death, operationsAfter = 0): void {
    this.#failpoint = name;
    this.#passesLeft = count;
    this.#passDeath = death;
    this.#operationsAfter = operationsAfter;
  }

  /** The next sync of a file fails. */
  failNextSync(): void {
    this.#syncFails = true;
  }

  /** Nothing goes wrong any more. */
  clear(): void {
    this.weather = FAIR;
    this.#operationDeath = undefined;
    this.#awaited = undefined;
    this.#failpoint = undefined;
    this.#syncFails = false;
  }

  /** The plan of the simulated disk. */
  readonly plan = (operation: DiskOperation): DiskFault | undefined => {
    const { kind, path } = operation;
    const death = this.#operationDeath;
    if (death && this.#operationKinds.includes(kind) && --this.#operationsLeft <= 0) {
      this.#operationDeath = undefined;
      const where = `disk ${kind} ${path}`;
      this.#die(death, where);
      throw new ProcessGone(where);
    }
    const awaited = this.#awaited;
    if (awaited?.kind === kind && path.endsWith('.seg')) {
      this.#awaited = undefined;
      this.dieAtOperation(awaited.count, awaited.death);
    }
    if (this.#syncFails && kind === 'sync') {
      this.#syncFails = false;
      return { kind: 'fail', code: 'sync-failed' };
    }
    return this.#chance(operation);
  };

  /** The failpoint hook of every package. */
  readonly hook: FailpointHook = (name) => {
    this.passes.set(name, (this.passes.get(name) ?? 0) + 1);
    if (name !== this.#failpoint || --this.#passesLeft > 0) return;
    this.#failpoint = undefined;
    if (this.#operationsAfter > 0) {
      this.dieAtOperation(this.#operationsAfter, this.#passDeath);
      return;
    }
    this.#die(this.#passDeath, `failpoint ${name}`);
    throw new ProcessGone(`failpoint ${name}`);
  };

  #chance({ kind, bytes }: DiskOperation): DiskFault | undefined {
    const { shortWrite, diskFull, writeFailed, syncFailed, readFailed } = this.weather;
    const random = this.#random;
    if (kind === 'write') {
      if (bytes > 1 && shortWrite > 0 && random.chance(shortWrite))
        return { kind: 'short', bytes: random.between(1, bytes - 1) };
      if (diskFull > 0 && random.chance(diskFull)) return { kind: 'fail', code: 'disk-full' };
      if (writeFailed > 0 && random.chance(writeFailed)) return { kind: 'fail', code: 'disk-failed' };
    }
    if (kind === 'open' && diskFull > 0 && random.chance(diskFull / 4))
      return { kind: 'fail', code: 'too-many-files' };
    if ((kind === 'sync' || kind === 'sync-folder') && syncFailed > 0 && random.chance(syncFailed))
      return { kind: 'fail', code: 'sync-failed' };
    if (kind === 'read' && readFailed > 0 && random.chance(readFailed))
      return { kind: 'fail', code: 'disk-failed' };
    return undefined;
  }
}
