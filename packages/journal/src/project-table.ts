import { JournalError } from './errors.ts';
import type { ReceivedCount } from './journal.ts';

const COUNT_BYTES = 2;
const ENTRY_HEAD_BYTES = 12;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes of an entry beside its two names. */
export const PROJECT_ENTRY_BYTES = ENTRY_HEAD_BYTES;
/** Bytes of a table without entries. */
export const PROJECT_TABLE_BYTES = COUNT_BYTES;

/**
 * The project table that stands from `start` to the end of a batch body: per project the records counted at the append.
 * Fails with `batch-malformed` on every table that is not exactly as docs/formats/segment.md says.
 */
export function readProjectTable(body: Uint8Array, start: number): ReceivedCount[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (!(start >= 0) || start + COUNT_BYTES > body.byteLength)
    throw malformed('begins outside the batch', start);
  const count = view.getUint16(start, true);
  const entries: ReceivedCount[] = [];
  let at = start + COUNT_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_HEAD_BYTES > body.byteLength) throw malformed('ends early', at);
    const received = view.getUint32(at, true);
    const receivedQos0 = view.getUint32(at + 4, true);
    const tenantEnd = at + ENTRY_HEAD_BYTES + view.getUint16(at + 8, true);
    const projectEnd = tenantEnd + view.getUint16(at + 10, true);
    if (projectEnd > body.byteLength) throw malformed('ends early', at);
    if (receivedQos0 > received) throw malformed('counts more records of QoS 0 than records', at);
    const tenant = text(body, at + ENTRY_HEAD_BYTES, tenantEnd);
    entries.push({ tenant, project: text(body, tenantEnd, projectEnd), received, receivedQos0 });
    at = projectEnd;
  }
  if (at !== body.byteLength) throw malformed('has bytes behind its last entry', at);
  return entries;
}

function text(body: Uint8Array, start: number, end: number): string {
  try {
    return decoder.decode(body.subarray(start, end));
  } catch (cause) {
    throw malformed('holds a name that is not UTF-8', start, cause);
  }
}

function malformed(what: string, at: number, cause?: unknown): JournalError {
  return new JournalError(
    'batch-malformed',
    `The project table of a batch ${what}, at byte ${at}.`,
    { at },
    cause,
  );
}
