import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from './errors.ts';
import { isUnchanged, requireMatch, versionTag, weakTag } from './etag.ts';

test('weakTag does not depend on the time of the server, and on everything else', () => {
  const tag = weakTag('{"time":"2026-05-01T12:00:00.000000Z","items":[1]}');
  assert.match(tag, /^W\/"[\w-]{22}"$/);
  assert.equal(weakTag('{"time":"2026-05-01T12:00:01.000000Z","items":[1]}'), tag);
  assert.notEqual(weakTag('{"time":"2026-05-01T12:00:00.000000Z","items":[2]}'), tag);
  assert.notEqual(weakTag('{"a":{"time":"1"}}'), weakTag('{"a":{"time":"2"}}'));
});

test('isUnchanged compares weakly, in a list, and by a star', () => {
  const unchanged = (wanted: string | undefined) =>
    isUnchanged({ headers: wanted === undefined ? {} : { 'if-none-match': wanted } }, 'W/"a"');
  for (const wanted of ['W/"a"', '"a"', '"b", W/"a"', '*', ' * ']) assert.ok(unchanged(wanted), wanted);
  for (const wanted of [undefined, '"b"', 'a', '""']) assert.ok(!unchanged(wanted), String(wanted));
});

test('requireMatch lets through what names the version, and nothing else', () => {
  const check = (wanted: string | undefined, current: string | undefined) =>
    requireMatch({ headers: wanted === undefined ? {} : { 'if-match': wanted } }, current);
  check(undefined, versionTag(3));
  check('"v3"', versionTag(3));
  check('"v2", "v3"', versionTag(3));
  check('*', versionTag(3));
  for (const [wanted, current] of [
    ['"v2"', versionTag(3)],
    ['W/"v3"', versionTag(3)],
    ['*', undefined],
    ['v3', versionTag(3)],
  ] as const) {
    assert.throws(
      () => check(wanted, current),
      (error) => error instanceof ApiError && error.code === 'precondition-failed' && error.status === 412,
      wanted,
    );
  }
});
