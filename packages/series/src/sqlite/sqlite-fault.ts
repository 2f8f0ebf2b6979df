import { SeriesError, type SeriesFault } from '../errors.ts';

const RESTORE =
  'put the file back from a backup, or move it away together with the newer files of its folder to start before it';

/** SQLite's primary result codes that have a meaning of their own here. */
const FAULTS: ReadonlyMap<number, { readonly fault: SeriesFault; readonly advice: string }> = new Map([
  [8, { fault: 'store-read-only', advice: 'make the folder and its files writable for the process' }],
  [10, { fault: 'store-failed', advice: 'look at the disk and the kernel log, then start again' }],
  [11, { fault: 'store-damaged', advice: RESTORE }],
  [13, { fault: 'store-full', advice: 'free space; what was to be written is written again' }],
  [14, { fault: 'store-not-opened', advice: 'look whether the folder exists and may be read and written' }],
  [26, { fault: 'store-damaged', advice: RESTORE }],
]);
const IOERR_SHMSIZE = 4874;

/** The coded error for what node:sqlite threw while doing `action` to the file at `path`. Coded errors pass. */
export function sqliteFault(path: string, action: string, error: unknown): unknown {
  if (error instanceof SeriesError) return error;
  const extended = Number((error as { errcode?: unknown } | undefined)?.errcode); // node:sqlite's own property
  if (!Number.isFinite(extended)) return error;
  const known = FAULTS.get(extended === IOERR_SHMSIZE ? 13 : extended & 0xff);
  const fault = known?.fault ?? 'store-failed';
  const advice = known?.advice ?? 'start again, and report it';
  const found = error instanceof Error ? error.message : String(error);
  return new SeriesError(
    fault,
    `Cannot ${action} in ${path}: ${found}; ${advice}.`,
    { path, extended },
    error,
  );
}

/** A file that is a healthy database and not what the store wrote. */
export function storeDamaged(path: string, found: string): SeriesError {
  return new SeriesError('store-damaged', `Cannot use ${path}: ${found}; ${RESTORE}.`, { path });
}
