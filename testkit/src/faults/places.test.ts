import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freeze, isMountPoint, LoopDisk, memoryFolder, whyNoLoopDisk } from './places.ts';

test('memoryFolder is there until it is disposed', () => {
  let path = '';
  {
    using folder = memoryFolder('test');
    path = folder.path;
    writeFileSync(join(path, 'file'), 'x');
    assert.ok(existsSync(path));
  }
  assert.ok(!existsSync(path));
});

test('LoopDisk after a cut holds what was synced and nothing else, or the system says why it has none', () => {
  const why = whyNoLoopDisk();
  if (why !== undefined) {
    assert.notEqual(process.env.CI, 'true', why);
    assert.ok(why.length > 0);
    return;
  }
  using place = memoryFolder('test');
  using disk = LoopDisk.create(place.path, 'disk', 64);
  assert.ok(isMountPoint(disk.path));
  const file = openSync(join(disk.path, 'synced'), 'w');
  writeSync(file, 'kept');
  fsyncSync(file);
  writeSync(file, ' lost');
  writeFileSync(join(disk.path, 'unsynced'), 'lost');
  using cut = disk.cut(place.path, 'cut');
  assert.equal(readFileSync(join(cut.path, 'synced'), 'utf8'), 'kept');
  assert.ok(!existsSync(join(cut.path, 'unsynced')));
  assert.equal(readFileSync(join(disk.path, 'synced'), 'utf8'), 'kept lost');
  closeSync(file);
});

test('freeze stops every thread of a process', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => process.stdout.write("x"), 1)']);
  await once(child.stdout, 'data');
  await freeze([Number(child.pid)]);
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  assert.equal(stat.slice(stat.lastIndexOf(')') + 2).at(0), 'T');
  child.kill('SIGKILL');
  await once(child, 'exit');
});
