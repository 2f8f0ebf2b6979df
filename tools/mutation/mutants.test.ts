import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';
import { ROOT } from '../packages.ts';
import { describeMutant, mutantsOf, mutated } from './mutants.ts';
import { MUTATED_FILES } from './mutated-files.ts';

const told = (text: string): string[] =>
  mutantsOf('x.ts', text).map((mutant) => `${mutant.line} ${mutant.kind}: ${mutated(text, mutant).trim()}`);

test('mutantsOf negates conditions and swaps comparisons that are no whole condition, or tell which is greater', () => {
  assert.deepEqual(told('if (a === b) c;'), ['1 negate condition: if (!(a === b)) c;']);
  assert.deepEqual(told('if (a < b) c;'), [
    '1 negate condition: if (!(a < b)) c;',
    '1 swap comparison: if (a <= b) c;',
  ]);
  assert.deepEqual(told('x = a !== b;'), ['1 swap comparison: x = a === b;']);
  assert.deepEqual(told('x = a >= b ? 1 : 2;'), [
    '1 negate condition: x = !(a >= b) ? 1 : 2;',
    '1 swap comparison: x = a > b ? 1 : 2;',
  ]);
  assert.deepEqual(told('while (go) for (;;);'), ['1 negate condition: while (!(go)) for (;;);']);
});

test('mutantsOf swaps arithmetic of numbers and leaves texts that are joined', () => {
  assert.deepEqual(told('x = a + b;'), ['1 swap arithmetic: x = a - b;']);
  assert.deepEqual(told('x -= 1;'), ['1 swap arithmetic: x += 1;']);
  assert.deepEqual(told('x++; --y;'), ['1 swap arithmetic: x--; --y;', '1 swap arithmetic: x++; ++y;']);
  assert.deepEqual(told("x = 'a' + b + c; y += `z`;"), []);
});

test('mutantsOf swaps && and ||, true and false, and nothing in a type', () => {
  assert.deepEqual(told('x = a && b;'), ['1 swap logic: x = a || b;']);
  assert.deepEqual(told('const x: true | false = true;'), ['1 swap boolean: const x: true | false = false;']);
  assert.deepEqual(told('interface A { readonly x: true }\ntype B = A extends true ? 1 : 2;'), []);
  assert.deepEqual(told('x = (a as true) satisfies true;'), []);
});

test('mutantsOf drops calls that stand by themselves and throws, and leaves super and what a throw says', () => {
  assert.deepEqual(told('go(1);'), ['1 drop call: ;']);
  assert.deepEqual(told('void go?.(1);'), ['1 drop call: ;']);
  assert.deepEqual(told('x = go(1);'), []);
  assert.deepEqual(told('class A extends B { constructor() { super(true); } }'), [
    '1 swap boolean: class A extends B { constructor() { super(false); } }',
  ]);
  assert.deepEqual(told('throw new E(a + b, true);'), ['1 drop throw: ;']);
});

test('mutantsOf empties what an early end gives back, and lets an empty one go on', () => {
  assert.deepEqual(told('function f() { if (a) return b; return c; }'), [
    '1 negate condition: function f() { if (!(a)) return b; return c; }',
    '1 empty return: function f() { if (a) return; return c; }',
  ]);
  assert.deepEqual(
    told('function f() { if (a) { b; return; } c; }').filter((line) => line.includes('empty')),
    ['1 empty return: function f() { if (a) { b; ; } c; }'],
  );
  assert.deepEqual(
    told('function f() { if (a) return undefined; c; }').at(-1),
    '1 empty return: function f() { if (a) ; c; }',
  );
  assert.deepEqual(told('function f() { { return a; } }'), []);
});

test('mutantsOf finds the operator and not the one in a comment, and says the line', () => {
  const text = 'x =\n  a /* < */\n  < b;\n';
  const [mutant, ...others] = mutantsOf('y.ts', text);
  assert.ok(mutant);
  assert.deepEqual(others, []);
  assert.equal(mutated(text, mutant), 'x =\n  a /* < */\n  <= b;\n');
  assert.equal(describeMutant(mutant), 'y.ts:3 swap comparison: < -> <=');
});

test('mutated keeps the number of lines', () => {
  const text = 'go(\n  1,\n  2,\n);\nx = y;\n';
  const [mutant] = mutantsOf('x.ts', text);
  assert.ok(mutant);
  assert.equal(mutated(text, mutant), ';\n\n\n\nx = y;\n');
});

test('every mutant of two real files is valid TypeScript, and another text', () => {
  for (const path of ['packages/journal/src/record-reader.ts', 'packages/pipeline/src/dedupe-window.ts']) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const mutants = mutantsOf(path, text);
    assert.ok(mutants.length > 20, path);
    for (const mutant of mutants) {
      const changed = mutated(text, mutant);
      assert.notEqual(changed, text);
      assert.deepEqual(parseSync(path, changed).errors, [], describeMutant(mutant));
    }
  }
});

test('the files that are mutated exist', () => {
  assert.ok(MUTATED_FILES.length > 20);
  for (const path of MUTATED_FILES) assert.deepEqual(globSync(path, { cwd: ROOT }), [path]);
});
