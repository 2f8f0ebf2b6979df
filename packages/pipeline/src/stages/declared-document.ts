import type { StagesDocument } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { StateRow } from './aggregate-state.ts';
import type { DocumentKind, DocumentVersion } from './stage-change.ts';

const PREFIX = 'version:';

/** A declared document with its versions, oldest first. */
export class DeclaredDocument {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly #versions: DocumentVersion[] = [];
  readonly #changed = new Set<number>();

  constructor(kind: DocumentKind, name: string) {
    this.kind = kind;
    this.name = name;
  }

  /** Key of its rows. */
  get key(): string {
    return `${this.kind}/${this.name}`;
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

  /** The version that an undo goes back to: the one before the one whose document is in force. */
  get previous(): DocumentVersion | undefined {
    const { newest } = this;
    return newest && this.#versions.findLast(({ version, of }) => version < newest.of && version === of);
  }

  /** Adds a version; the oldest are forgotten where there is no room. */
  add(version: DocumentVersion): void {
    this.#versions.push(version);
    this.#changed.add(version.version);
    const sizes = this.#versions.map(({ document }) => JSON.stringify(document ?? null).length);
    let bytes = sizes.reduce((sum, size) => sum + size, 0);
    while (
      this.#versions.length > LIMITS.versionsMax.value ||
      (bytes > LIMITS.versionsBytesMax.value && this.#versions.length > 2)
    ) {
      const oldest = this.#versions.shift();
      bytes -= sizes.shift() ?? 0;
      if (oldest) this.#changed.add(oldest.version);
    }
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

  /** Takes over rows as they were sealed; those of other kinds are left alone. */
  restore(rows: readonly StateRow[]): void {
    for (const { part, body } of rows) {
      if (!part.startsWith(PREFIX) || body === undefined) continue;
      this.#versions.push(JSON.parse(body) as DocumentVersion); // written by `takeRows`
    }
    this.#versions.sort((a, b) => a.version - b.version);
  }
}
