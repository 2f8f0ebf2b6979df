import { crc32 } from 'node:zlib';
import type { Disk } from '@skerry/kernel';
import type { Consumer, Offset } from '../journal.ts';
import { damage } from './damage.ts';
import { readWhole, replaceFile, writeAll } from './whole-file.ts';

const NAME = 'consumers.json';

/** What is kept about the consumers of a journal. */
export interface ConsumersState {
  /** Durable end when the file was written: the journal has been at least so long. */
  readonly end: Offset;
  readonly consumers: readonly Consumer[];
}

/** Makes the state durable in place of the one before. */
export function writeConsumers(disk: Disk, folder: string, state: ConsumersState): void {
  const text = JSON.stringify(state);
  const bytes = new TextEncoder().encode(JSON.stringify({ version: 1, checksum: crc32(text), state }));
  replaceFile(disk, folder, NAME, (file) => writeAll(file, bytes, 0));
}

/** The state last made durable; undefined without one. Fails with `journal-damaged`. */
export function readConsumers(disk: Disk, folder: string): ConsumersState | undefined {
  const path = `${folder}/${NAME}`;
  const bytes = readWhole(disk, path);
  if (!bytes) return undefined;
  let found: { readonly version?: unknown; readonly checksum?: unknown; readonly state?: ConsumersState };
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    found = value as typeof found; // checked by version and checksum below
  } catch (cause) {
    throw damage(path, 0, 'there is no JSON', cause);
  }
  if (found?.version !== 1) throw damage(path, 0, `the version is ${String(found?.version)} and not 1`);
  if (!found.state || crc32(JSON.stringify(found.state)) !== found.checksum)
    throw damage(path, 0, 'the checksum does not fit');
  return found.state;
}
