import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { readWhole, replaceFile, writeAll } from '@skerry/journal/segment';
import type { Disk, Logger } from '@skerry/kernel';
import type { RouteConfig, RouteEra } from '@skerry/pipeline';
import type { SeriesStore } from '@skerry/series';
import { LIMITS } from '../limits.ts';

const NAME = 'routes.json';

/** What a history of routes is opened for. */
export interface RouteHistoryOptions {
  /** The journal's folder; the history is `routes.json` in it. */
  readonly folder: string;
  readonly journal: { readonly id: string; readonly start: number };
  /** Offset below which records had their verdicts durable before this process. */
  readonly position: number;
  /** The routes of this process. */
  readonly routes: RouteConfig;
  /** Nothing is written; the history ends with the process. */
  readonly isReadOnly: boolean;
}

/** What a history of routes works with. */
export interface RouteHistoryNeeds {
  readonly disk: Disk;
  readonly logger: Logger;
}

interface Kept {
  readonly journalId: string;
  readonly eras: readonly RouteEra[];
}

/**
 * The routes under which each record was given its verdict (docs/formats/routes.md). It is not needed for storing: that
 * it is missing though records have verdicts, is damaged, or belongs to another journal is logged, and it begins anew
 * at the position.
 */
export class RouteHistory {
  /** By ascending offset; the last one is this process's. Records before the first were decoded under unknown routes. */
  readonly eras: readonly RouteEra[];
  readonly #options: RouteHistoryOptions;
  readonly #disk: Disk;
  #isKept: boolean;

  /** Reads what is kept. Fails as the disk does. */
  constructor(options: RouteHistoryOptions, { disk, logger }: RouteHistoryNeeds) {
    const { folder, journal, position, isReadOnly } = options;
    this.#options = options;
    this.#disk = disk;
    const path = `${folder}/${NAME}`;
    const bytes = readWhole(disk, path);
    const kept = bytes && keptIn(bytes);
    const isOurs = typeof kept === 'object' && kept.journalId === journal.id;
    if (!isOurs && (kept !== undefined || position > 0)) {
      const reason =
        typeof kept === 'object' ? `it belongs to the journal ${kept.journalId}` : (kept ?? 'there is none');
      logger.log('warn', 'The history of routes begins anew; audits recount from here on.', {
        path,
        reason,
        position,
      });
    }
    this.eras = isOurs ? continued(kept.eras, options) : [{ from: position, routes: options.routes }];
    this.#isKept = isReadOnly || (isOurs && isDeepStrictEqual(kept.eras, this.eras));
  }

  /** Makes the history durable, unless it is. Fails as the disk does. */
  keep(): void {
    if (this.#isKept) return;
    const kept: Kept = { journalId: this.#options.journal.id, eras: this.eras };
    const state = JSON.stringify(kept);
    const text = JSON.stringify({ version: 1, checksum: crc32(state), state: kept });
    replaceFile(this.#disk, this.#options.folder, NAME, (file) =>
      writeAll(file, new TextEncoder().encode(`${text}\n`), 0),
    );
    this.#isKept = true;
  }
}

/** The store for a pipeline: its position opens the history, and nothing is sealed before the history is durable. */
export function keepingRoutes(
  store: SeriesStore,
  open: (position: number) => RouteHistory,
): SeriesStore & { readonly eras: readonly RouteEra[] } {
  let history: RouteHistory | undefined;
  return {
    get eras() {
      return history?.eras ?? [];
    },
    load: async () => {
      const state = await store.load();
      history = open(state.position);
      return state;
    },
    seal: async (seal) => {
      history ??= open(seal.from);
      history.keep();
      await store.seal(seal);
    },
    query: (query, unsealed) => store.query(query, unsealed),
    deadLetters: (filter) => store.deadLetters(filter),
    deadLetter: (offset) => store.deadLetter(offset),
    sessionEvents: (query) => store.sessionEvents(query),
    work: () => store.work(),
    figures: () => store.figures(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** The eras with that of this process: one that gave no durable verdict is as if it had not been. */
function continued(
  kept: readonly RouteEra[],
  { journal, position, routes }: RouteHistoryOptions,
): RouteEra[] {
  const eras = kept.filter((era) => era.from < position);
  if (!isDeepStrictEqual(eras.at(-1)?.routes, routes)) eras.push({ from: position, routes });
  const oldest = Math.max(
    0,
    eras.findLastIndex((era) => era.from <= journal.start),
    eras.length - LIMITS.routeErasMax.value,
  );
  return eras.slice(oldest);
}

/** What the file says, or why it cannot be used. */
function keptIn(bytes: Uint8Array): Kept | string {
  let found: { readonly version?: unknown; readonly checksum?: unknown; readonly state?: Kept } | null;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    found = value as typeof found; // checked by version and checksum below
  } catch {
    return 'there is no JSON';
  }
  if (found?.version !== 1) return `the version is ${String(found?.version)} and not 1`;
  if (!found.state || crc32(JSON.stringify(found.state)) !== found.checksum)
    return 'the checksum does not fit';
  return found.state;
}
