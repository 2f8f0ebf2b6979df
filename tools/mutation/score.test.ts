import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseMutants } from './choice.ts';
import { testsBeside } from './import-graph.ts';
import { mutantsOf } from './mutants.ts';
import { FILE_MARGIN, fallsOf, hasFallen, keepBaseline, readBaseline } from './score.ts';

test('hasFallen forgives the margin and chance, and nothing more', () => {
  const before = { tried: 1_000, found: 900 };
  assert.equal(hasFallen(before, { tried: 1_000, found: 810 }, FILE_MARGIN), false);
  assert.equal(hasFallen(before, { tried: 1_000, found: 750 }, FILE_MARGIN), true);
  assert.equal(hasFallen(before, { tried: 10, found: 7 }, FILE_MARGIN), false);
  assert.equal(hasFallen(before, { tried: 10, found: 5 }, FILE_MARGIN), true);
  assert.equal(hasFallen({ tried: 0, found: 0 }, { tried: 10, found: 0 }, FILE_MARGIN), false);
});

test('fallsOf judges files with enough mutants by themselves and all together', () => {
  const baseline = { a: { tried: 100, found: 95 }, b: { tried: 100, found: 95 } };
  assert.deepEqual(fallsOf(baseline, new Map([['a', { tried: 20, found: 19 }]])), []);
  assert.deepEqual(fallsOf(baseline, new Map([['new', { tried: 20, found: 0 }]])), []);
  assert.match(
    fallsOf(baseline, new Map([['a', { tried: 20, found: 8 }]])).join('\n'),
    /^a: 8 of 20 \(40 %\)/,
  );
  const few = new Map([
    ['a', { tried: 4, found: 1 }],
    ['b', { tried: 4, found: 1 }],
  ]);
  assert.match(fallsOf(baseline, few).join('\n'), /^all files: 2 of 8/);
});

test('keepBaseline replaces what it says of the files that were tried and keeps the others', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-baseline-'));
  const path = join(folder.path, 'baseline.json');
  assert.deepEqual(readBaseline(path), {});
  keepBaseline(
    path,
    { a: { tried: 1, found: 1 }, b: { tried: 2, found: 2 } },
    new Map([['b', { tried: 9, found: 8 }]]),
  );
  assert.deepEqual(readBaseline(path), { a: { tried: 1, found: 1 }, b: { tried: 9, found: 8 } });
  assert.match(readFileSync(path, 'utf8'), /\n$/);
});

test('chooseMutants takes one of each file by turns, the same for the same seed', () => {
  const all = new Map(
    ['a.ts', 'b.ts', 'c.ts'].map(
      (path) => [path, mutantsOf(path, 'go(); go(); x = a < b && c > d;')] as const,
    ),
  );
  const count = (chosen: ReturnType<typeof chooseMutants>): number[] =>
    [...chosen.values()].map((mutants) => mutants.length);
  assert.deepEqual(count(chooseMutants(all, 7, 1)), [3, 2, 2]);
  assert.deepEqual(count(chooseMutants(all, 2, 1)), [1, 1]);
  assert.deepEqual(count(chooseMutants(all, 1_000, 1)), [5, 5, 5]);
  assert.deepEqual(chooseMutants(all, 7, 1), chooseMutants(all, 7, 1));
  assert.notDeepEqual(chooseMutants(all, 7, 1), chooseMutants(all, 7, 2));
});

test('testsBeside finds the test of the same name first, then those that import the file, also through testing and index', () => {
  const tree = (...files: readonly (readonly [string, string])[]): Map<string, string> =>
    new Map(files.map(([path, text]) => [`packages/p/src/${path}`, text]));
  const names = (found: readonly string[]): string[] =>
    found.map((path) => path.replace('packages/p/src/', ''));
  const sources = tree(
    ['x.ts', ''],
    ['x.test.ts', ''],
    ['index.ts', "export * from './x.ts';"],
    ['y.ts', "import { x } from './x.ts';"],
    ['y.test.ts', "import { y } from './y.ts';"],
    ['testing/scene.ts', "import { x } from '../index.ts';"],
    ['scene.test.ts', "import { scene } from './testing/scene.ts';"],
    ['types.test.ts', "import type { X } from './x.ts';"],
    ['sub/far.ts', "import '../y.ts';"],
    ['sub/far.test.ts', "import { far } from './far.ts';"],
  );
  assert.deepEqual(names(testsBeside('packages/p/src/x.ts', sources)), ['x.test.ts', 'scene.test.ts']);
  const deep = tree(
    ['x.ts', ''],
    ['y.ts', "import './x.ts';"],
    ['y.test.ts', "import './y.ts';"],
    ['z.test.ts', ''],
  );
  assert.deepEqual(names(testsBeside('packages/p/src/x.ts', deep)), ['y.test.ts']);
  assert.deepEqual(testsBeside('packages/p/src/x.ts', tree(['x.ts', ''], ['z.test.ts', ''])), []);
});
