import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { en } from './en.ts';
import { zh } from './zh.ts';

const SCHEMA = new URL('../../../../../cli/src/config/role-schema.ts', import.meta.url);

test('each kind of sink that can be configured has its name in both languages', () => {
  const [, list = ''] = /\[('influxdb1'[^\]]*)\]/.exec(readFileSync(SCHEMA, 'utf8')) ?? [];
  const kinds = [...list.matchAll(/'(\w+)'/g)].map(([, kind]) => String(kind));
  assert.ok(kinds.length >= 3, list);
  for (const { sinks } of [en, zh])
    assert.deepEqual(Object.keys(sinks.kinds).sort(), [...kinds, 'postgresql', 'sqlite'].sort());
});
