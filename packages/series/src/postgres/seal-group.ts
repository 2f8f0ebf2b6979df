import type { Clock } from '@skerry/kernel';
import { SeriesError, type SeriesFault } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { type NewSeries, type SealWrite, writeSeals } from './seal-transaction.ts';

/** What a group of seals works with. */
export interface SealGroupNeeds {
  readonly clock: Pick<Clock, 'sleep'>;
}

interface Waiting {
  readonly write: SealWrite;
  readonly resolve: (added: NewSeries) => void;
  readonly reject: (fault: unknown) => void;
}

/** A store that takes part in a group. Disposing: it does no more. */
export interface SealMember extends Disposable {
  /** Resolves when the seal is committed. Fails as `writeSeals`; nothing of the seal is there then, or its outcome was not heard. */
  write(write: SealWrite): Promise<NewSeries>;
}

/**
 * Seals of several sources that come within a few milliseconds become one transaction: one COPY, one statement, one wait
 * for the disk. Each keeps its own fence: where the transaction fails for a reason that is not the server's, each seal is
 * written alone, so that no source suffers from another. Large seals go alone, several at a time.
 */
export class SealGroup {
  readonly #pool: PostgresPool;
  readonly #clock: SealGroupNeeds['clock'];
  #members = 0;
  #waiting: Waiting[] = [];
  #points = 0;

  /** All members write through `pool`. */
  constructor(pool: PostgresPool, { clock }: SealGroupNeeds) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** A store joins; whoever is alone waits for nobody. */
  join(): SealMember {
    this.#members++;
    let isIn = true;
    return {
      write: (write) => this.#write(write),
      [Symbol.dispose]: () => {
        if (isIn) this.#members--;
        isIn = false;
        // those who wait may have waited for this one
        this.#closeIfComplete();
      },
    };
  }

  #write(write: SealWrite): Promise<NewSeries> {
    const { rows } = write.seal.points;
    if (rows > LIMITS.sealGroupPoints.value) return this.#alone(write);
    const { promise, resolve, reject } = Promise.withResolvers<NewSeries>();
    if (this.#points + rows > LIMITS.sealGroupPoints.value) this.#close();
    const isFirst = this.#waiting.push({ write, resolve, reject }) === 1;
    this.#points += rows;
    if (!this.#closeIfComplete() && isFirst) void this.#closeLater(this.#waiting);
    return promise;
  }

  async #closeLater(waiting: Waiting[]): Promise<void> {
    await this.#clock.sleep(LIMITS.sealGroupMs.value);
    if (this.#waiting === waiting) this.#close();
  }

  /** A source has one seal on its way at most, so nobody else can come. */
  #closeIfComplete(): boolean {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#members) return false;
    this.#close();
    return true;
  }

  #close(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#points = 0;
    void this.#commit(waiting);
  }

  async #commit(waiting: readonly Waiting[]): Promise<void> {
    try {
      const added = await writeSeals(
        this.#pool,
        waiting.map(({ write }) => write),
      );
      for (const [i, { resolve }] of waiting.entries()) resolve(added[i] ?? []);
    } catch (fault) {
      for (const { write, resolve, reject } of waiting) {
        if (waiting.length > 1 && mayBeOfOne(fault)) this.#alone(write).then(resolve, reject);
        else reject(fault);
      }
    }
  }

  async #alone(write: SealWrite): Promise<NewSeries> {
    const [added] = await writeSeals(this.#pool, [write]);
    return added ?? [];
  }
}

/** What a server says of itself, not of a seal. */
const OF_SERVER: ReadonlySet<SeriesFault> = new Set<SeriesFault>([
  'store-unreachable',
  'store-connections-full',
  'store-on-standby',
  'store-full',
]);

/** Whether another seal of the same transaction may be the reason. */
function mayBeOfOne(fault: unknown): boolean {
  return !(fault instanceof SeriesError && OF_SERVER.has(fault.code));
}
