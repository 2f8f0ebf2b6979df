import { createHash } from 'node:crypto';
import { createMeter, type LogEntry, loggerTo, type Meter } from '@skerry/kernel';
import { FakeClock, SeededRandom, SimulatedDisk } from '@skerry/kernel/testing';
import { type Access, type AccessOptions, openAccess } from '../access.ts';
import { MemoryAccessStore } from '../memory/memory-store.ts';
import type { PasswordHasher } from '../password-hasher.ts';
import type { AccessStore } from '../store.ts';

/** Access over a store in memory, a simulated disk and a clock that a test moves. */
export interface AccessScene extends AsyncDisposable {
  readonly access: Access;
  readonly store: AccessStore;
  readonly disk: SimulatedDisk;
  readonly meter: Meter;
  readonly log: readonly LogEntry[];
  /** Passwords hashed so far. */
  readonly hashes: () => number;
}

/** The token of the data folder of every scene. */
export const LOCAL_TOKEN = 'the-token-of-the-data-folder';

/** What a scene may be given. */
export interface AccessSceneOptions extends Partial<AccessOptions> {
  readonly clock?: FakeClock;
  readonly seed?: number;
  readonly disk?: SimulatedDisk;
  readonly store?: AccessStore;
  readonly hasher?: PasswordHasher;
}

/** A hash that costs nothing, so that tests do not wait for scrypt: SHA-256 of password and salt. */
export const quickHasher: PasswordHasher = async (password, salt) =>
  createHash('sha256').update(salt).update(password).digest();

/** Opens a scene. */
export async function openAccessScene(options: AccessSceneOptions = {}): Promise<AccessScene> {
  const {
    clock = new FakeClock(),
    seed = 1,
    store = new MemoryAccessStore(),
    hasher = quickHasher,
  } = options;
  const disk = options.disk ?? new SimulatedDisk();
  const meter = createMeter();
  const log: LogEntry[] = [];
  let hashes = 0;
  const counted: PasswordHasher = (...args) => {
    hashes++;
    return hasher(...args);
  };
  const logger = loggerTo((entry) => log.push(entry));
  const access = await openAccess(
    {
      audit: options.audit ?? { folder: 'audit' },
      localToken: options.localToken ?? LOCAL_TOKEN,
      passwordCost: { n: 2, r: 1, p: 1 },
      ...(options.onChanged ? { onChanged: options.onChanged } : {}),
    },
    { store, disk, clock, random: new SeededRandom(seed), logger, meter, hasher: counted },
  );
  return {
    access,
    store,
    disk,
    meter,
    log,
    hashes: () => hashes,
    [Symbol.asyncDispose]: () => access[Symbol.asyncDispose](),
  };
}
