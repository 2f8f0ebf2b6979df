import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createMeter, type FailpointHook, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import type { SeriesStore } from '../store.ts';
import { StepClock } from '../testing/builders.ts';
import { openSqliteStore, type SqliteStoreOptions } from './index.ts';

/** In memory where there is such a place: these tests copy what a kill leaves, and no power is cut. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A store in a folder of its own that tests may look into; disposing removes it. */
export class SqliteFolder implements AsyncDisposable {
  readonly folder: string;
  readonly clock: StepClock;
  readonly meter = createMeter();
  failpoint: FailpointHook = noFailpoints;
  breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  #store: SeriesStore | undefined;

  constructor(folder = mkdtempSync(`${PARENT}/skerry-series-`), clock = new StepClock()) {
    this.folder = folder;
    this.clock = clock;
  }

  /** The store that was opened last. */
  get store(): SeriesStore {
    assert.ok(this.#store, 'open first');
    return this.#store;
  }

  /** Opens and loads the store. */
  async open(options: Partial<SqliteStoreOptions> = {}): Promise<this> {
    const store = await openSqliteStore(
      { folder: this.folder, retentionClass: 'default', ...options },
      {
        clock: this.clock,
        disk: nodeDisk(),
        logger: silentLogger,
        meter: this.meter,
        failpoint: (name) => this.failpoint(name),
        breathe: () => this.breathe(),
      },
    );
    this.#store = store;
    await store.load();
    return this;
  }

  /** Closes the store and opens it again. */
  async reopen(options: Partial<SqliteStoreOptions> = {}): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
    await this.open(options);
  }

  /** The files as a kill at this moment would leave them, as a folder of its own. */
  killed(): SqliteFolder {
    const copy = mkdtempSync(`${PARENT}/skerry-series-`);
    cpSync(this.folder, copy, { recursive: true, filter: (path) => !path.endsWith('-shm') });
    return new SqliteFolder(copy, this.clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}
