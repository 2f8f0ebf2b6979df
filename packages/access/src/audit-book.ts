import type { AuditEntry, AuditNote } from './audit-chain.ts';
import type { AuditVerdict } from './audit-files.ts';

/** Where is noted what people do and try: entries in one chain of hashes, in the order in which they became durable. */
export interface AuditBook extends AsyncDisposable {
  /** Rejects when nothing will ever be noted again: the process must end. */
  readonly failed: Promise<never>;
  /** As `AuditLog.note`: resolves when the entry is durable. Fails with `audit-failed`: what was to be noted must then not happen. */
  note(note: AuditNote): Promise<void>;
  /** Notes what is about to be done, does it, and notes when it fails. */
  around<T>(note: Omit<AuditNote, 'outcome'>, work: () => Promise<T>): Promise<T>;
  /** Entries with numbers below `before`, newest first, as many as `limit` that `isWanted`. */
  list(
    before: number | undefined,
    limit: number,
    isWanted: (entry: AuditEntry) => boolean,
  ): AuditEntry[] | Promise<AuditEntry[]>;
  /** Reads all of it and tells what does not fit. */
  verify(): AuditVerdict | Promise<AuditVerdict>;
}

/** `AuditBook.around` over its `note`. */
export async function noteAround<T>(
  book: Pick<AuditBook, 'note'>,
  note: Omit<AuditNote, 'outcome'>,
  work: () => Promise<T>,
): Promise<T> {
  await book.note({ ...note, outcome: 'allowed' });
  try {
    return await work();
  } catch (fault) {
    const detail = fault instanceof Error ? fault.message : String(fault);
    await book.note({ ...note, outcome: 'failed', detail });
    throw fault;
  }
}
