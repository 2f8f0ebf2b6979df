import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { aDeadLetter, aHeadView, aSeal, hasCode, NOON, testSeriesStore, workAll } from '../testing/index.ts';
import { SqliteFolder } from './sqlite-folder.ts';

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const DAY_MS = 86_400_000;
const RANGE = { series: 1, fromMicros: 0, toMicros: 2 * NOON, deadlineMs: 1e9 };
const RAW = { kind: 'raw', after: undefined, limit: 1000, newestFirst: false } as const;

testSeriesStore('SqliteStore', async () => {
  const folder = await new SqliteFolder().open();
  return {
    clock: folder.clock,
    get store() {
      return folder.store;
    },
    reopen: () => folder.reopen(),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

function one(number: number, time = NOON + number) {
  return [{ series: 1, time, value: number, offset: number * 100, ordinal: 0 }];
}

async function valuesOf(folder: SqliteFolder): Promise<readonly unknown[]> {
  const page = await folder.store.query({ ...RANGE, shape: RAW }, []);
  return page.kind === 'points' ? page.values : [];
}

test('SqliteStore killed before the commit of a seal has nothing of it, killed after has all of it', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, one(1)));
  const copies = new Map<string, SqliteFolder>();
  folder.failpoint = (name) => void copies.set(name, folder.killed());
  await folder.store.seal(aSeal(2, one(2), { deadLetters: [aDeadLetter(7)] }));
  for (const [name, seals] of [
    ['seal-before-commit', 1],
    ['seal-after-commit', 2],
  ] as const) {
    await using copy = await copies.get(name)?.open();
    assert.ok(copy);
    const state = await copy.store.load();
    assert.deepEqual(
      [state.sealNumber, state.position, state.deadLetters.length],
      [seals, seals * 100, seals - 1],
    );
    assert.deepEqual(await valuesOf(copy), seals === 1 ? [1] : [1, 2]);
  }
});

test('SqliteStore seal that fails leaves nothing and can be repeated', async () => {
  await using folder = await new SqliteFolder().open();
  const account = { stored: 1, deduplicated: 0, filtered: 0, deadLettered: 0, discarded: 0, expired: 0 };
  const accounts = Array.from({ length: 40 }, (_, i) => ({
    ...{ tenant: 't', project: 'p', device: `d${i}`, ...account },
    ...{ timeCorrected: 0, seqResets: 0, lastSeenMicros: 0 },
  }));
  folder.failpoint = (name) => {
    if (name === 'seal-before-commit') throw new Error('killed here');
  };
  await assert.rejects(folder.store.seal(aSeal(1, one(1), { accounts })), /killed here/);
  assert.deepEqual(await valuesOf(folder), []);
  folder.failpoint = () => undefined;
  await assert.rejects(folder.store.seal(aSeal(2, one(2))), hasCode('seal-out-of-order'));
  await folder.store.seal(aSeal(1, one(1), { accounts }));
  assert.deepEqual(await valuesOf(folder), [1]);
  await folder.reopen();
  assert.deepEqual((await folder.store.load()).accounts, accounts);
});

test('SqliteStore goes on with files whose accounts do not say when a device was heard, on the same day and the next', async () => {
  const account = (device: string, lastSeenMicros: number) => ({
    ...{ tenant: 't', project: 'p', device, stored: 1, deduplicated: 0, filtered: 0, deadLettered: 0 },
    ...{ discarded: 0, expired: 0, timeCorrected: 0, seqResets: 0, lastSeenMicros },
  });
  for (const isNextDay of [false, true]) {
    await using folder = await new SqliteFolder().open();
    await folder.store.seal(aSeal(1, one(1), { accounts: [account('old', NOON)] }));
    await folder.store[Symbol.asyncDispose]();
    const names = readdirSync(folder.folder, { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((file) => /\d{4}-\d\d-\d\d\.db$/.test(file))) {
      using file = new DatabaseSync(join(folder.folder, name));
      file.exec('ALTER TABLE accounts DROP COLUMN last_seen');
    }
    await folder.open();
    assert.deepEqual((await folder.store.load()).accounts, [account('old', 0)]);
    const time = NOON + (isNextDay ? DAY : SECOND);
    const seal = aSeal(2, one(2, time), { accounts: [account('new', time)] });
    await folder.store.seal({ ...seal, logTimeMicros: time });
    await folder.reopen();
    assert.deepEqual((await folder.store.load()).accounts, [account('old', 0), account('new', time)]);
  }
});

test('SqliteStore killed while a day begins has one truth, and the next day begins again', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, one(1), { deadLetters: [aDeadLetter(7), aDeadLetter(8)] }));
  let copy: SqliteFolder | undefined;
  folder.failpoint = (name) => {
    if (name === 'day-file-after-create') copy = folder.killed();
  };
  folder.clock.advance(DAY_MS);
  const second = aSeal(2, one(2), { logTimeMicros: NOON + DAY });
  await folder.store.seal(second);
  assert.ok(copy);
  await using killed = await copy.open();
  assert.deepEqual(
    readdirSync(`${killed.folder}/default`).filter((name) => /\.db$|\.new/.test(name)),
    ['2026-11-24.db'],
  );
  assert.equal((await killed.store.load()).sealNumber, 1);
  await killed.store.seal(second);
  assert.deepEqual(await valuesOf(killed), [1, 2]);
  const state = await killed.store.load();
  assert.deepEqual([state.sealNumber, state.deadLetters.length], [2, 2]);
});

test('SqliteStore begins days by log time only forward and at most once an hour', async () => {
  await using folder = await new SqliteFolder().open();
  const days = () => readdirSync(`${folder.folder}/default`).filter((name) => /^\d.*\.db$/.test(name));
  await folder.store.seal(aSeal(1, one(1)));
  await folder.store.seal(aSeal(2, one(2), { logTimeMicros: NOON + DAY }));
  assert.deepEqual(days(), ['2026-11-24.db']);
  folder.clock.advance(3_600_000);
  await folder.store.seal(aSeal(3, one(3), { logTimeMicros: 5 * SECOND }));
  assert.deepEqual(days(), ['2026-11-24.db']);
  await folder.store.seal(aSeal(4, one(4), { logTimeMicros: NOON + DAY }));
  assert.deepEqual(days(), ['2026-11-24.db', '2026-11-25.db']);
  assert.deepEqual(await valuesOf(folder), [1, 2, 3, 4]);
});

test('SqliteStore removes nothing when the wall clock jumps, nor at once after a restart with a wrong clock', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, one(1)));
  await workAll(folder.store);
  folder.clock.advance(3_600_000);
  folder.clock.jump(12 * 365 * DAY_MS);
  await folder.store.seal(aSeal(2, one(2), { logTimeMicros: NOON + 12 * 365 * DAY }));
  folder.clock.advance(120_000);
  await workAll(folder.store);
  assert.deepEqual(await valuesOf(folder), [1, 2]);
  const refused = folder.meter.snapshot().find((family) => family.name === 'iot_store_retention_refused');
  assert.equal(refused?.samples[0]?.value, 1);
  await folder.reopen();
  folder.clock.advance(3_600_000);
  await workAll(folder.store);
  assert.deepEqual(await valuesOf(folder), [1, 2]);
});

test('SqliteStore removes old days of a machine that sleeps every night, though its two clocks never agree again', async () => {
  await using folder = await new SqliteFolder().open();
  for (let day = 0; day < 7; day++) {
    await folder.store.seal(aSeal(day + 1, one(day + 1), { logTimeMicros: NOON + day * DAY }));
    for (let awake = 0; awake < 12; awake++) {
      folder.clock.advance(3_600_000);
      await workAll(folder.store);
    }
    folder.clock.jump(12 * 3_600_000);
    folder.clock.advance(60_000);
    await workAll(folder.store);
    folder.clock.jump(-60_000);
  }
  assert.deepEqual(await valuesOf(folder), [4, 5, 6, 7]);
  const refused = folder.meter.snapshot().find((family) => family.name === 'iot_store_retention_refused');
  assert.equal(refused?.samples[0]?.value, 1, 'it has just woken');
});

test('SqliteStore retention removes a day by receipt, keeps open dead letters, and the newest point', async () => {
  await using folder = await new SqliteFolder().open();
  const letters = [aDeadLetter(7), aDeadLetter(8)];
  await folder.store.seal(aSeal(1, one(1), { deadLetters: letters }));
  for (let number = 2; number <= 6; number++) {
    folder.clock.advance(DAY_MS);
    const change = { offset: 8, state: 'discarded', author: 'ann', changedMicros: NOON + DAY } as const;
    const logTimeMicros = NOON + (number - 1) * DAY;
    const deadLetterChanges = number === 2 ? [change] : [];
    await folder.store.seal(aSeal(number, one(number), { logTimeMicros, deadLetterChanges }));
    await workAll(folder.store);
  }
  assert.equal((await folder.store.figures()).oldestDay, '2026-11-26');
  assert.deepEqual(await valuesOf(folder), [3, 4, 5, 6]);
  assert.deepEqual((await folder.store.deadLetter(7))?.payload, letters[0]?.payload);
  assert.equal(await folder.store.deadLetter(8), undefined);
  await folder.reopen();
  assert.deepEqual((await folder.store.load()).latest, [{ series: 1, timeMicros: NOON + 6, value: 6 }]);
});

test('SqliteStore answers store-full when a file has no room, and the seal can be repeated', async () => {
  await using folder = await new SqliteFolder().open({ fileBytesMax: 400_000 });
  await folder.store.seal(aSeal(1, one(1)));
  const large = aSeal(2, one(2), { deadLetters: [aDeadLetter(7, { payload: new Uint8Array(500_000) })] });
  await assert.rejects(folder.store.seal(large), hasCode('store-full'));
  assert.deepEqual(await valuesOf(folder), [1]);
  await folder.reopen();
  await folder.store.seal(large);
  assert.deepEqual(await valuesOf(folder), [1, 2]);
});

test('SqliteStore removes a log whose file is gone, and takes no empty or foreign file for its own', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, one(1)));
  await folder.store[Symbol.asyncDispose]();
  const at = (name: string) => `${folder.folder}/default/${name}`;
  writeFileSync(at('2026-11-25.db-wal'), 'stale');
  writeFileSync(at('2026-11-25.db.new'), 'half');
  await folder.open();
  assert.equal(existsSync(at('2026-11-25.db-wal')) || existsSync(at('2026-11-25.db.new')), false);
  await folder.store[Symbol.asyncDispose]();
  for (const content of ['', 'x'.repeat(10_000)]) {
    writeFileSync(at('2026-11-25.db'), content);
    await assert.rejects(folder.open(), hasCode('store-damaged'));
    await assert.rejects(folder.open(), /2026-11-25\.db/);
  }
});

test('SqliteStore refuses to start when files are missing', async () => {
  await using folder = await new SqliteFolder().open();
  await folder.store.seal(aSeal(1, one(1)));
  await workAll(folder.store);
  await folder.store[Symbol.asyncDispose]();
  const path = `${folder.folder}/default/2026-11-24.db`;
  const { renameSync } = await import('node:fs');
  renameSync(path, `${path}.away`);
  await assert.rejects(folder.open(), hasCode('store-damaged'));
  renameSync(`${path}.away`, path);
  await folder.open();
  assert.deepEqual(await valuesOf(folder), [1]);
});

test('SqliteStore answers a damaged page or chunk with a code and the name of the file', async () => {
  await using folder = await new SqliteFolder().open();
  const points = Array.from({ length: 5000 }, (_, i) => ({
    series: 1,
    time: NOON + i * 7919,
    value: Math.sin(i),
    offset: i,
    ordinal: 0,
  }));
  await folder.store.seal(aSeal(1, points));
  await folder.store[Symbol.asyncDispose]();
  const path = `${folder.folder}/default/2026-11-24.db`;
  const { readFileSync } = await import('node:fs');
  const bytes = readFileSync(path);
  bytes.fill(0xa5, bytes.byteLength - 20_000, bytes.byteLength - 19_900);
  writeFileSync(path, bytes);
  await folder.open();
  await assert.rejects(
    folder.store.query({ ...RANGE, shape: RAW }, []),
    (error: Error & { code?: string }) =>
      (error.code === 'chunk-damaged' || error.code === 'store-damaged') && error.message.includes(path),
  );
});

test('SqliteStore query in the middle of a seal sees the head and no row of the open transaction', async () => {
  await using folder = await new SqliteFolder().open();
  const points = Array.from({ length: 300 }, (_, i) => ({
    series: 1 + 40 * (i % 100),
    time: NOON + i,
    value: i,
    offset: i,
    ordinal: 0,
  }));
  const head = aHeadView(1, points);
  const counts: number[] = [];
  folder.clock.stepMs = 5;
  const breathe = folder.breathe;
  folder.breathe = async () => {
    folder.breathe = breathe;
    const page = await folder.store.query({ ...RANGE, shape: RAW }, [head]);
    if (page.kind === 'points') counts.push(page.values.length);
    await breathe();
  };
  await folder.store.seal({ ...aSeal(1, []), points: head });
  const page = await folder.store.query({ ...RANGE, shape: RAW }, [head]);
  assert.deepEqual([...counts, page.kind === 'points' && page.values.length], [3, 3]);
});

test('SqliteStore merging makes one chunk of an hour and leaves seals alone that the rollups do not have', async () => {
  await using folder = await new SqliteFolder().open();
  for (let number = 1; number <= 40; number++) {
    const logTimeMicros = NOON + number * 100 * SECOND;
    await folder.store.seal(aSeal(number, one(number, NOON + number * 60 * SECOND), { logTimeMicros }));
  }
  assert.equal((await folder.store.figures()).chunks, 40);
  folder.failpoint = (name) => {
    if (name === 'rollup-before-commit') throw new Error('no rollups');
  };
  await assert.rejects(folder.store.work(), /no rollups/);
  assert.equal((await folder.store.figures()).chunks, 40);
  folder.failpoint = () => undefined;
  await workAll(folder.store);
  assert.equal((await folder.store.figures()).chunks, 1);
  assert.deepEqual(
    await valuesOf(folder),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
});
