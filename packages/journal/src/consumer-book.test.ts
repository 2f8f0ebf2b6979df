import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsumerBook } from './consumer-book.ts';

const A = { name: 'a', isMandatory: true, position: 7 };
const B = { name: 'b', isMandatory: false, position: 3 };

test('ConsumerBook knows the consumers that it begins with, sorted by name, and the least mandatory position', () => {
  const book = new ConsumerBook([B, A, { ...A, name: 'c', position: 5 }]);
  assert.deepEqual(
    book.list().map(({ name, position }) => [name, position]),
    [
      ['a', 7],
      ['b', 3],
      ['c', 5],
    ],
  );
  assert.equal(book.floor, 5);
  assert.equal(new ConsumerBook([B]).floor, 0, 'nobody mandatory is known');
});

test('ConsumerBook.commit never goes back, and says when a consumer is new or another kind', () => {
  const book = new ConsumerBook([A]);
  assert.equal(book.commit({ ...A, position: 6 }), false);
  assert.equal(book.floor, 7);
  assert.equal(book.commit({ ...A, position: 9 }), false);
  assert.equal(book.floor, 9);
  assert.equal(book.commit(B), true);
  assert.equal(book.commit({ ...B, isMandatory: true }), true);
  assert.equal(book.floor, 3);
});
