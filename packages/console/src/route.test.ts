import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf, type Route, readRoute } from './route.ts';

test('readRoute reads what pathOf writes', () => {
  const routes: Route[] = [
    { room: 'overview' },
    { room: 'devices' },
    { room: 'device', tenant: '1', project: 'a b', device: 'x/y%#?' },
    { room: 'dead-letters' },
    { room: 'dead-letter', offset: 17 },
  ];
  for (const route of routes) assert.deepEqual(readRoute(pathOf(route)), route);
});

test('readRoute knows no other address', () => {
  for (const path of ['/nothing', '/devices/a', '/devices/a/b/c/d', '/dead-letters/x']) {
    assert.deepEqual(readRoute(path), { room: 'nowhere' }, path);
  }
  assert.equal(readRoute('/devices/%zz/p/d').room, 'device');
});
