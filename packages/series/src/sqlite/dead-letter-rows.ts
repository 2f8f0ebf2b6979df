import type { DeadLetter, DeadLetterReason, DeadLetterState } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { DeadLetterFilter, DeadLetterHead, Seal } from '../store.ts';
import type { DayFile } from './day-file.ts';
import type { Row } from './store-file.ts';

const HEAD =
  'offset, received, tenant, project, device, topic, client, reason, detail, stage, qos, state, author, changed, length(payload) AS bytes';

/** Writes the dead letters of a seal and the changes it makes to earlier ones. */
export function writeDeadLetters(file: DayFile, seal: Pick<Seal, 'deadLetters' | 'deadLetterChanges'>): void {
  for (const one of seal.deadLetters) {
    file.run(
      'INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      one.offset,
      one.receivedMicros,
      one.tenant,
      one.project,
      one.device,
      one.topic,
      one.client,
      one.reason,
      one.detail,
      one.stage,
      one.qos,
      one.state,
      one.author,
      one.changedMicros,
      one.payload,
    );
  }
  for (const one of seal.deadLetterChanges) {
    file.run(
      'UPDATE dead_letters SET state = ?, author = ?, changed = ? WHERE offset = ?',
      one.state,
      one.author,
      one.changedMicros,
      one.offset,
    );
  }
}

/** Open dead letters by offset, without their bytes. */
export function openDeadLetters(file: DayFile): DeadLetterHead[] {
  return file.all(`SELECT ${HEAD} FROM dead_letters WHERE state = 'open' ORDER BY offset`).map(headOf);
}

/** Dead letters that pass the filter, by offset. */
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
    .map(headOf);
}

/** One dead letter with its bytes. */
export function findDeadLetter(file: DayFile, offset: number): DeadLetter | undefined {
  const row = file.get(`SELECT ${HEAD}, payload FROM dead_letters WHERE offset = ?`, offset);
  if (!row) return undefined;
  const { payloadBytes: _, ...head } = headOf(row);
  return { ...head, payload: row.payload as Uint8Array }; // a BLOB column is given as bytes
}

function headOf(row: Row): DeadLetterHead {
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
