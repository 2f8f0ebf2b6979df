import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { nodeDisk } from '@skerry/kernel/node';
import { aDeadLetter, aSeal, hasCode, NOON, type SamplePoint, workAll } from '../testing/index.ts';
import { type AuditSnapshot, type AuditSnapshotOptions, openAuditSnapshot } from './audit-snapshot.ts';
import type { SeriesPoints } from './point-window.ts';
import { SqliteFolder } from './sqlite-folder.ts';

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const DAY_MS = 86_400_000;

const SERIES = [
  { id: 1, tenant: 't', project: 'p', device: 'd', metric: 'a' },
  { id: 2, tenant: 't', project: 'p', device: 'e', metric: 'b' },
];
const ACCOUNT = { tenant: 't', project: 'p', device: 'd', stored: 7, deduplicated: 1, filtered: 2 };
const REST = {
  deadLettered: 3,
  discarded: 4,
  expired: 5,
  timeCorrected: 6,
  seqResets: 8,
  lastSeenMicros: 1_767_225_600_000_001,
};

function openOver(folder: SqliteFolder, options: Partial<AuditSnapshotOptions> = {}): Promise<AuditSnapshot> {
  return openAuditSnapshot(
    { folder: folder.folder, retentionClass: 'default', ...options },
    { clock: folder.clock, disk: nodeDisk(), breathe: () => folder.breathe() },
  );
}

/** Points of both series at one offset of the seal. */
function pointsAt(number: number, offset = number * 100 - 50): SamplePoint[] {
  return [
    { series: 1, time: NOON + number, value: number, offset, ordinal: 0 },
    { series: 2, time: NOON + number, value: `text ${number}`, offset, ordinal: 1 },
  ];
}

async function gathered(parts: AsyncIterable<SeriesPoints>): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const part of parts) {
    for (const [i, value] of part.values.entries())
      rows.push([part.offsets[i], part.ordinals[i], part.series, part.times[i], value]);
  }
  return rows.sort((a, b) => String(a).localeCompare(String(b), 'en', { numeric: true }));
}

function rowsOf(...numbers: number[]): unknown[] {
  return numbers.flatMap((number) =>
    pointsAt(number).map((one) => [one.offset, one.ordinal, one.series, one.time, one.value]),
  );
}

async function verdictsOf(snapshot: AuditSnapshot, from: number): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const one of snapshot.verdicts(from)) all.push([one.from, one.runs]);
  return all;
}

/** Seals 1 to `last`, two a day. */
async function sealDays(folder: SqliteFolder, last: number, first = 1): Promise<void> {
  for (let number = first; number <= last; number++) {
    if (number > 1 && number % 2 === 1) folder.clock.advance(DAY_MS);
    const logTimeMicros = NOON + Math.floor((number - 1) / 2) * DAY + number * SECOND;
    await folder.store.seal(aSeal(number, pointsAt(number), { logTimeMicros }));
  }
}

test('openAuditSnapshot shows the store as of one seal while seals and merges go on', async () => {
  await using folder = await new SqliteFolder().open();
  const runs = [
    { verdict: 'stored', count: 99 },
    { verdict: 'deadLettered', count: 1 },
  ] as const;
  await folder.store.seal(
    aSeal(1, pointsAt(1), {
      series: SERIES,
      accounts: [{ ...ACCOUNT, ...REST }],
      deadLetters: [aDeadLetter(99)],
      verdicts: runs,
    }),
  );
  for (let number = 2; number <= 40; number++) await folder.store.seal(aSeal(number, pointsAt(number)));
  await using snapshot = await openOver(folder);
  await folder.store.seal(
    aSeal(41, [...pointsAt(41), ...pointsAt(42, 60)], {
      accounts: [{ ...ACCOUNT, ...REST, stored: 8 }],
      deadLetterChanges: [{ offset: 99, state: 'discarded', author: 'ann', changedMicros: NOON }],
    }),
  );
  await workAll(folder.store);
  assert.ok((await folder.store.figures()).chunks < 40, 'chunks were merged');
  assert.deepEqual(await snapshot.state(), {
    journalId: '00112233445566778899aabbccddeeff',
    position: 4000,
    telemetryPosition: 3600,
    pointsFrom: 0,
  });
  assert.deepEqual(await snapshot.series(), SERIES);
  assert.deepEqual(await snapshot.accounts(), [{ ...ACCOUNT, ...REST }]);
  assert.equal((await snapshot.deadLetter(99))?.state, 'open');
  assert.deepEqual((await snapshot.deadLetter(99))?.payload, aDeadLetter(99).payload);
  assert.deepEqual(await verdictsOf(snapshot, 3900), [[3900, [{ verdict: 'stored', count: 100 }]]]);
  assert.equal((await verdictsOf(snapshot, 99)).length, 40);
  assert.deepEqual((await verdictsOf(snapshot, 99))[0], [0, runs]);
  assert.deepEqual(await gathered(snapshot.points(0, 100)), rowsOf(1));
  assert.deepEqual(await gathered(snapshot.points(151, 350)), rowsOf(3));
  assert.equal((await gathered(snapshot.points(0, 9999))).length, 80);
  await using later = await openOver(folder);
  assert.equal((await later.state()).position, 4100);
  assert.equal((await later.deadLetter(99))?.state, 'discarded');
  assert.equal((await gathered(later.points(0, 100))).length, 4, 'merged chunks are read by their offsets');
});

test('openAuditSnapshot over an empty folder has no position', async () => {
  await using folder = await new SqliteFolder().open();
  await using snapshot = await openOver(folder, { retentionClass: 'nothing' });
  assert.deepEqual(await snapshot.state(), {
    journalId: undefined,
    position: 0,
    telemetryPosition: 0,
    pointsFrom: 0,
  });
  assert.deepEqual(await gathered(snapshot.points(0, 100)), []);
});

test('openAuditSnapshot keeps a day that retention removes meanwhile, and begins behind it when opened later', async () => {
  await using folder = await new SqliteFolder().open();
  const letters = [aDeadLetter(7), aDeadLetter(8)];
  await folder.store.seal(aSeal(1, pointsAt(1), { deadLetters: letters, logTimeMicros: NOON }));
  await sealDays(folder, 4, 2);
  await workAll(folder.store);
  await using snapshot = await openOver(folder);
  await sealDays(folder, 12, 5);
  await workAll(folder.store);
  assert.equal((await folder.store.figures()).oldestDay, '2026-11-26');
  assert.deepEqual(await gathered(snapshot.points(0, 1000)), rowsOf(1, 2, 3, 4));
  assert.equal((await snapshot.state()).pointsFrom, 0);
  await using later = await openOver(folder);
  assert.equal((await later.state()).pointsFrom, 400);
  assert.deepEqual(await gathered(later.points(0, 700)), rowsOf(5, 6, 7));
  assert.equal((await later.deadLetter(8))?.state, 'open');
});

test('AuditSnapshot finds points of an offset in later days, and a closed dead letter in the day that closed it', async () => {
  await using folder = await new SqliteFolder().open({ rawDays: 1 });
  await folder.store.seal(aSeal(1, pointsAt(1), { deadLetters: [aDeadLetter(7), aDeadLetter(8)] }));
  const change = { offset: 7, state: 'replayed', author: 'ann', changedMicros: NOON } as const;
  await folder.store.seal(aSeal(2, pointsAt(2), { deadLetterChanges: [change] }));
  folder.clock.advance(2 * DAY_MS);
  await folder.store.seal(aSeal(3, pointsAt(3, 7), { logTimeMicros: NOON + 2 * DAY }));
  assert.equal(await folder.store.deadLetter(7), undefined);
  await using snapshot = await openOver(folder);
  assert.deepEqual(
    (await gathered(snapshot.points(7, 8))).map((row) => (row as unknown[])[4]), // rows of `gathered`
    [3, 'text 3'],
  );
  assert.equal((await snapshot.deadLetter(7))?.state, 'replayed');
  assert.equal((await snapshot.deadLetter(8))?.state, 'open');
  const file = new DatabaseSync(`${folder.folder}/default/2026-11-26.db`);
  file.exec('DELETE FROM dead_letters WHERE offset = 8');
  file.close();
  await using damaged = await openOver(folder);
  assert.equal(await damaged.deadLetter(8), undefined);
});

test('openAuditSnapshot refuses days that do not belong to one position', async () => {
  await using folder = await new SqliteFolder().open();
  await sealDays(folder, 6);
  await folder.store[Symbol.asyncDispose]();
  const at = (day: string) => `${folder.folder}/default/2026-11-${day}.db`;
  renameSync(at('25'), at('away'));
  await assert.rejects(openOver(folder), hasCode('store-damaged'));
  await assert.rejects(openOver(folder), /seals from 3 to 4 are missing/);
  renameSync(at('away'), at('25'));
  await (await openOver(folder))[Symbol.asyncDispose]();
  for (const [sql, found] of [
    ["UPDATE state SET journal_id = 'other'", /follows the journal other/],
    ['UPDATE seals SET number = number - 1', /its last seal is 3/],
    ['UPDATE state SET position = 399; UPDATE seals SET position = 399 WHERE number = 4', /ends at 399/],
    ['DELETE FROM state', /its state is missing/],
    ['PRAGMA application_id = 7', /not a day's file/],
  ] as const) {
    await using copy = folder.killed();
    const file = new DatabaseSync(`${copy.folder}/default/2026-11-25.db`);
    file.exec(sql);
    file.close();
    await assert.rejects(openOver(copy), hasCode('store-damaged'));
    await assert.rejects(openOver(copy), found);
  }
});

test('AuditSnapshot names the file of a damaged chunk and of damaged verdicts', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, pointsAt(1)));
  const path = `${folder.folder}/default/2026-11-24.db`;
  const file = new DatabaseSync(path);
  file.exec("UPDATE chunks SET body = x'0000000000000000' WHERE id = 1; UPDATE seals SET verdicts = x'09'");
  file.close();
  await using snapshot = await openOver(folder);
  await assert.rejects(gathered(snapshot.points(0, 100)), hasCode('chunk-damaged'));
  await assert.rejects(gathered(snapshot.points(0, 100)), (error: Error) => error.message.includes(path));
  await assert.rejects(verdictsOf(snapshot, 0), (error: Error) => error.message.includes(path));
});

test('AuditSnapshot gives up when the logs have grown too much, and frees them when disposed', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, pointsAt(1)));
  const snapshot = await openOver(folder, { logGrowthBytesMax: 200_000 });
  assert.deepEqual(await gathered(snapshot.points(0, 100)), rowsOf(1));
  const letter = aDeadLetter(150, { payload: new Uint8Array(300_000) });
  await folder.store.seal(aSeal(2, pointsAt(2), { deadLetters: [letter] }));
  await assert.rejects(gathered(snapshot.points(0, 100)), hasCode('deadline-passed'));
  const file = new DatabaseSync(`${folder.folder}/default/2026-11-24.db`, { timeout: 0 });
  const isBusy = () => file.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy;
  assert.equal(isBusy(), 1);
  await snapshot[Symbol.asyncDispose]();
  assert.equal(isBusy(), 0);
  file.close();
  await assert.rejects(snapshot.series(), hasCode('store-closed'));
});

test('AuditSnapshot lets others have a turn and ends with what breathing throws', async () => {
  await using folder = await new SqliteFolder().open();
  for (let number = 1; number <= 50; number++) await folder.store.seal(aSeal(number, pointsAt(number)));
  folder.clock.stepMs = 5;
  const snapshot = await openOver(folder);
  const stop = new Error('stopped here');
  folder.breathe = () => Promise.reject(stop);
  await assert.rejects(gathered(snapshot.points(0, 5000)), stop);
  folder.breathe = () => Promise.resolve();
  assert.equal((await gathered(snapshot.points(0, 5000))).length, 100);
  await snapshot[Symbol.asyncDispose]();
});

test('AuditSnapshot that is disposed while points are read fails with store-closed', async () => {
  await using folder = await new SqliteFolder().open();
  for (let number = 1; number <= 50; number++) await folder.store.seal(aSeal(number, pointsAt(number)));
  folder.clock.stepMs = 5;
  const snapshot = await openOver(folder);
  let turns = 0;
  folder.breathe = async () => {
    if (++turns === 3) await snapshot[Symbol.asyncDispose]();
  };
  await assert.rejects(gathered(snapshot.points(0, 5000)), hasCode('store-closed'));
  assert.equal(turns, 3);
});

test('AuditSnapshot answers walks that overlap in time', async () => {
  await using folder = await new SqliteFolder().open();
  for (let number = 1; number <= 30; number++) await folder.store.seal(aSeal(number, pointsAt(number)));
  folder.clock.stepMs = 5;
  await using snapshot = await openOver(folder);
  const ranges = [
    [0, 3000],
    [2000, 3000],
    [100, 200],
    [0, 1000],
  ] as const;
  const found = await Promise.all(ranges.map(([from, to]) => gathered(snapshot.points(from, to))));
  assert.deepEqual(
    found.map((rows) => rows.length),
    [60, 20, 2, 20],
  );
});
