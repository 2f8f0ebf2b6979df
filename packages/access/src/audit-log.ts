import { type Clock, type Disk, type DiskFile, KernelError, type Logger } from '@skerry/kernel';
import { type AuditBook, noteAround } from './audit-book.ts';
import {
  type AuditEntry,
  type AuditNote,
  CHAIN_START,
  ChainCheck,
  type ChainHead,
  encodeEntry,
  TRIMMED,
} from './audit-chain.ts';
import {
  type AuditVerdict,
  auditFileName,
  auditFiles,
  HeadFile,
  readHead,
  readText,
  verifyAudit,
  writeAll,
} from './audit-files.ts';
import { AccessError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { RefusalFold } from './refusal-fold.ts';

/** What the log works with. */
export interface AuditNeeds {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where the log is, and bounds other than those of `LIMITS`. */
export interface AuditOptions {
  readonly folder: string;
  readonly fileBytesMax?: number;
  readonly bytesMax?: number;
}

interface Waiting {
  readonly note: AuditNote;
  readonly resolve: () => void;
  readonly reject: (fault: unknown) => void;
}

/**
 * The audit log: one line of JSON per entry, each with the hash of the one before, so that a line that is changed,
 * removed or cut off is found (docs/formats/audit.md). Entries that come in one turn become durable by one sync.
 */
export class AuditLog implements AuditBook {
  readonly #needs: AuditNeeds;
  readonly #options: Required<AuditOptions>;
  readonly #refusals: RefusalFold;
  /** Opened by the first entry: a disk that is full or refuses writes can be read. */
  #files: { file: DiskFile; readonly head: HeadFile } | undefined;
  #name: string;
  #bytes: number;
  #head: ChainHead;
  #waiting: Waiting[] = [];
  #isPlanned = false;
  #fault: unknown;
  readonly #failed = Promise.withResolvers<never>();

  private constructor(needs: AuditNeeds, options: Required<AuditOptions>) {
    this.#needs = needs;
    this.#options = options;
    const { disk } = needs;
    const { folder } = options;
    const kept = readHead(disk, folder);
    const { head, damage, name, bytes } = lastFile(disk, folder, kept);
    this.#head = head;
    this.#name = name;
    this.#bytes = bytes;
    this.#failed.promise.catch(() => undefined); // told to whoever asks for `failed`
    this.#refusals = new RefusalFold(needs.clock, (note) => void this.#folded(note));
    if (damage !== undefined) {
      const note = { author: 'system', target: name, outcome: 'failed', from: '', detail: damage } as const;
      needs.logger.log('error', 'the audit log is damaged', { detail: damage });
      void this.#folded({ ...note, action: 'audit.damaged' });
    }
  }

  /** Rejects when the disk has refused to make an entry durable: the process must end. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Opens the log of a folder and goes on where it ended; what is missing at its end is told in an entry. */
  static open(options: AuditOptions, needs: AuditNeeds): AuditLog {
    const { fileBytesMax = LIMITS.auditFileBytesMax.value, bytesMax = LIMITS.auditBytesMax.value } = options;
    return new AuditLog(needs, { folder: options.folder, fileBytesMax, bytesMax });
  }

  /**
   * Appends an entry; resolves when it is durable. Refusals that repeat within a minute are counted in one entry, and
   * resolve at once. Fails with `audit-failed`: what was to be noted must then not happen.
   */
  note(note: AuditNote): Promise<void> {
    if (note.outcome === 'refused' && !this.#refusals.isFirst(note)) return Promise.resolve();
    return this.#add(note);
  }

  /** Notes what is about to be done, does it, and notes when it fails. */
  async around<T>(note: Omit<AuditNote, 'outcome'>, work: () => Promise<T>): Promise<T> {
    return await noteAround(this, note, work);
  }

  /** Entries with numbers below `before`, newest first, as many as `limit` that `isWanted`. */
  list(before: number | undefined, limit: number, isWanted: (entry: AuditEntry) => boolean): AuditEntry[] {
    const { disk } = this.#needs;
    const { folder } = this.#options;
    const found: AuditEntry[] = [];
    for (const name of auditFiles(disk, folder).reverse()) {
      if (found.length >= limit) break;
      if (before !== undefined && name >= auditFileName(before)) continue;
      const check = new ChainCheck();
      const lines = readText(disk, `${folder}/${name}`).split('\n');
      const entries = lines.flatMap((line, at) =>
        line === '' ? [] : (check.take(line, name, at + 1) ?? []),
      );
      for (const entry of entries.reverse()) {
        if (found.length >= limit) break;
        if ((before === undefined || entry.n < before) && isWanted(entry)) found.push(entry);
      }
    }
    return found;
  }

  /** Reads the whole log and tells what does not fit. */
  verify(): AuditVerdict {
    return verifyAudit(this.#needs.disk, this.#options.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#refusals[Symbol.dispose]();
    await this.#flush();
    this.#files?.file.close();
    this.#files?.head.close();
  }

  async #folded(note: AuditNote): Promise<void> {
    try {
      await this.#add(note);
    } catch (fault) {
      this.#needs.logger.log('warn', 'counted refusals were not noted', { error: String(fault) });
    }
  }

  #add(note: AuditNote): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ note, resolve, reject });
      if (this.#isPlanned) return;
      this.#isPlanned = true;
      void Promise.resolve().then(() => this.#flush());
    });
  }

  async #flush(): Promise<void> {
    this.#isPlanned = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      this.#append(waiting.map(({ note }) => note));
      for (const { resolve } of waiting) resolve();
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      const fault = new AccessError('audit-failed', `Appending to the audit log failed: ${text}`, {}, cause);
      for (const { reject } of waiting) reject(fault);
    }
  }

  #append(notes: readonly AuditNote[]): void {
    if (this.#fault !== undefined) throw this.#fault;
    const files = this.#opened();
    this.#rotate(files);
    const before = { bytes: this.#bytes, head: this.#head };
    try {
      const lines = notes.map((note) => this.#encode(note));
      const bytes = new TextEncoder().encode(lines.join(''));
      writeAll(files.file, bytes, this.#bytes);
      this.#bytes += bytes.length;
      files.file.sync();
      files.head.write(this.#head);
    } catch (fault) {
      this.#takeBack(files.file, before, fault);
      throw fault;
    }
  }

  #encode(note: AuditNote): string {
    const entry = { n: this.#head.n + 1, atMicros: this.#needs.clock.nowMicros(), ...note };
    const { line, hash } = encodeEntry(entry, this.#head.hash);
    this.#head = { n: entry.n, hash };
    return `${line}\n`;
  }

  /** What was not written whole is taken back; after a sync that failed the file is never written again. */
  #takeBack(
    file: DiskFile,
    before: { readonly bytes: number; readonly head: ChainHead },
    fault: unknown,
  ): void {
    if (fault instanceof KernelError && fault.code === 'sync-failed') {
      this.#fault = fault;
      this.#failed.reject(fault);
      return;
    }
    file.truncate(before.bytes);
    this.#bytes = before.bytes;
    this.#head = before.head;
  }

  #opened(): { file: DiskFile; readonly head: HeadFile } {
    if (this.#files) return this.#files;
    const { disk } = this.#needs;
    const { folder } = this.#options;
    disk.makeFolder(folder);
    const file = openLast(disk, `${folder}/${this.#name}`, this.#bytes);
    this.#files = { file, head: new HeadFile(disk, folder) };
    disk.syncFolder(folder);
    return this.#files;
  }

  #rotate(files: { file: DiskFile }): void {
    const { folder, fileBytesMax } = this.#options;
    if (this.#bytes < fileBytesMax) return;
    const { disk } = this.#needs;
    files.file.close();
    files.file = disk.open(`${folder}/${auditFileName(this.#head.n + 1)}`, 'create');
    this.#bytes = 0;
    disk.syncFolder(folder);
    this.#trim();
  }

  /** Removes the oldest files beyond the bound, after an entry that says what they held. */
  #trim(): void {
    const { disk } = this.#needs;
    const { folder, bytesMax } = this.#options;
    const names = auditFiles(disk, folder);
    let bytes = names.reduce((sum, name) => sum + (disk.stat(`${folder}/${name}`)?.bytes ?? 0), 0);
    for (const [at, name] of names.entries()) {
      if (bytes <= bytesMax || at >= names.length - 2) return;
      const path = `${folder}/${name}`;
      const check = new ChainCheck();
      for (const line of readText(disk, path).split('\n')) if (line !== '') check.take(line, name, 0);
      const { n, hash } = check.head;
      const note = {
        author: 'system',
        action: TRIMMED,
        target: String(n),
        outcome: 'allowed',
        from: '',
      } as const;
      this.#append([{ ...note, detail: hash }]);
      bytes -= disk.stat(path)?.bytes ?? 0;
      disk.remove(path);
      disk.syncFolder(folder);
    }
  }
}

interface LastFile {
  readonly head: ChainHead;
  /** What is wrong with the end of the log, in words. */
  readonly damage: string | undefined;
  readonly name: string;
  /** Bytes of its whole lines. */
  readonly bytes: number;
}

/** Where the log goes on. A torn line behind what was acknowledged is left out; numbers are never used twice. */
function lastFile(disk: Disk, folder: string, kept: ChainHead | undefined): LastFile {
  const name = auditFiles(disk, folder).at(-1);
  if (name === undefined) {
    const damage = kept && kept.n > 0 ? `the log was gone; its last entry was ${kept.n}` : undefined;
    const head = kept ?? CHAIN_START;
    return { head, damage, name: auditFileName(head.n + 1), bytes: 0 };
  }
  const text = readText(disk, `${folder}/${name}`);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const check = new ChainCheck();
  for (const line of whole.split('\n')) if (line !== '') check.take(line, name, 0);
  const read = check.head.hash === '' ? undefined : check.head;
  const last = read ?? { n: Math.max(check.head.n, kept?.n ?? 0), hash: kept?.hash ?? CHAIN_START.hash };
  const bytes = new TextEncoder().encode(whole).length;
  const isEmpty = whole === '';
  const first = Number(FIRST.exec(name)?.[1]);
  const end = isEmpty ? (kept ?? { n: first - 1, hash: CHAIN_START.hash }) : last;
  if (kept && kept.n > end.n) {
    return { head: kept, damage: `the log ended at entry ${end.n}, wanted ${kept.n}`, name, bytes };
  }
  return { head: end, damage: read || isEmpty ? undefined : 'the last line was changed', name, bytes };
}

const FIRST = /(\d+)/;

function openLast(disk: Disk, path: string, bytes: number): DiskFile {
  if (!disk.stat(path)) return disk.open(path, 'create');
  const file = disk.open(path, 'write');
  if (file.size() > bytes) file.truncate(bytes);
  return file;
}
