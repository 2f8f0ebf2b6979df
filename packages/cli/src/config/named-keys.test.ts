import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from './load.ts';

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url));
/** `postgres.x` in words, and not as a property, a file or a section's variable in code. */
const NAMED = /(?<![\w./'"`-])postgres\.([a-zA-Z]+)\b(?!\(|\s*\?\?)/g;

test('every key of postgres that a message, a description or a comment names is one of the configuration', () => {
  const { config } = loadConfig({ file: undefined, environment: {}, flags: {} });
  const keys = Object.keys(config.postgres);
  const named = globSync('{series,access,control,cli}/src/**/*.ts', { cwd: PACKAGES }).flatMap((file) => {
    const lines = readFileSync(join(PACKAGES, file), 'utf8').split('\n');
    return lines.flatMap((line) =>
      Array.from(line.matchAll(NAMED), ([, key = '']) => ({ file, key, line: line.trim() })),
    );
  });
  assert.ok(
    named.some(({ key, file }) => key === 'poolMax' && file.endsWith('postgres-fault.ts')),
    'advice is looked at',
  );
  const unknown = named.filter(({ key }) => !keys.includes(key));
  assert.deepEqual(unknown, []);
});
