import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FAILPOINTS } from '@skerry/kernel';
import { undocumentedError, undocumentedLimit } from './rules/documents.ts';
import { emptyCatch, emptyTest, leftOutTest, uncodedError, unreasoned } from './rules/honesty.ts';
import {
  circles,
  importPastExports,
  importRank,
  technologyOutside,
  undeclaredImport,
} from './rules/imports.ts';
import { newerThanOldestNode } from './rules/oldest-node.ts';
import { portBypassed } from './rules/ports.ts';
import {
  defaultExport,
  longFile,
  longFunction,
  strayLimit,
  undocumentedExport,
  vagueName,
} from './rules/shape.ts';
import type { Finding, Rule } from './source.ts';
import { packageRooms, ROOT, readManifests, readSources, readText } from './tree.ts';

const RULES: readonly Rule[] = [
  importRank,
  technologyOutside,
  portBypassed,
  longFunction,
  longFile,
  vagueName,
  undocumentedExport,
  defaultExport,
  strayLimit,
  leftOutTest,
  emptyTest,
  unreasoned,
  emptyCatch,
  uncodedError,
  newerThanOldestNode,
];

const sources = readSources();
const manifests = readManifests();

function assertNone(findings: readonly Finding[]): void {
  const lines = findings.map(({ path, line, rule, message }) => `${path}:${line} ${rule}: ${message}`);
  assert(lines.length === 0, `${lines.length} findings\n${lines.join('\n')}`);
}

describe('tidy', () => {
  for (const rule of RULES) {
    test(`${rule.name} finds nothing in the repository`, () =>
      assertNone(sources.flatMap((source) => rule(source))));
  }

  test('importPastExports finds nothing in the repository', () =>
    assertNone(sources.flatMap((source) => importPastExports(source, manifests))));

  test('undeclaredImport finds nothing in the repository', () =>
    assertNone(sources.flatMap((source) => undeclaredImport(source, manifests))));

  test('circles finds none between packages', () => assertNone(circles(sources)));

  test('undocumentedLimit: the tables of the packages and docs/LIMITS.md agree', () => {
    const page = readText('docs/LIMITS.md');
    const tables = sources.filter((source) => /^packages\/[^/]+\/src\/limits\.ts$/.test(source.path));
    const partsOf = (path: string) =>
      sources.filter(
        (one) =>
          one.path !== path &&
          one.path.startsWith(path.replace(/limits\.ts$/, '')) &&
          one.path.endsWith('/limits.ts'),
      );
    assertNone(tables.flatMap((source) => undocumentedLimit(source, page, partsOf(source.path))));
  });

  test('undocumentedError: every error code has its page', () => {
    const folder = join(ROOT, 'docs/errors');
    const pages = new Set(
      existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.md$/, '')) : [],
    );
    const tables = sources.filter((source) => /^packages\/[^/]+\/src\/errors\.ts$/.test(source.path));
    assertNone(tables.flatMap((source) => undocumentedError(source, pages)));
  });

  test('docs/ARCHITECTURE.md names every failpoint', () => {
    const page = readText('docs/ARCHITECTURE.md');
    assert.deepEqual(
      FAILPOINTS.filter((name) => !page.includes(`\`${name}\``)),
      [],
    );
  });

  test('every package has a README', () => {
    assert.deepEqual(
      packageRooms().filter((room) => readText(`packages/${room}/README.md`) === ''),
      [],
    );
  });
});
