import { createHash } from 'node:crypto';
import type { Scope } from '@skerry/model';

/** How something ended: it was let happen, it was refused, or it was let happen and failed. */
export type AuditOutcome = 'allowed' | 'refused' | 'failed';

/** What somebody did or tried. */
export interface AuditNote {
  /** Who: `local`, the name of a user, `token:` and its name, `anonymous`. */
  readonly author: string;
  /** What: `session.create`, `user.change`, `dead-letters.replay`, … */
  readonly action: string;
  /** To what: `User/ann`, `AccessToken/line-4`, an offset, a path. */
  readonly target: string;
  readonly outcome: AuditOutcome;
  /** Address of the peer. */
  readonly from: string;
  /** Facts in words; never a secret. */
  readonly detail?: string;
  /** The part of the platform it was about; absent: all of it. */
  readonly scope?: Scope;
  /** How many alike this entry stands for, where more than one. */
  readonly count?: number;
}

/** One entry of the log. */
export interface AuditEntry extends AuditNote {
  /** 1, 2, 3, … */
  readonly n: number;
  /** Microseconds since 1970. */
  readonly atMicros: number;
}

/** Where a chain of entries stands. */
export interface ChainHead {
  /** Number of the last entry; 0 before the first. */
  readonly n: number;
  /** Its hash in hex. */
  readonly hash: string;
}

/** Before the first entry. */
export const CHAIN_START: ChainHead = { n: 0, hash: '0'.repeat(64) };

/** One line that does not fit the chain. */
export interface AuditFinding {
  /** Number of the entry that is wrong or missing. */
  readonly n: number;
  readonly file: string;
  /** Line in the file, from 1; 0 where the line is missing. */
  readonly line: number;
  readonly detail: string;
}

/** An entry as a line without its line end: its members, then `prev` and `hash` (docs/formats/audit.md). */
export function encodeEntry(
  entry: AuditEntry,
  prev: string,
): { readonly line: string; readonly hash: string } {
  const body = JSON.stringify({ ...entry, prev });
  const hash = createHash('sha256').update(body).digest('hex');
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

const HASH = /,"hash":"([0-9a-f]{64})"\}$/;

/** The entry of a line with the hashes it states; undefined when the line is none, or its hash is not that of its text. */
export function decodeEntry(
  line: string,
): { readonly entry: AuditEntry; readonly prev: string; readonly hash: string } | undefined {
  const hash = HASH.exec(line)?.[1];
  if (hash === undefined) return undefined;
  const body = `${line.slice(0, -HASH_CHARS)}}`;
  if (createHash('sha256').update(body).digest('hex') !== hash) return undefined;
  const { prev, ...entry } = JSON.parse(body) as AuditEntry & { readonly prev: string }; // its hash says that `encodeEntry` wrote it
  return { entry, prev, hash };
}

const HASH_CHARS = ',"hash":""}'.length + 64;

/** Action of the entry that says which entries were removed with the oldest file. */
export const TRIMMED = 'audit.trimmed';

/** Follows a chain line by line and tells what does not fit. */
export class ChainCheck {
  readonly findings: AuditFinding[] = [];
  readonly #trimmed = new Map<number, string>();
  #first: { readonly n: number; readonly prev: string; readonly file: string } | undefined;
  #head: ChainHead | undefined;

  /** The last entry that could be read. */
  get head(): ChainHead {
    return this.#head ?? CHAIN_START;
  }

  /** Takes the next line; its entry when it can be read. */
  take(text: string, file: string, line: number): AuditEntry | undefined {
    const read = decodeEntry(text);
    const wanted = (this.#head?.n ?? 0) + 1;
    if (!read) {
      this.#tell(wanted, file, line, 'the line was changed: its text does not have the hash it states');
      this.#head = { n: wanted, hash: '' };
      return undefined;
    }
    const { entry, prev, hash } = read;
    this.#follow(entry, prev, file, line);
    if (entry.action === TRIMMED) this.#trimmed.set(Number(entry.target), String(entry.detail));
    this.#head = { n: entry.n, hash };
    return entry;
  }

  /** Says what is wrong with both ends: `kept` is where the log stood when it was written last. */
  end(kept: ChainHead | undefined): readonly AuditFinding[] {
    const first = this.#first;
    if (first && first.n > 1 && this.#trimmed.get(first.n - 1) !== first.prev) {
      this.findings.unshift({
        n: first.n - 1,
        file: first.file,
        line: 0,
        detail: `entries up to ${first.n - 1} are missing, and no entry says that they were trimmed`,
      });
    }
    const head = this.head;
    if (kept && kept.n > head.n) {
      this.#tell(head.n + 1, '', 0, `entries ${head.n + 1} to ${kept.n} were cut off the end`);
    } else if (kept && kept.n === head.n && head.hash !== '' && kept.hash !== head.hash) {
      this.#tell(head.n, '', 0, 'the last entry is not the one that was written');
    }
    return this.findings;
  }

  #follow(entry: AuditEntry, prev: string, file: string, line: number): void {
    const head = this.#head;
    if (!head) {
      this.#first = { n: entry.n, prev, file };
      if (entry.n === 1 && prev !== CHAIN_START.hash) {
        this.#tell(1, file, line, 'the first entry does not begin the chain');
      }
      return;
    }
    if (entry.n > head.n + 1) {
      const missing =
        entry.n === head.n + 2 ? `entry ${head.n + 1} is` : `entries ${head.n + 1} to ${entry.n - 1} are`;
      this.#tell(head.n + 1, file, line, `${missing} missing before this line`);
    } else if (entry.n <= head.n) {
      this.#tell(entry.n, file, line, `the entry stands behind entry ${head.n}`);
    } else if (head.hash !== '' && prev !== head.hash) {
      this.#tell(entry.n, file, line, 'the entry does not follow the one before it');
    }
  }

  #tell(n: number, file: string, line: number, detail: string): void {
    this.findings.push({ n, file, line, detail });
  }
}
