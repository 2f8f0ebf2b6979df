import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { fileLines, flagWord, variableWord } from './setting-text.ts';

test('fileLines are YAML that holds the value under its keys', () => {
  assert.deepEqual(parse(fileLines('http.tls.port', 8_443)), { http: { tls: { port: 8_443 } } });
  assert.deepEqual(parse(fileLines('dataDir', "/srv/o'brien: x")), { dataDir: "/srv/o'brien: x" });
  assert.deepEqual(parse(fileLines('routing.telemetry', ['a/{x?}', 'b/+'])), {
    routing: { telemetry: ['a/{x?}', 'b/+'] },
  });
  assert.deepEqual(parse(fileLines('http.hostNames', [])), { http: { hostNames: [] } });
});

test('variableWord and flagWord are words of a shell', () => {
  assert.equal(variableWord('SKERRY_HTTP_PORT', 8_080), 'SKERRY_HTTP_PORT=8080');
  assert.equal(
    variableWord('SKERRY_ROUTING_TELEMETRY', ['a/{x}', 'b']),
    "SKERRY_ROUTING_TELEMETRY='a/{x},b'",
  );
  assert.equal(flagWord('--demo', true), '--demo');
  assert.equal(flagWord('--demo', false), '--no-demo');
  assert.equal(flagWord('--data-dir', "/srv/o'brien"), "--data-dir '/srv/o'\\''brien'");
  assert.equal(flagWord('--http-tls-key-file', ''), "--http-tls-key-file ''");
});
