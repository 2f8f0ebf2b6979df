import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { descriptionsZh } from './descriptions-zh.ts';

const PAGE = new URL('../../../../../docs/CONFIGURATION.md', import.meta.url);

test('descriptionsZh describes every key of the configuration, and no other', () => {
  const table = readFileSync(PAGE, 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('Keys'));
  const keys = [...String(table).matchAll(/^\| `([\w.]+)` \|/gm)].map(([, key]) => key);
  assert.ok(keys.includes('mqtt.tls.port'));
  assert.deepEqual(Object.keys(descriptionsZh).sort(), keys.sort());
  for (const text of Object.values(descriptionsZh)) assert.match(text, /\p{Script=Han}/u);
});
