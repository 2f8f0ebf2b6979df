import type { Disk, Random } from '@skerry/kernel';
import { damage } from './damage.ts';
import { readWhole, replaceFile, writeAll } from './whole-file.ts';

const NAME = 'journal.id';
const ID_BYTES = 16;

/** The id of the journal in a folder, 16 bytes. Fails with `journal-damaged` where there is none. */
export function readJournalId(disk: Disk, folder: string): Uint8Array {
  const path = `${folder}/${NAME}`;
  const bytes = readWhole(disk, path);
  if (!bytes) throw damage(path, 0, 'there is no file');
  const text = new TextDecoder().decode(bytes);
  if (!/^[0-9a-f]{32}\n$/.test(text)) throw damage(path, 0, 'there are no 32 hex digits and a newline');
  return Uint8Array.from(Buffer.from(text.trim(), 'hex'));
}

/** Whether a folder has a journal id. */
export function hasJournalId(disk: Disk, folder: string): boolean {
  return disk.stat(`${folder}/${NAME}`) !== undefined;
}

/** Makes a new id durable and returns it. */
export function createJournalId(disk: Disk, folder: string, random: Pick<Random, 'bytes'>): Uint8Array {
  const id = random.bytes(ID_BYTES);
  replaceFile(disk, folder, NAME, (file) => writeAll(file, new TextEncoder().encode(`${hexOf(id)}\n`), 0));
  return id;
}

/** Bytes as hex digits. */
export function hexOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}
