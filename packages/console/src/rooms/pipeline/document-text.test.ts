import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiProblem } from '../../generated/client.ts';
import { faultsIn, nameOf, readDocument, withSource, writeDocument } from './document-text.ts';
import { EXAMPLES, exampleOf } from './examples.ts';

const TEXT = exampleOf('filter', { tenant: 'a"b', project: 'p: q' });

function problemOf(pointer: string): ApiProblem {
  const errors = [{ in: 'body', pointer, detail: 'is wrong' }] as const;
  const rest = { type: '', title: '', status: 400, detail: '', code: 'invalid-request', instance: '' };
  return new ApiProblem({ ...rest, errors });
}

const meant = (pointer: string, at: '' | '/document') =>
  faultsIn(problemOf(pointer), TEXT, at).map(({ path, range }) => [
    path,
    range?.line,
    range && TEXT.slice(range.from, range.to).trim().slice(0, 12),
  ]);

test('readDocument reads every example, whatever the names of the place are', () => {
  for (const example of EXAMPLES) {
    const { document, faults } = readDocument(exampleOf(example, { tenant: 'a"b', project: 'p: q' }));
    assert.deepEqual(faults, [], example);
    assert.match(String(nameOf(document ?? {})), /^[a-z-]+$/);
    const spec = document?.spec as { readonly match: object }; // as the examples say
    assert.deepEqual(spec.match, { tenant: 'a"b', project: 'p: q' }, example);
  }
});

test('readDocument says where YAML ends, and that a list is no document', () => {
  const [broken] = readDocument('kind: Pipeline\nspec: [').faults;
  assert.equal(broken?.range?.line, 2);
  assert.equal(readDocument('- a').document, undefined);
  assert.equal(readDocument('- a').faults.length, 1);
});

test('readDocument tells aliases that would grow without bound as a fault', () => {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
  const { document, faults } = readDocument(`a0: &a0 x\n${levels.join('\n')}\n`);
  assert.equal(document, undefined);
  assert.match(faults[0]?.detail ?? '', /alias/);
});

test('faultsIn finds the place of a pointer, or of what it is missing in, and leaves faults of samples alone', () => {
  assert.deepEqual(meant('#/spec/stages/0/keep', ''), [['spec.stages[0].keep', 13, `'!("temperat`]]);
  assert.deepEqual(meant('#/document/spec/stages/0/keep', '/document'), meant('#/spec/stages/0/keep', ''));
  assert.deepEqual(meant('#/spec/stages/0/window', ''), [['spec.stages[0].window', 10, 'name: possib']]);
  assert.deepEqual(meant('#/samples/0/topic', '/document'), []);
  assert.deepEqual(faultsIn(new Error('no problem'), TEXT, ''), []);
});

test('writeDocument leaves out what is empty and what holds anyway, and is read again as it was', () => {
  const spec = {
    match: {},
    decode: { contentType: 'auto' },
    stages: [{ name: 'a', drop: [], keep: 'x > 1' }],
  };
  const text = writeDocument({ metadata: { name: 'n' }, spec, kind: 'Pipeline', apiVersion: 'v' });
  assert.deepEqual(text.split('\n').slice(0, 4), [
    'apiVersion: v',
    'kind: Pipeline',
    'metadata:',
    '  name: n',
  ]);
  assert.deepEqual(readDocument(text).document, {
    apiVersion: 'v',
    kind: 'Pipeline',
    metadata: { name: 'n' },
    spec: { stages: [{ name: 'a', keep: 'x > 1' }] },
  });
});

test('writeDocument gives the text back that withSource kept, with its comments, while it says what the document does', () => {
  const text = `# why it is there\n${TEXT}`;
  const document = readDocument(text).document ?? {};
  const kept = withSource(document, text);
  // the server fills in what holds anyway
  const spec = { ...(kept.spec as object), decode: { contentType: 'auto' } }; // as the example has it
  assert.equal(writeDocument({ ...kept, spec }), text);
  const changed = { ...kept, spec: { ...spec, match: { tenant: 'another' } } };
  assert.doesNotMatch(writeDocument(changed), /why it is there|source/);
  assert.match(writeDocument(changed), /tenant: another/);
  assert.deepEqual(withSource({ metadata: 'n' }, text), { metadata: 'n' });
});
