import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import type { Seal } from '@skerry/series';
import { openSqliteStore } from '@skerry/series/sqlite';
import { aSeal, type SamplePoint, StepClock } from '@skerry/series/testing';
import { deviceSeed, messageMark } from '../message-mark.ts';
import { deviceEntry, ENTRY, type LedgerDevice, ledgerHead, writeEntry } from '../sender-ledger.ts';
import { type VerifyOptions, verify } from '../verify.ts';

/** The journal id of every scene. */
export const JOURNAL_ID = '00112233445566778899aabbccddeeff';

/** A device of the scenes by its number. */
export function aDevice(index: number): LedgerDevice {
  return { tenant: 't', project: 'p', device: `d${index}`, topic: `mtic/msg/client/realtime/t/p/d${index}` };
}

/** One message of a scene. */
export interface SceneMessage {
  readonly device: number;
  readonly epoch: number;
  readonly seq: number;
}

/** The payload of a message, as docs/formats/sender-ledger.md says. */
export function payloadOf({ device, epoch, seq }: SceneMessage): Buffer {
  const mark = messageMark(deviceSeed(aDevice(device)), epoch, seq);
  return Buffer.from(JSON.stringify({ epoch, seq, e: epoch, n: seq, h: mark }));
}

/** What a sender wrote down: messages in order, and the reasons of their answers (none: unanswered). */
export function ledgerBytes(messages: readonly (SceneMessage & { readonly reason?: number })[]): Buffer {
  const devices = [...new Set(messages.map(({ device }) => device))];
  const parts = [ledgerHead(), ...devices.map((device, index) => deviceEntry(index, aDevice(device)))];
  for (const message of messages) {
    const { epoch, seq, reason } = message;
    const entry = {
      device: devices.indexOf(message.device),
      epoch,
      seq,
      micros: 1_795_514_400_000_000,
      reason: 0,
    };
    const block = Buffer.alloc(32);
    writeEntry(block, 0, { ...entry, type: ENTRY.sent });
    createHash('sha256').update(payloadOf(message)).digest().copy(block, 16, 0, 8);
    parts.push(block);
    if (reason === undefined) continue;
    const answer = Buffer.alloc(32);
    writeEntry(answer, 0, { ...entry, type: ENTRY.answered, reason });
    parts.push(answer);
  }
  return Buffer.concat(parts);
}

/** A segment with these telemetry records, `perBatch` in a batch, written by hand from docs/formats/segment.md. */
export function segmentBytes(
  records: readonly { readonly topic: string; readonly payload: Uint8Array }[],
  perBatch = 2,
  firstOffset = 0,
): Buffer {
  const head = Buffer.alloc(512);
  head.write('SKSEG001', 'latin1');
  head.writeUInt32LE(512, 8);
  head.write(JOURNAL_ID, 16, 'hex');
  head.writeUInt32LE(firstOffset, 32);
  head.writeUInt32LE(firstOffset, 40);
  head.writeUInt32LE(crc32(head), 60);
  const parts = [head];
  let chain = 0;
  for (let at = 0; at < records.length; at += perBatch) {
    const some = records.slice(at, at + perBatch);
    const bodies = some.map(recordBytes);
    const table = Buffer.alloc(2 + 12 + 2);
    table.writeUInt16LE(1, 0);
    table.writeUInt32LE(some.length, 2);
    table.writeUInt16LE(1, 10);
    table.writeUInt16LE(1, 12);
    table.write('tp', 14);
    const body = Buffer.concat([...bodies, table]);
    const batch = Buffer.alloc(80);
    batch.write('SKB1', 'latin1');
    batch.writeUInt32LE(body.byteLength, 4);
    batch.writeUInt32LE(firstOffset + at, 8);
    batch.writeUInt32LE(some.length, 16);
    batch.writeUInt32LE(some.length, 20);
    batch.writeUInt32LE(firstOffset + at, 24);
    batch.write(JOURNAL_ID, 40, 'hex');
    batch.writeUInt32LE(body.byteLength - table.byteLength, 56);
    batch.writeUInt32LE(chain, 64);
    batch.writeUInt32LE(crc32(body), 68);
    chain = crc32(batch.subarray(0, 72));
    batch.writeUInt32LE(chain, 72);
    parts.push(batch, body);
  }
  return Buffer.concat(parts);
}

function recordBytes({ topic, payload }: { readonly topic: string; readonly payload: Uint8Array }): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(20 + topic.length + payload.byteLength, 0);
  head[4] = 1;
  head.writeUInt16LE(topic.length, 16);
  return Buffer.concat([head, Buffer.from(topic), payload]);
}

/** A data folder with a journal, a store and a sender's ledger that agree, unless a test changes one of them. */
export interface Scene extends Disposable {
  readonly ledger: string;
  readonly journalFile: string;
  readonly storeFile: string;
  readonly options: VerifyOptions;
}

/** What a scene holds; absent parts follow from `sent`. */
export interface SceneParts {
  readonly sent: readonly (SceneMessage & { readonly reason?: number })[];
  /** Messages in the order of the journal. */
  readonly journalled?: readonly SceneMessage[];
  readonly points?: readonly SamplePoint[];
  readonly seal?: Partial<Seal>;
}

/** The points of messages at offsets 0, 1, 2, …; series 3i+1, 3i+2, 3i+3 are n, h, e of the device i. */
export function pointsOf(messages: readonly SceneMessage[]): SamplePoint[] {
  return messages.flatMap((message, offset) => {
    const { device, epoch, seq } = message;
    const mark = messageMark(deviceSeed(aDevice(device)), epoch, seq);
    return [seq, mark, epoch].map((value, ordinal) => ({
      series: 3 * device + ordinal + 1,
      time: Date.UTC(2026, 10, 24, 10) * 1000 + offset,
      value,
      offset,
      ordinal,
    }));
  });
}

/** Makes a scene. */
export async function makeScene({ sent, journalled = sent, points, seal }: SceneParts): Promise<Scene> {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-verify-'));
  const ledger = join(folder.path, 'sent.ledger');
  const dataDir = join(folder.path, 'data');
  mkdirSync(join(dataDir, 'journal'), { recursive: true });
  writeFileSync(ledger, ledgerBytes(sent));
  writeFileSync(join(dataDir, 'journal', 'journal.id'), `${JOURNAL_ID}\n`);
  const journalFile = join(dataDir, 'journal', `${'0'.repeat(20)}.seg`);
  writeFileSync(
    journalFile,
    segmentBytes(journalled.map((one) => ({ topic: aDevice(one.device).topic, payload: payloadOf(one) }))),
  );
  await writeStore(join(dataDir, 'series'), points ?? pointsOf(journalled), journalled.length, seal);
  return {
    ledger,
    journalFile,
    storeFile: join(dataDir, 'series', 'default', '2026-11-24.db'),
    options: { senderLedgers: [ledger], dataDir },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

async function writeStore(
  folder: string,
  points: readonly SamplePoint[],
  position: number,
  seal: Partial<Seal> = {},
): Promise<void> {
  const needs = { clock: new StepClock(), disk: nodeDisk(), logger: silentLogger, meter: createMeter() };
  await using store = await openSqliteStore(
    { folder, retentionClass: 'default' },
    { ...needs, failpoint: noFailpoints, breathe: async () => undefined },
  );
  await store.load();
  const ids = [...new Set(points.map((point) => point.series))].sort((a, b) => a - b);
  const series = ids.map((id) => ({
    id,
    ...aDevice(Math.floor((id - 1) / 3)),
    metric: String(['n', 'h', 'e'][(id - 1) % 3]),
  }));
  const whole = { series, from: 0, position, telemetryPosition: position, journalId: JOURNAL_ID };
  await store.seal(aSeal(1, points, { ...whole, ...seal }));
}

/** The verdicts with findings, by name and count. */
export async function verdictsOf(scene: Scene): Promise<Record<string, number>> {
  const { verdicts } = await verify(scene.options);
  const found = Object.entries(verdicts).map(([name, { count }]) => [name, count] as const);
  return Object.fromEntries(found.filter(([, count]) => count > 0));
}
