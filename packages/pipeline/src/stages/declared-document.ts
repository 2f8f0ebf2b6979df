import type { StagesDocument } from '@skerry/model';
import { PipelineError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { StateRow } from './aggregate-state.ts';
import { type DocumentPlace, type DocumentScope, documentKey, placeIn, scopeOf } from './document-key.ts';
import type { DocumentKind, DocumentVersion } from './stage-change.ts';

const PREFIX = 'version:';

/** A declared document with its versions, oldest first. */
export class DeclaredDocument implements DocumentPlace {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly scope: DocumentScope;
  /** Key of its rows: its own, or the one that an older version wrote them under. */
  readonly rowKey: string;
  #versions: DocumentVersion[] = [];
  /** UTF-16 units of each version as JSON, by its number. */
  readonly #sizes = new Map<number, number>();
  readonly #changed = new Set<number>();
  /** Units of all versions behind the newest. */
  historySize = 0;

  constructor(place: DocumentPlace, rowKey = documentKey(place)) {
    this.kind = place.kind;
    this.name = place.name;
    this.scope = scopeOf(place.scope);
    this.rowKey = rowKey;
  }

  get key(): string {
    return documentKey(this);
  }

  get versions(): readonly DocumentVersion[] {
    return this.#versions;
  }

  /** The newest version; undefined before the first. */
  get newest(): DocumentVersion | undefined {
    return this.#versions.at(-1);
  }

  /** What is in force. */
  get document(): StagesDocument | undefined {
    return this.newest?.document;
  }

  /** UTF-16 units of what is in force, as JSON; 0 for nothing. */
  get size(): number {
    return this.document ? (this.#sizes.get(Number(this.newest?.version)) ?? 0) : 0;
  }

  /** The version that an undo goes back to: the one before the one whose document is in force. */
  get previous(): DocumentVersion | undefined {
    const { newest } = this;
    return newest && this.#versions.findLast(({ version, of }) => version < newest.of && version === of);
  }

  /** Adds a version; the oldest are forgotten where there is no room, nearly all of what was removed. */
  add(version: DocumentVersion): void {
    this.#versions.push(version);
    this.#sizes.set(version.version, sizeOf(version.document));
    this.#changed.add(version.version);
    this.#count();
    const { versionsMax, versionsBytesMax, removedBytesMax } = LIMITS;
    const most = version.document ? versionsBytesMax.value : removedBytesMax.value;
    // one step back is kept of what is in force, however large
    const least = version.document ? 2 : 1;
    while (this.#versions.length > versionsMax.value) this.forgetOldest();
    while (this.#versions.length > least && this.historySize + this.size > most) this.forgetOldest();
  }

  /** Forgets the oldest version but the newest; false when there is none. */
  forgetOldest(): boolean {
    if (this.#versions.length < 2) return false;
    const oldest = this.#versions.shift();
    if (oldest) this.#changed.add(oldest.version);
    this.#count();
    return true;
  }

  /** Rows of the versions that came or went since the last call. */
  takeRows(): StateRow[] {
    const rows = Array.from(this.#changed, (number): StateRow => {
      const version = this.#versions.find((one) => one.version === number);
      return { part: `${PREFIX}${number}`, body: version && JSON.stringify(version) };
    });
    this.#changed.clear();
    return rows;
  }

  /** Rows that remove it. */
  goneRows(): StateRow[] {
    return this.#versions.map(({ version }) => ({ part: `${PREFIX}${version}`, body: undefined }));
  }

  /** Takes over versions as they were sealed. */
  restore(versions: readonly DocumentVersion[]): void {
    this.#versions = [...versions].sort((a, b) => a.version - b.version);
    for (const { version, document } of versions) this.#sizes.set(version, sizeOf(document));
    this.#count();
  }

  #count(): void {
    const newest = this.newest?.version;
    const known = new Set(this.#versions.map(({ version }) => version));
    for (const version of this.#sizes.keys()) if (!known.has(version)) this.#sizes.delete(version);
    this.historySize = 0;
    for (const [version, size] of this.#sizes) if (version !== newest) this.historySize += size;
  }
}

/**
 * The document whose rows stand under `key`; undefined when none of them is a version. Of rows of an older version, whose
 * names were unique on the node, those that are about another tenant or project are left out. Fails with `stages-damaged`.
 */
export function restoreDocument(key: string, rows: readonly StateRow[]): DeclaredDocument | undefined {
  const versions = rows.flatMap(({ part, body }) =>
    part.startsWith(PREFIX) && body !== undefined ? [versionIn(body, `${key} ${part}`)] : [],
  );
  if (versions.length === 0) return undefined;
  const { kind, name, scope } = placeIn(key);
  const newest = versions.toSorted((a, b) => b.version - a.version).find(({ document }) => document);
  const place = { kind, name, scope: scope ?? scopeOf(newest?.document?.spec.match ?? {}) };
  const document = new DeclaredDocument(place, key);
  const own = documentKey(place);
  document.restore(
    versions.filter(
      ({ document: one }) => !one || documentKey({ kind, name, scope: scopeOf(one.spec.match) }) === own,
    ),
  );
  return document;
}

function versionIn(body: string, place: string): DocumentVersion {
  try {
    return JSON.parse(body) as DocumentVersion; // written by `takeRows`
  } catch (cause) {
    throw new PipelineError(
      'stages-damaged',
      `Reading the version of a declared document failed: the row ${place} holds ${body.length} characters that are no JSON; it was written as JSON.`,
      { row: place },
      cause,
    );
  }
}

function sizeOf(document: StagesDocument | undefined): number {
  return document ? JSON.stringify(document).length : 0;
}
