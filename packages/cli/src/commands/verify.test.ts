import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeDisk } from '@skerry/kernel/node';
import { openSqliteStore } from '@skerry/series/sqlite';
import { aSeal } from '@skerry/series/testing';
import { BLOCK_BYTES, deviceEntry, ENTRY, ledgerHead, writeEntry } from '@skerry/verify';
import { runLine } from './testing/island.ts';

const JOURNAL_ID = '00112233445566778899aabbccddeeff';

/** A data folder whose journal and store are empty, and a sender's ledger. */
async function aFolder(acknowledged: number) {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-verify-verb-'));
  const dataDir = join(folder.path, 'data');
  mkdirSync(join(dataDir, 'journal'), { recursive: true });
  writeFileSync(join(dataDir, 'journal', 'journal.id'), `${JOURNAL_ID}\n`);
  const needs = { clock: nodeClock(), disk: nodeDisk(), logger: silentLogger, meter: createMeter() };
  {
    const options = { folder: join(dataDir, 'series'), retentionClass: 'default' };
    await using store = await openSqliteStore(options, {
      ...needs,
      failpoint: noFailpoints,
      breathe: async () => undefined,
    });
    await store.load();
    const position = { series: [], from: 0, position: 0, telemetryPosition: 0, journalId: JOURNAL_ID };
    await store.seal(aSeal(1, [], position));
  }
  const device = { tenant: 't', project: 'p', device: 'd', topic: 'iot/t/p/d/telemetry' };
  const entries = Array.from({ length: acknowledged }, (_, index) => {
    const blocks = Buffer.alloc(2 * BLOCK_BYTES);
    const entry = { reason: 0, device: 0, epoch: 1, seq: index + 1, micros: 1_795_514_400_000_000 };
    writeEntry(blocks, 0, { ...entry, type: ENTRY.sent });
    writeEntry(blocks, BLOCK_BYTES, { ...entry, type: ENTRY.answered });
    return blocks;
  });
  const ledger = join(folder.path, 'sent.ledger');
  writeFileSync(ledger, Buffer.concat([ledgerHead(), deviceEntry(0, device), ...entries]));
  return { ledger, dataDir, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test('verify ends with 0 when the files hold what was acknowledged', async () => {
  using folder = await aFolder(0);
  const { code, out } = await runLine(['verify', folder.ledger, '--data-dir', folder.dataDir]);
  assert.equal(code, 0, out);
  assert.match(out, /^sender +1 devices, 0 messages sent[\s\S]*\nclean\n$/);
});

test('verify ends with 1 and names each message that was acknowledged and is not there', async () => {
  using folder = await aFolder(3);
  const words = ['verify', folder.ledger, '--data-dir', folder.dataDir, '--findings', '2'];
  const text = await runLine(words);
  assert.equal(text.code, 1);
  assert.match(text.out, /lost +3 [\s\S]*t\/p\/d epoch 1 seq 1[\s\S]*and 1 more[\s\S]*NOT clean\n$/);
  const json = await runLine([...words, '-o', 'json']);
  assert.equal(json.code, 1);
  const report = JSON.parse(json.out);
  assert.deepEqual(
    [report.isClean, report.verdicts.lost.count, report.verdicts.lost.findings.length],
    [false, 3, 2],
  );
});

test('verify ends with 6 for a ledger that cannot be read or is none', async () => {
  using folder = await aFolder(0);
  const missing = await runLine(['verify', '/nonexistent.ledger', '--data-dir', folder.dataDir]);
  assert.equal(missing.code, 6);
  assert.match(missing.err, /nonexistent\.ledger.*\[verify-unreadable\]/);
  writeFileSync(folder.ledger, 'hello, this is a text of more than one block of bytes');
  const none = await runLine(['verify', folder.ledger, '--data-dir', folder.dataDir]);
  assert.equal(none.code, 6);
  assert.match(none.err, /\[sender-ledger-invalid\]/);
});
