import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditCsv, auditNdjson, codeIn, grantsIn, targetOf } from './audit-text.ts';

const ENTRY = {
  n: 7,
  time: '2026-05-01T12:00:00.000000Z',
  author: 'ann',
  action: 'token.create',
  target: 'AccessToken/a,b',
  outcome: 'allowed',
  from: '127.0.0.1',
  detail: '[{"role":"viewer"}]',
  count: 1,
} as const;

test('auditCsv quotes what needs it and runs no formula', () => {
  const [head, row, formula] = auditCsv([ENTRY, { ...ENTRY, author: '=1+1', target: '', detail: '' }]).split(
    '\r\n',
  );
  assert.equal(head, 'n,time,author,action,target,outcome,from,detail,count');
  assert.equal(
    row,
    '7,2026-05-01T12:00:00.000000Z,ann,token.create,"AccessToken/a,b",allowed,127.0.0.1,"[{""role"":""viewer""}]",1',
  );
  assert.equal(formula, "7,2026-05-01T12:00:00.000000Z,'=1+1,token.create,,allowed,127.0.0.1,,1");
});

test('auditNdjson writes a line an entry', () => {
  assert.deepEqual(
    auditNdjson([ENTRY, ENTRY])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [ENTRY, ENTRY],
  );
});

test('grantsIn reads grants and nothing else', () => {
  assert.deepEqual(grantsIn('[{"role":"viewer","tenant":"a"}]'), [{ role: 'viewer', tenant: 'a' }]);
  for (const detail of ['by link', '[{"role":"king"}]', '[{"role":"viewer"', ''])
    assert.equal(grantsIn(detail), undefined);
});

test('targetOf tells the kind of what an entry is about in words, and leaves what it does not know as it is', () => {
  const kinds = { User: '用户', letter: '死信' };
  assert.deepEqual(targetOf('User/ann', kinds), { kind: '用户', name: 'ann' });
  assert.deepEqual(targetOf('letter 17', kinds), { kind: '死信', name: '17' });
  for (const target of ['/api/v1/devices', 'toString/ann', 'Other/ann', 'User/', ''])
    assert.deepEqual(targetOf(target, kinds), { kind: '', name: target });
});

test('codeIn finds the code of a fault, alone or behind a name', () => {
  assert.deepEqual(codeIn('sign-in-refused'), { name: '', code: 'sign-in-refused' });
  assert.deepEqual(codeIn('x: y: not-allowed'), { name: 'x: y', code: 'not-allowed' });
  for (const detail of ['by link', 'a b-c', 'ann: ', '', '{"a":1}']) assert.equal(codeIn(detail), undefined);
});
