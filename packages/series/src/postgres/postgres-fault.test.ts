import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresPlace } from '@skerry/kernel/node';
import { SeriesError } from '../errors.ts';
import { hasCode } from '../testing/index.ts';
import { isConnectionLost, postgresFault } from './postgres-fault.ts';
import { parsePostgresUrl } from './postgres-hosts.ts';

const faultOf = (code: string, message = 'words of the server') =>
  postgresFault('db:5432/iot', 'write a seal', Object.assign(new Error(message), { code }));

test('postgresFault knows what is tried again, and what somebody has to do', () => {
  const cases = [
    ['40001', 'store-contended', 'retry'],
    ['40P01', 'store-contended', 'retry'],
    ['57P01', 'store-unreachable', 'retry'],
    ['57P03', 'store-unreachable', 'retry'],
    ['08006', 'store-unreachable', 'retry'],
    ['ECONNRESET', 'store-unreachable', 'retry'],
    ['53300', 'store-connections-full', 'retry'],
    ['53100', 'store-full', 'retry'],
    ['25006', 'store-on-standby', 'retry'],
    ['57014', 'deadline-passed', 'retry'],
    ['42501', 'store-not-allowed', 'give-up'],
    ['28P01', 'store-not-allowed', 'give-up'],
    ['3D000', 'store-not-opened', 'give-up'],
    ['XX001', 'store-damaged', 'give-up'],
    ['22003', 'store-refused', 'give-up'],
    ['54000', 'store-refused', 'give-up'],
    ['23505', 'store-failed', 'end-process'],
  ] as const;
  for (const [state, code, advice] of cases) {
    const fault = faultOf(state);
    assert.ok(fault instanceof SeriesError, state);
    assert.deepEqual([fault.code, fault.advice], [code, advice], state);
    assert.match(fault.message, /^Cannot write a seal at db:5432\/iot: words of the server; .+\.$/);
  }
});

test('postgresFault lets coded errors and mistakes of our own pass as they are', () => {
  const own = new SeriesError('store-closed', 'x');
  assert.equal(postgresFault('p', 'a', own), own);
  const bug = new TypeError('undefined is not a function');
  assert.equal(postgresFault('p', 'a', bug), bug);
  assert.ok(
    hasCode('store-unreachable')(postgresFault('p', 'a', new Error('Connection terminated unexpectedly'))),
  );
});

test('isConnectionLost tells a lost connection from a refused statement', () => {
  const of = (code: string) => isConnectionLost(Object.assign(new Error('x'), { code }));
  assert.deepEqual(
    [of('57P01'), of('ECONNRESET'), isConnectionLost(new Error('Query read timeout'))],
    [true, true, true],
  );
  assert.deepEqual([of('42501'), of('40001'), of('23505')], [false, false, false]);
});

test('parsePostgresUrl reads several hosts and what they must be, and shows no password', () => {
  const places = parsePostgresUrl(
    'postgres://ann:s%40crt@a:1,b/iot?sslmode=require&target_session_attrs=read-write',
  );
  assert.deepEqual(places, {
    urls: ['postgres://ann:s%40crt@a:1/iot?sslmode=require', 'postgres://ann:s%40crt@b/iot?sslmode=require'],
    mustWrite: true,
  });
  assert.equal(parsePostgresUrl('postgresql:///iot?target_session_attrs=any').mustWrite, false);
  assert.deepEqual(places.urls.map(postgresPlace), ['a:1/iot', 'b/iot']);
  assert.throws(() => parsePostgresUrl('mysql://x'), hasCode('store-not-opened'));
});
