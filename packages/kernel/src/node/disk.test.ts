import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../testing/has-code.ts';
import { nodeDisk } from './disk.ts';
import { diskFault, listenFault, syncFault } from './system-fault.ts';

test('nodeDisk answers a device without room with disk-full', () => {
  const full = nodeDisk().open('/dev/full', 'write');
  assert.throws(() => full.write(Uint8Array.of(1), 0), hasCode('disk-full'));
  full.close();
});

test('nodeDisk answers a refused sync with sync-failed', () => {
  const device = nodeDisk().open('/dev/full', 'write');
  assert.throws(() => device.sync(), hasCode('sync-failed'));
  device.close();
});

test('diskFault gives each code of the operating system its fault, disk-failed to the rest', () => {
  const cases = {
    ENOENT: 'not-found',
    EEXIST: 'already-exists',
    ENOSPC: 'disk-full',
    EDQUOT: 'disk-full',
    EROFS: 'disk-read-only',
    EACCES: 'disk-denied',
    EIO: 'disk-failed',
    EMFILE: 'too-many-files',
    EUCLEAN: 'disk-failed',
  };
  for (const [system, code] of Object.entries(cases)) {
    const error = Object.assign(new Error(system), { code: system });
    assert.equal(diskFault('write', '/a', error).code, code);
    assert.equal(syncFault('/a', error).code, 'sync-failed');
  }
});

test('listenFault tells a taken port, a denied port and a foreign address apart', () => {
  const cases = { EADDRINUSE: 'port-in-use', EACCES: 'port-denied', EADDRNOTAVAIL: 'address-not-available' };
  for (const [system, code] of Object.entries(cases)) {
    const error = Object.assign(new Error(system), { code: system });
    assert.equal(listenFault('127.0.0.1', 1883, error).code, code);
  }
});
