import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LedgerFile } from '@skerry/testkit';
import { FeedOrder } from './feed-order.ts';
import {
  growthOf,
  type ProcessSample,
  quarterAndEnd,
  sampleProcess,
  standBetween,
} from './process-growth.ts';
import { type Hole, RefusedBook } from './refused-book.ts';

function aFeed() {
  const findings: string[] = [];
  const holes: Hole[] = [];
  const order = new FeedOrder(
    (finding) => findings.push(finding),
    (hole) => holes.push(hole),
  );
  const points = (device: string, ...numbers: number[]): void => {
    for (const number of numbers) order.point(device, number);
  };
  return { order, findings, holes, points };
}

test('FeedOrder takes devices that count on, from wherever each begins', () => {
  const { order, findings, holes, points } = aFeed();
  points('a', 1, 2, 3);
  points('b', 7, 8);
  points('a', 4);
  assert.deepEqual([findings, holes, order.points], [[], [], 6]);
  assert.deepEqual(
    [...order.last],
    [
      ['a', 4],
      ['b', 8],
    ],
  );
});

test('FeedOrder tells of what comes twice or goes back, and hands on what is left out', () => {
  const { findings, holes, points } = aFeed();
  points('a', 1, 2, 2, 5, 3, 6);
  assert.deepEqual(findings, ['the stream gave 2 of a after 2', 'the stream gave 3 of a after 5']);
  assert.deepEqual(holes, [{ device: 'a', from: 3, to: 4, where: 'the stream' }]);
});

test('FeedOrder lets a gap be told only first in a life, lets each device go on once after it, and never lets it go back', () => {
  const { order, findings, holes, points } = aFeed();
  points('a', 1);
  points('b', 1);
  order.gap('within');
  assert.deepEqual(findings, ["the stream told of a gap within a server's life: within"]);
  order.beginLife();
  order.gap('first');
  points('a', 10, 11, 13);
  points('b', 1);
  assert.equal(order.toldGaps, 1);
  assert.deepEqual(holes, [{ device: 'a', from: 12, to: 12, where: 'the stream' }]);
  assert.deepEqual(findings.slice(1), ['the stream gave 1 of b after 1']);
  order.beginLife();
  points('a', 14);
  order.gap('late');
  assert.equal(findings.length, 3);
});

test('RefusedBook excuses what was refused and not accepted later, and names what was not', () => {
  const book = new RefusedBook();
  for (const seq of [3, 4, 5]) book.answer('a', seq, true);
  book.answer('a', 4, false);
  assert.equal(book.count, 2);
  assert.equal(book.missing({ device: 'a', from: 3, to: 3, where: '' }), undefined);
  assert.equal(book.missing({ device: 'a', from: 3, to: 5, where: '' }), 4);
  assert.equal(book.missing({ device: 'b', from: 3, to: 3, where: '' }), 3);
  assert.equal(book.countIn('a', 1, 9), 2);
  assert.equal(book.countIn('a', 4, 5), 1);
});

test('growthOf allows a quarter and 20 MB more memory and 8 more descriptors, and tells of anything beyond', () => {
  const quarter = { rssMb: 200, descriptors: 50 };
  assert.deepEqual(growthOf(quarter, { rssMb: 270, descriptors: 58 }, 'life 1'), []);
  assert.match(
    growthOf(quarter, { rssMb: 271, descriptors: 58 }, 'life 1').join(),
    /from 200 MB .* to 271 MB .* at most 270 MB/,
  );
  assert.match(
    growthOf(quarter, { rssMb: 100, descriptors: 59 }, 'life 1').join(),
    /descriptors grew from 50 to 59/,
  );
});

test('standBetween takes the median of memory and the least of descriptors between two moments', () => {
  const samples: ProcessSample[] = [9, 300, 100, 200, 9].map((rssMb, secs) => ({
    secs,
    rssMb,
    descriptors: 20 - secs,
  }));
  assert.deepEqual(standBetween(samples, 1, 4), { rssMb: 200, descriptors: 17 });
  assert.equal(standBetween(samples, 5, 9), undefined);
});

test('quarterAndEnd looks around the first quarter of what was sampled and at its last tenth', () => {
  const samples: ProcessSample[] = Array.from({ length: 101 }, (_, i) => ({
    secs: 50 + i,
    rssMb: i,
    descriptors: 10,
  }));
  const stands = quarterAndEnd(samples);
  assert.deepEqual([stands?.quarter.rssMb, stands?.end.rssMb], [25, 95]);
  assert.equal(quarterAndEnd(samples.slice(0, 0)), undefined);
});

test('sampleProcess tells of this process, sees memory and files that are kept, and nothing of one that is gone', () => {
  const before = sampleProcess(process.pid, 1);
  assert.ok(before && before.rssMb > 20 && before.rssMb < 2_000);
  assert.ok(Math.abs(before.descriptors - readdirSync('/proc/self/fd').length) <= 2);
  const kept = Buffer.alloc(64e6, 1);
  const after = sampleProcess(process.pid, 2);
  assert.ok(after && after.rssMb > before.rssMb + 32, `${before.rssMb} and then ${after?.rssMb} MB`);
  assert.equal(kept[64e6 - 1], 1);
  assert.equal(sampleProcess(2 ** 22 + 1, 1), undefined);
});

test('RefusedBook.read finds what a ledger says was refused', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-refused-'));
  const path = join(folder.path, 'sent.ledger');
  const device = { tenant: 't', project: 'p', topic: 'x' };
  {
    using ledger = new LedgerFile(path, [
      { ...device, device: 'a', topic: 'x/a' },
      { ...device, device: 'b', topic: 'x/b' },
    ]);
    for (const seq of [1, 2, 3]) ledger.sent(1, 7, seq, Buffer.from(String(seq)));
    ledger.answered(1, 7, 1, 0);
    ledger.answered(1, 7, 2, 0x97);
    ledger.answered(1, 7, 3, 0x97);
    ledger.sentAgain(1, 7, 3);
    ledger.answered(1, 7, 3, 0x10);
    ledger.flush();
  }
  const book = RefusedBook.read(path);
  assert.deepEqual([book.count, book.countIn('b', 2, 2), book.countIn('a', 1, 3)], [1, 1, 0]);
});
