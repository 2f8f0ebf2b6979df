import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import { FakeClock, hasCode, SimulatedDisk } from '@skerry/kernel/testing';
import type { AuditNote } from './audit-chain.ts';
import { auditFiles, readText } from './audit-files.ts';
import { AuditLog } from './audit-log.ts';

const FOLDER = 'audit';
const aNote = (target: string, rest: Partial<AuditNote> = {}): AuditNote => ({
  author: 'ann',
  action: 'user.change',
  target,
  outcome: 'allowed',
  from: '127.0.0.1',
  ...rest,
});

function openLog(disk: SimulatedDisk, options = {}, clock = new FakeClock()): AuditLog {
  return AuditLog.open({ folder: FOLDER, ...options }, { disk, clock, logger: silentLogger });
}

async function aLog(entries: number, options = {}): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  await using log = openLog(disk, options);
  for (let i = 1; i <= entries; i++) await log.note(aNote(`User/u${i}`));
  return disk;
}

/** Rewrites the lines of the n-th file. */
function rewrite(disk: SimulatedDisk, change: (lines: string[]) => string[], at = 0): void {
  const path = `${FOLDER}/${auditFiles(disk, FOLDER)[at]}`;
  const lines = readText(disk, path).split('\n').slice(0, -1);
  const bytes = new TextEncoder().encode(
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
  const file = disk.open(path, 'write');
  file.truncate(0);
  file.write(bytes, 0);
  file.close();
}

async function findingsOf(disk: SimulatedDisk): Promise<(readonly [number, string])[]> {
  await using log = openLog(disk);
  return log.verify().findings.map(({ n, detail }) => [n, detail] as const);
}

test('AuditLog keeps what was noted, in order and over a restart, and finds it intact', async () => {
  const disk = await aLog(3);
  await using log = openLog(disk);
  await log.note(aNote('User/u4', { detail: 'naïve — 数据' }));
  const listed = log.list(undefined, 10, () => true);
  assert.deepEqual(
    listed.map(({ n, target }) => [n, target]),
    [4, 3, 2, 1].map((n) => [n, `User/u${n}`]),
  );
  assert.equal(listed[0]?.detail, 'naïve — 数据');
  assert.deepEqual(
    log.list(3, 1, () => true).map(({ n }) => n),
    [2],
  );
  const { findings, entries, head } = log.verify();
  assert.deepEqual([findings, entries, head.n], [[], 4, 4]);
});

test('AuditLog.verify tells a changed line by its number', async () => {
  const disk = await aLog(5);
  rewrite(disk, (lines) => lines.with(2, String(lines[2]).replace('User/u3', 'User/x3')));
  const [first] = await findingsOf(disk);
  assert.equal(first?.[0], 3);
  assert.match(String(first?.[1]), /changed/);
});

test('AuditLog.verify tells a line whose hash was made anew, since the next does not follow it', async () => {
  const disk = await aLog(4);
  const forged = new SimulatedDisk();
  {
    await using log = openLog(forged);
    await log.note(aNote('User/u1'));
    await log.note(aNote('User/forged'));
  }
  const lines = readText(forged, `${FOLDER}/${auditFiles(forged, FOLDER)[0]}`).split('\n');
  rewrite(disk, (own) => own.with(1, String(lines[1])));
  assert.deepEqual(
    (await findingsOf(disk)).map(([n]) => n),
    [3],
  );
});

test('AuditLog.verify tells lines that were removed, with their numbers', async () => {
  const disk = await aLog(6);
  rewrite(disk, (lines) => lines.filter((_, at) => at !== 2 && at !== 3));
  assert.deepEqual(await findingsOf(disk), [[3, 'entries 3 to 4 are missing before this line']]);
  const first = await aLog(3);
  rewrite(first, (lines) => lines.slice(1));
  assert.deepEqual(
    (await findingsOf(first)).map(([n]) => n),
    [1],
  );
});

test('AuditLog.verify tells lines that were cut off the end, and goes on telling it after more were appended', async () => {
  const disk = await aLog(5);
  rewrite(disk, (lines) => lines.slice(0, 3));
  {
    await using log = openLog(disk);
    assert.deepEqual(
      log.list(undefined, 1, () => true).map(({ n }) => n),
      [3],
    );
    await log.note(aNote('User/later'));
    const [later, damaged] = log.list(undefined, 2, () => true);
    assert.deepEqual([later?.target, later?.n, damaged?.action], ['User/later', 7, 'audit.damaged']);
  }
  assert.deepEqual(
    (await findingsOf(disk)).map(([n]) => n),
    [4],
  );
});

test('AuditLog.verify tells a file that is gone, and a log that is gone', async () => {
  const disk = await aLog(12, { fileBytesMax: 900 });
  const names = auditFiles(disk, FOLDER);
  assert.ok(names.length > 2, 'several files');
  disk.remove(`${FOLDER}/${names[1]}`);
  assert.equal((await findingsOf(disk)).length, 1);
  const bare = await aLog(2);
  bare.remove(`${FOLDER}/${auditFiles(bare, FOLDER)[0]}`);
  assert.equal((await findingsOf(bare))[0]?.[0], 1);
});

test('AuditLog goes on in further files with one chain, and says what it trimmed', async () => {
  const disk = await aLog(60, { fileBytesMax: 900, bytesMax: 4_000 });
  await using log = openLog(disk, { fileBytesMax: 900, bytesMax: 4_000 });
  const { findings, entries, head } = log.verify();
  assert.deepEqual(findings, []);
  assert.ok(entries < head.n, 'entries were trimmed');
  assert.ok(log.list(undefined, 100, ({ action }) => action === 'audit.trimmed').length > 0);
  disk.remove(`${FOLDER}/${auditFiles(disk, FOLDER)[0]}`);
  assert.equal(log.verify().findings.length, 1, 'a file removed without an entry is told');
});

test('AuditLog leaves out a torn last line that nobody was told of', async () => {
  const disk = await aLog(2);
  const path = `${FOLDER}/${auditFiles(disk, FOLDER)[0]}`;
  const file = disk.open(path, 'write');
  file.write(new TextEncoder().encode('{"n":3,"atMi'), file.size());
  file.close();
  await using log = openLog(disk);
  await log.note(aNote('User/u3'));
  assert.deepEqual(log.verify().findings, []);
  assert.equal(log.verify().head.n, 3);
});

test('AuditLog counts refusals of one kind after the first, and tells the count after a minute', async () => {
  const clock = new FakeClock();
  const disk = new SimulatedDisk();
  await using log = openLog(disk, {}, clock);
  const refused = (from: string) => log.note(aNote('GET /x', { outcome: 'refused', from }));
  for (let i = 0; i < 50; i++) await refused('10.0.0.1');
  await refused('10.0.0.2');
  assert.equal(log.list(undefined, 100, () => true).length, 2);
  clock.advance(60_000);
  await log.note(aNote('User/after'));
  const counted = log.list(undefined, 100, ({ count }) => count !== undefined);
  assert.deepEqual(
    counted.map(({ count, from }) => [count, from]),
    [[49, '10.0.0.1']],
  );
});

test('AuditLog counts attempts under the name they were made on, and those on too many names as on several', async () => {
  const clock = new FakeClock();
  await using log = openLog(new SimulatedDisk(), {}, clock);
  const action = 'session.create';
  const refused = (name: string) =>
    log.note(aNote(`User/${name}`, { author: 'anonymous', action, outcome: 'refused' }));
  await refused('nobody0');
  for (let i = 0; i < 5; i++) await refused('admin');
  for (let i = 0; i < 40; i++) await refused(`guess${i}`);
  for (let i = 0; i < 2; i++) await refused('admin');
  assert.equal(log.list(undefined, 100, () => true).length, 16);
  clock.advance(60_000);
  await log.note(aNote('User/after'));
  const counted = log.list(undefined, 100, ({ count }) => count !== undefined);
  assert.deepEqual(
    counted.map(({ target, count }) => [target, count]),
    [
      ['several names', 26],
      ['User/admin', 6],
    ],
  );
});

test('AuditLog refuses what finds no room, leaves no part of it, and goes on when there is room', async () => {
  const disk = await aLog(2);
  await using log = openLog(disk);
  await log.note(aNote('User/u3'));
  const { freeBytes, totalBytes } = disk.space('/');
  disk.setCapacity(totalBytes - freeBytes + 40);
  const done: string[] = [];
  const around = log.around(aNote('User/u4'), async () => void done.push('done'));
  await assert.rejects(around, hasCode('audit-failed'));
  assert.deepEqual(done, [], 'what cannot be noted is not done');
  disk.setCapacity(totalBytes);
  await log.note(aNote('User/u5'));
  const { findings, head } = log.verify();
  assert.deepEqual([findings, head.n], [[], 4]);
});

test('AuditLog.around notes what failed beside what was allowed', async () => {
  const disk = new SimulatedDisk();
  await using log = openLog(disk);
  const work = () => Promise.reject(new TypeError('no such user'));
  await assert.rejects(log.around(aNote('User/u1'), work), /no such user/);
  assert.deepEqual(
    log.list(undefined, 9, () => true).map(({ outcome, detail }) => [outcome, detail]),
    [
      ['failed', 'no such user'],
      ['allowed', undefined],
    ],
  );
});
