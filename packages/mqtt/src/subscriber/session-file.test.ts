import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { hasCode, SeededRandom, SimulatedDisk } from '@skerry/kernel/testing';
import { LIMITS } from '../limits.ts';
import { SessionFile, type SessionFileOptions } from './session-file.ts';
import type { KeptSession } from './session-store.ts';

const PATH = '/s/session';
const OPTIONS = { path: PATH, clientId: 'gateway-0', broker: 'mqtt://b' };

const plain = ({ hasBegun, isSure, isInherited, packetIds, filters }: KeptSession) => ({
  hasBegun,
  isSure,
  isInherited,
  packetIds: [...packetIds],
  filters: [...filters],
});

async function load(disk: SimulatedDisk, change: Partial<SessionFileOptions> = {}) {
  using file = new SessionFile({ ...OPTIONS, ...change }, disk);
  return plain(await file.load());
}

/** A disk with a session of two identifiers and one filter. */
async function aSession(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  using file = new SessionFile(OPTIONS, disk);
  await file.load();
  await file.write([{ kind: 'begun' }, { kind: 'kept', packetId: 9 }, { kind: 'kept', packetId: 2 }]);
  await file.write([
    { kind: 'released', packetId: 9 },
    { kind: 'kept', packetId: 65_535 },
  ]);
  await file.write([
    { kind: 'subscribed', filter: 'a\t+/\n"ü', qos: 2 },
    { kind: 'subscribed', filter: 'b', qos: 1 },
  ]);
  await file.write([{ kind: 'unsubscribed', filter: 'b' }]);
  return disk;
}

const SESSION = {
  hasBegun: true,
  isSure: true,
  isInherited: false,
  packetIds: [2, 65_535],
  filters: [['a\t+/\n"ü', 2]],
};
const NONE = { hasBegun: false, isSure: true, isInherited: false, packetIds: [], filters: [] };

function bytesOf(disk: SimulatedDisk): Uint8Array {
  const file = disk.open(PATH, 'read');
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  file.close();
  return bytes;
}

function put(bytes: Uint8Array): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeFolder('/s');
  const file = disk.open(PATH, 'create');
  file.write(bytes, 0);
  file.sync();
  file.close();
  disk.syncFolder('/s');
  disk.syncFolder('/');
  return disk;
}

test('SessionFile keeps a session over a restart and a power cut, also one right after it was read', async () => {
  const disk = await aSession();
  assert.deepEqual(await load(disk), SESSION);
  let cut = disk;
  for (let seed = 1; seed <= 20; seed++) {
    cut = cut.powerCut(new SeededRandom(`cut ${seed}`));
    assert.deepEqual(await load(cut), SESSION, `cut ${seed}`);
  }
  using file = new SessionFile(OPTIONS, cut);
  await file.load();
  await file.write([{ kind: 'ended' }]);
  assert.deepEqual(await load(cut), NONE);
});

test('SessionFile that is cut anywhere has a first part of the changes; bytes that were altered are not read', async () => {
  const whole = bytesOf(await aSession());
  let longest = 0;
  for (let length = 0; length <= whole.byteLength; length++) {
    const { packetIds, hasBegun } = await load(put(whole.slice(0, length)));
    if (length === whole.byteLength) assert.deepEqual(packetIds, [2, 65_535]);
    if (!hasBegun) assert.deepEqual(packetIds, []);
    longest = Math.max(longest, packetIds.length);
  }
  assert.equal(longest, 2);
  const text = new TextDecoder().decode(whole);
  const altered = text.replace('"packetId":65535', '"packetId":65534');
  assert.notEqual(altered, text);
  assert.deepEqual((await load(put(new TextEncoder().encode(altered)))).packetIds, [2]);
});

test('SessionFile of another client or broker begins anew; one of a newer version is refused', async () => {
  const bytes = bytesOf(await aSession());
  assert.deepEqual(await load(put(bytes), { clientId: 'gateway-1' }), NONE);
  assert.deepEqual(await load(put(bytes), { broker: 'mqtt://other' }), NONE);
  const header = JSON.stringify({ format: 'skerry-subscriber-session', version: 2, client: 'gateway-0' });
  const newer = `${header}\t${crc32(header).toString(16).padStart(8, '0')}\n`;
  await assert.rejects(load(put(new TextEncoder().encode(newer))), hasCode('session-file-invalid'));
});

test('SessionFile knows over a restart that a CONNECT may have gone unheard', async () => {
  const disk = await aSession();
  {
    using file = new SessionFile(OPTIONS, disk);
    await file.load();
    await file.write([{ kind: 'asked' }]);
  }
  for (let restart = 0; restart < 3; restart++)
    assert.deepEqual(await load(disk), { ...SESSION, isSure: false });
  using file = new SessionFile(OPTIONS, disk);
  await file.load();
  await file.write([{ kind: 'resumed' }]);
  assert.deepEqual(await load(disk), SESSION);
});

test('SessionFile stays small, whatever it has been through', async () => {
  const disk = new SimulatedDisk();
  using file = new SessionFile(OPTIONS, disk);
  await file.load();
  await file.write([{ kind: 'begun' }]);
  let most = 0;
  for (let round = 0; round < 4_000; round++) {
    const packetId = (round % 65_535) + 1;
    await file.write([{ kind: 'kept', packetId }]);
    if (round >= 3) await file.write([{ kind: 'released', packetId: packetId - 3 }]);
    most = Math.max(most, disk.stat(PATH)?.bytes ?? 0);
  }
  assert.ok(most <= LIMITS.sessionFileBytesMax.value, `${most} bytes`);
  assert.deepEqual((await load(disk)).packetIds, [3_998, 3_999, 4_000]);
});

test('SessionFile writes again what a full disk has refused', async () => {
  const disk = await aSession();
  using file = new SessionFile(OPTIONS, disk);
  await file.load();
  disk.setCapacity(disk.usedBytes + 10);
  const changes = [{ kind: 'kept', packetId: 77 } as const];
  await assert.rejects(file.write(changes), hasCode('disk-full'));
  disk.setCapacity(2 ** 20);
  await file.write(changes);
  assert.deepEqual((await load(disk)).packetIds, [2, 65_535, 77]);
});

test('SessionFile believes itself only while nobody else has held the client id since', async () => {
  const lease = (epoch: number, isTakenOver: boolean) => ({ lease: { epoch, isTakenOver } });
  const INHERITED = { ...NONE, isSure: false, isInherited: true };
  const disk = await aSession();
  assert.deepEqual(await load(disk, lease(1, false)), SESSION, 'the leases were made anew');
  assert.deepEqual(await load(disk, lease(2, true)), SESSION);
  assert.deepEqual(await load(disk, lease(3, true)), SESSION, 'claimed again and again by the same one');
  assert.deepEqual(await load(disk, lease(5, true)), INHERITED, 'another one had it');
  assert.deepEqual(await load(disk, lease(6, true)), INHERITED, 'and nothing was heard of it since');
  const ended = await aSession();
  assert.deepEqual(await load(ended, lease(7, false)), NONE, 'another one has ended it');
  assert.deepEqual(await load(ended, lease(8, true)), NONE, 'the broker was not reached since');
  assert.deepEqual(await load(new SimulatedDisk(), lease(1, false)), NONE);
  assert.deepEqual(await load(new SimulatedDisk(), lease(2, true)), INHERITED);
  assert.deepEqual(await load(new SimulatedDisk()), NONE);
});
