import { JournalError, type Offset, type ServedJournal } from '@skerry/journal';
import { readWhole, replaceFile, writeAll } from '@skerry/journal/segment';
import type { Disk } from '@skerry/kernel';
import type { RetainedMessage } from '@skerry/mqtt';
import { RetainedBook } from './retained-book.ts';

const NAME = 'retained';

/** A journal as far as its retained messages go. */
export type RetainedJournal = Pick<ServedJournal, 'id' | 'end' | 'readRetained'>;

/** What retained messages are read and kept with. */
export interface RetainedFileNeeds {
  readonly disk: Disk;
  /** On whose account a message on a topic is. */
  readonly tenantOf: (topic: string) => string;
}

/**
 * Every retained message of the journal, from the snapshot and what came after it. Fails with `journal-damaged` or
 * `journal-foreign` when the snapshot is not whole or belongs to another journal.
 */
export async function readRetained(
  folder: string,
  journal: RetainedJournal,
  needs: RetainedFileNeeds,
): Promise<RetainedMessage[]> {
  const { book, from } = openBook(folder, journal, needs);
  for await (const batch of journal.readRetained(from)) book.note(batch);
  return book.list();
}

/** Makes a snapshot durable of everything that the records below `upTo` retain. Fails as `readRetained`. */
export async function snapshotRetained(
  folder: string,
  journal: RetainedJournal,
  upTo: Offset,
  needs: RetainedFileNeeds,
): Promise<void> {
  const { book, from } = openBook(folder, journal, needs);
  for await (const batch of journal.readRetained(from)) {
    if (batch.firstOffset >= upTo) break;
    book.note(batch);
  }
  write(folder, journal, { book, upTo }, needs);
}

/**
 * For a journal that has lost its end: what it takes in from now on has offsets that the snapshot was made of, and is not
 * in it. The snapshot is made durable as one of what the journal has. Fails as `readRetained`.
 */
export function placeSnapshot(folder: string, journal: RetainedJournal, needs: RetainedFileNeeds): void {
  const { book, from } = openBook(folder, journal, needs);
  if (from > journal.end) write(folder, journal, { book, upTo: journal.end }, needs);
}

function write(
  folder: string,
  journal: RetainedJournal,
  { book, upTo }: { readonly book: RetainedBook; readonly upTo: Offset },
  { disk }: RetainedFileNeeds,
): void {
  const bytes = book.encode({ journalId: journal.id, offset: upTo });
  replaceFile(disk, folder, NAME, (file) => writeAll(file, bytes, 0));
}

function openBook(
  folder: string,
  journal: RetainedJournal,
  { disk, tenantOf }: RetainedFileNeeds,
): { book: RetainedBook; from: Offset } {
  const book = new RetainedBook(tenantOf);
  const path = `${folder}/${NAME}`;
  const bytes = readWhole(disk, path);
  if (!bytes) return { book, from: 0 };
  const snapshot = book.restore(bytes);
  if (!snapshot) {
    throw new JournalError(
      'journal-damaged',
      `Cannot read ${path}: it is no whole snapshot of retained messages.`,
      {
        path,
        at: 0,
      },
    );
  }
  if (snapshot.journalId !== journal.id) {
    throw new JournalError(
      'journal-foreign',
      `Cannot use ${path}: it belongs to the journal ${snapshot.journalId}, this one is ${journal.id}.`,
      { path },
    );
  }
  return { book, from: snapshot.offset };
}
