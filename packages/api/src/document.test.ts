import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiDocument } from './document.ts';
import { generateApi } from './generate.ts';
import { OPERATIONS } from './operations.ts';
import { openScene } from './testing/scene.ts';

test('openApiDocument resolves every reference and names every operation', () => {
  const document = openApiDocument();
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(text.includes(`"${name}":{"type":"object"`), `no schema ${name}`);
  }
  for (const id of Object.keys(OPERATIONS)) assert.ok(text.includes(`"operationId":"${id}"`), id);
});

test('openApiDocument is what the server serves', async () => {
  await using scene = await openScene();
  assert.deepEqual(await scene.json('/openapi.json'), JSON.parse(JSON.stringify(openApiDocument())));
});

test('generateApi finds the generated files up to date', () => {
  assert.deepEqual(generateApi({ check: true }), []);
});
