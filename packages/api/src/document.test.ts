import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openApiDocument } from './document.ts';
import { generatedFiles } from './generated-files.ts';
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

test('generatedFiles are what the repository holds', () => {
  for (const [path, text] of generatedFiles()) {
    const held = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
    assert.ok(held === text, `${path} is stale; npm run generate`);
  }
});

test('generatedFiles are the same every time', () => {
  assert.deepEqual(generatedFiles(), generatedFiles());
});
