import { crc32 } from 'node:zlib';
import type { DeadLetter, DeadLetterReason, DeadLetterState } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { DeadLetterFilter, DeadLetterHead, Seal } from '../store.ts';
import type { DayFile } from './day-file.ts';
import { letterHeaders, writeLetterHeaders } from './letter-header-rows.ts';
import { checkLetter, LETTER_COLUMNS, letterChecksum } from './row-checksums.ts';
import type { Row } from './store-file.ts';

const HEAD = `${LETTER_COLUMNS.join(', ')}, checksum, length(payload) AS bytes`;
const INSERT = `INSERT INTO dead_letters (${LETTER_COLUMNS.join(', ')}, checksum, payload)
  VALUES (${'?, '.repeat(LETTER_COLUMNS.length)}?, ?)`;

/** Writes the dead letters of a seal and the changes it makes to earlier ones. */
export function writeDeadLetters(file: DayFile, seal: Pick<Seal, 'deadLetters' | 'deadLetterChanges'>): void {
  for (const one of seal.deadLetters) {
    const row = {
      offset: one.offset,
      received: one.receivedMicros,
      tenant: one.tenant,
      project: one.project,
      device: one.device,
      topic: one.topic,
      client: one.client,
      reason: one.reason,
      detail: one.detail,
      stage: one.stage,
      qos: one.qos,
      state: one.state,
      author: one.author,
      changed: one.changedMicros,
      payload_checksum: crc32(one.payload),
    };
    const values = LETTER_COLUMNS.map((name) => row[name]);
    file.run(INSERT, ...values, letterChecksum(row), one.payload);
  }
  writeLetterHeaders(file, seal);
  for (const one of seal.deadLetterChanges) {
    const before = file.get(`SELECT ${HEAD} FROM dead_letters WHERE offset = ?`, one.offset);
    if (!before) continue;
    checkLetter(file.path, before);
    const row = { ...before, state: one.state, author: one.author, changed: one.changedMicros };
    file.run(
      'UPDATE dead_letters SET state = ?, author = ?, changed = ?, checksum = ? WHERE offset = ?',
      one.state,
      one.author,
      one.changedMicros,
      letterChecksum(row),
      one.offset,
    );
  }
}

/** Open dead letters by offset, without their bytes. Fails with `store-damaged` when a row does not fit its checksum. */
export function openDeadLetters(file: DayFile): DeadLetterHead[] {
  return file
    .all(`SELECT ${HEAD} FROM dead_letters WHERE state = 'open' ORDER BY offset`)
    .map((row) => headOf(file, row));
}

/** Dead letters that pass the filter, by offset. Fails with `store-damaged`. */
export function listDeadLetters(file: DayFile, filter: DeadLetterFilter): DeadLetterHead[] {
  const limit = Math.max(1, Math.min(filter.limit, LIMITS.deadLettersPageMax.value));
  const wanted = ['state', 'reason', 'tenant', 'project', 'device'] as const;
  const given = wanted.filter((name) => filter[name] !== undefined);
  const where = ['offset > ?', ...given.map((name) => `${name} = ?`)].join(' AND ');
  return file
    .all(
      `SELECT ${HEAD} FROM dead_letters WHERE ${where} ORDER BY offset LIMIT ?`,
      filter.after ?? -1,
      ...given.map((name) => String(filter[name])),
      limit,
    )
    .map((row) => headOf(file, row));
}

/** One dead letter with its bytes. Fails with `store-damaged` when they do not fit their checksum. */
export function findDeadLetter(file: DayFile, offset: number): DeadLetter | undefined {
  const row = file.get(`SELECT ${HEAD}, payload FROM dead_letters WHERE offset = ?`, offset);
  if (!row) return undefined;
  const { payloadBytes: _, ...head } = headOf(file, row);
  const headers = letterHeaders(file, offset);
  return {
    ...head,
    payload: row.payload as Uint8Array, // a BLOB column is given as bytes
    ...(headers && { headers }),
  };
}

function headOf(file: DayFile, row: Row): DeadLetterHead {
  checkLetter(file.path, row);
  return {
    offset: Number(row.offset),
    receivedMicros: Number(row.received),
    tenant: String(row.tenant),
    project: String(row.project),
    device: String(row.device),
    topic: String(row.topic),
    client: String(row.client),
    reason: String(row.reason) as DeadLetterReason, // written from this type
    detail: String(row.detail),
    stage: String(row.stage),
    qos: Number(row.qos),
    state: String(row.state) as DeadLetterState, // written from this type
    author: String(row.author),
    changedMicros: Number(row.changed),
    payloadBytes: Number(row.bytes),
  };
}
