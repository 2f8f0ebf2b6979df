import type { Disk, DiskFile } from '@skerry/kernel';
import {
  type AuditEntry,
  type AuditFinding,
  CHAIN_START,
  ChainCheck,
  type ChainHead,
} from './audit-chain.ts';

const FILE_NAME = /^audit-(\d{12})\.jsonl$/;
const HEAD_NAME = 'head';
/** Twelve digits, a blank, 64 hex digits, a line end. */
const HEAD_BYTES = 12 + 1 + 64 + 1;

/** Name of the file whose first entry has the number. */
export function auditFileName(first: number): string {
  return `audit-${String(first).padStart(12, '0')}.jsonl`;
}

/** Names of the log's files, oldest first. */
export function auditFiles(disk: Disk, folder: string): string[] {
  if (!disk.stat(folder)) return [];
  return disk.list(folder).filter((name) => FILE_NAME.test(name));
}

/** The text of a file. */
export function readText(disk: Disk, path: string): string {
  const file = disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(file.size());
    let at = 0;
    for (let got = 1; at < bytes.length && got > 0; at += got) got = file.read(bytes.subarray(at), at);
    return new TextDecoder().decode(bytes.subarray(0, at));
  } finally {
    file.close();
  }
}

/** Writes all bytes at a place; a disk without room fails with `disk-full`. */
export function writeAll(file: DiskFile, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += file.write(bytes.subarray(at), position + at);
}

/** Where the log stood when it was written last; undefined when that is not known. */
export function readHead(disk: Disk, folder: string): ChainHead | undefined {
  const path = `${folder}/${HEAD_NAME}`;
  if (!disk.stat(path)) return undefined;
  const [, n, hash] = /^(\d{12}) ([0-9a-f]{64})\n/.exec(readText(disk, path)) ?? [];
  return n === undefined || hash === undefined ? undefined : { n: Number(n), hash };
}

/** Keeps where the log stands: one line written over the one before. Not durable before `sync`. */
export class HeadFile {
  readonly #file: DiskFile;

  constructor(disk: Disk, folder: string) {
    const path = `${folder}/${HEAD_NAME}`;
    this.#file = disk.open(path, disk.stat(path) ? 'write' : 'create');
  }

  /** Writes and syncs it. */
  write({ n, hash }: ChainHead): void {
    const bytes = new TextEncoder().encode(`${String(n).padStart(12, '0')} ${hash}\n`);
    writeAll(this.#file, bytes.subarray(0, HEAD_BYTES), 0);
    this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }
}

/** What is found by reading every line of the log. */
export interface AuditVerdict {
  readonly entries: number;
  readonly head: ChainHead;
  readonly findings: readonly AuditFinding[];
}

/** Reads the whole log, gives every entry to `each`, and tells each line that was changed, removed or cut off, by number. */
export function verifyAudit(
  disk: Disk,
  folder: string,
  each: (entry: AuditEntry) => void = () => undefined,
): AuditVerdict {
  const check = new ChainCheck();
  let entries = 0;
  for (const name of auditFiles(disk, folder)) {
    for (const [at, line] of readText(disk, `${folder}/${name}`).split('\n').entries()) {
      if (line === '') continue;
      entries++;
      const entry = check.take(line, name, at + 1);
      if (entry) each(entry);
    }
  }
  const findings = check.end(readHead(disk, folder));
  return { entries, head: entries === 0 ? CHAIN_START : check.head, findings };
}
