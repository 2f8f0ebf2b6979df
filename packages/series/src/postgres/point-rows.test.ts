import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aHeadView, NOON, type SamplePoint } from '../testing/index.ts';
import { FRAME_BYTES } from './copy-in.ts';
import { numericOf, pointColumns, pointRows, type RowOrder } from './point-rows.ts';
import { PG_EPOCH_MICROS } from './postgres-values.ts';

const needs = { source: 3, receivedMicros: NOON + 7, seriesIds: Int32Array.of(0, 41, 42) };

/** The rows of messages, each field as bytes or null. */
function rowsOf(
  points: readonly SamplePoint[],
  seriesIds = needs.seriesIds,
  order?: RowOrder,
): (Buffer | null)[][] {
  const seals = [{ view: aHeadView(1, points), ...needs, seriesIds }];
  const bytes = Buffer.concat(Array.from(pointRows(seals, order), (one) => one.subarray(FRAME_BYTES)));
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const fields = bytes.readUInt16BE(at);
    at += 2;
    const row: (Buffer | null)[] = [];
    for (let field = 0; field < fields; field++) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : bytes.subarray(at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  return rows;
}

test('pointRows writes a number as the fields of its columns, in the binary format of COPY', () => {
  const point = { series: 1, time: NOON, value: 1.5, offset: 2 ** 40 + 5, ordinal: 9 };
  const view = aHeadView(1, [point]);
  assert.deepEqual(pointColumns([view]), [
    'time',
    'series_id',
    'value',
    'source',
    'position',
    'ordinal',
    'received',
  ]);
  const [message] = pointRows([{ view, ...needs }]);
  // NOON is 848,829,600 s after 2000-01-01
  assert.equal(
    Buffer.from(message ?? [])
      .subarray(FRAME_BYTES)
      .toString('hex'),
    [
      '0007',
      `00000008${(848_829_600_000_000).toString(16).padStart(16, '0')}`,
      '00000004' + '00000029',
      '00000008' + '3ff8000000000000',
      '00000002' + '0003',
      '00000008' + '0000010000000005',
      '00000002' + '0009',
      `00000008${(848_829_600_000_007).toString(16).padStart(16, '0')}`,
    ].join(''),
  );
});

test('pointRows writes every type into its own column; an exact integer stands rounded beside it', () => {
  const values = [true, 'Fü\u0000ße', -9007199254740993n, 2.5];
  const rows = rowsOf(
    values.map((value, i) => ({ series: 2, time: NOON + i, value, offset: i, ordinal: i })),
  );
  const [flag, text, exact, plain] = rows;
  assert.deepEqual([flag?.[2], flag?.[7], flag?.[8], flag?.[9]], [null, null, Buffer.of(1), null]);
  assert.deepEqual([text?.[2], text?.[7]?.toString(), text?.[8]], [null, 'Fü\uf8f00ße', null]);
  assert.equal(exact?.[2]?.readDoubleBE(), -9007199254740992);
  assert.deepEqual(exact?.[9], Buffer.from(numericOf('-9007199254740993')));
  assert.deepEqual([plain?.[2]?.readDoubleBE(), plain?.[7], plain?.[8], plain?.[9]], [2.5, null, null, null]);
});

test('pointRows gives back every point, series by series and as they come in each, whatever their number and size', () => {
  const ids = [1, 2, 2047, 2048, 4097, 2 ** 21];
  const seriesIds = new Int32Array(2 ** 21 + 1);
  for (const id of ids) seriesIds[id] = id + 7;
  const point = fc.record({
    series: fc.constantFrom(...ids),
    time: fc.integer({ min: -(2 ** 50), max: 2 ** 51 }),
    value: fc.oneof(fc.double({ noNaN: true }), fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 40 })),
    offset: fc.integer({ min: 0, max: 2 ** 48 }),
    ordinal: fc.nat(8191),
  });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 60 }), (points) => {
      const rows = (order?: RowOrder) =>
        rowsOf(points, seriesIds, order).map(([time, series, value, , position, ordinal]) => ({
          series: Number(series?.readInt32BE()) - 7,
          time: Number(time?.readBigInt64BE()) + PG_EPOCH_MICROS,
          value: value?.readDoubleBE(),
          offset: Number(position?.readBigInt64BE()),
          ordinal: ordinal?.readInt16BE(),
        }));
      const wanted = points.map(({ series, time, value, offset, ordinal }) => ({
        series,
        time,
        value: typeof value === 'number' ? value : undefined,
        offset,
        ordinal,
      }));
      assert.deepEqual(rows('head'), wanted);
      assert.deepEqual(
        rows(),
        wanted.toSorted((one, other) => one.series - other.series),
      );
    }),
  );
});

test('pointRows: of several seals one with a text gives the others its columns', () => {
  const number = { series: 1, time: NOON, value: 1.5, offset: 1, ordinal: 0 };
  const views = [aHeadView(1, [number]), aHeadView(1, [{ ...number, value: 'on' }])];
  assert.equal(pointColumns(views).length, 10);
  const messages = [...pointRows(views.map((view, source) => ({ ...needs, view, source })))];
  const fields = messages.map((message) => Buffer.from(message).readUInt16BE(FRAME_BYTES));
  assert.deepEqual(fields, [10, 10]);
  // four fields of 8 bytes, three of fewer, and three nulls
  assert.equal(messages[0]?.byteLength, FRAME_BYTES + 2 + 4 * 12 + 8 + 6 + 6 + 3 * 4);
});

test('pointRows cuts messages between rows, and refuses a series that was never defined', () => {
  const points = Array.from({ length: 20_000 }, (_, i) => ({
    series: 1,
    time: NOON + i,
    value: i,
    offset: i,
    ordinal: 0,
  }));
  const messages = [...pointRows([{ view: aHeadView(1, points), ...needs }])];
  assert.ok(messages.length > 3);
  assert.equal(rowsOf(points).length, 20_000);
  const stray = { series: 0, time: NOON, value: 1, offset: 1, ordinal: 0 };
  assert.throws(
    () => [...pointRows([{ view: aHeadView(1, [stray]), ...needs }])],
    /series 0 was to have a definition/,
  );
});

test('numericOf writes digits to the base 10,000', () => {
  const hex = (digits: string) => Buffer.from(numericOf(digits)).toString('hex');
  assert.equal(hex('12345'), '0002' + '0001' + '0000' + '0000' + '0001' + '0929');
  assert.equal(hex('-7'), '0001' + '0000' + '4000' + '0000' + '0007');
});
