import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFor, formatMillisTicks, formatTicks, formatValue, parseValue } from './format.ts';

/** Numbers of every size and the ways in which numbers are made, the same in every run. */
function* manyNumbers(): Generator<number> {
  let seed = 7;
  for (let exponent = -300; exponent <= 300; exponent += 0.25) {
    seed = (seed * 16_807) % 2_147_483_647;
    yield Number((10 ** exponent * (seed / 2_147_483_647)).toPrecision(1 + (seed % 15)));
    yield (0 - Math.floor(seed / 10 ** (seed % 8))) / 10 ** (seed % 6);
  }
}

const read = (text: string) => Number(text.replaceAll(',', ''));

test('formatValue writes values in whole', () => {
  const written = [
    [1234565.8, '1,234,565.8'],
    [179_563_445, '179,563,445'],
    [-179_563_445.25, '-179,563,445.25'],
    [0.000123456789, '0.000123456789'],
    [-5e-7, '-5e-7'],
    [1.23456789012345e-9, '1.23456789012345e-9'],
    [1.5e12, '1,500,000,000,000'],
    [9_007_199_254_740_991, '9,007,199,254,740,991'],
    [1.5e17, '1.5e+17'],
    [6.02214076e23, '6.02214076e+23'],
    [0.1 + 0.2, '0.3'],
    [0, '0'],
    [-0, '0'],
  ] as const;
  assert.deepEqual(
    written.map(([value]) => formatValue(value)),
    written.map(([, text]) => text),
  );
});

test('formatValue of up to 15 digits reads back as the value', () => {
  for (const value of manyNumbers()) assert.equal(read(formatValue(value)), value);
});

test('formatValue writes every digit of an exact integer, and texts and booleans as they are', () => {
  const whole = parseValue({ value: '-12345678901234567890', type: 'integer' });
  assert.equal(formatValue(whole), '-12,345,678,901,234,567,890');
  assert.equal(formatValue(parseValue({ value: '12345678901234567890' })), '12345678901234567890');
  assert.equal(formatValue(parseValue({ value: 12_345, type: 'integer' })), '12,345');
  assert.equal(formatValue(true), 'true');
});

test('formatTicks has the digits that tell ticks apart and no more', () => {
  assert.deepEqual(formatTicks([0, 50, 100], 50), ['0', '50', '100']);
  assert.deepEqual(formatTicks([39.5, 40, 40.5], 0.5), ['39.5', '40.0', '40.5']);
  assert.deepEqual(formatTicks([-0.0025, -0, 0.0025], 0.0025), ['-0.0025', '0.0000', '0.0025']);
  assert.deepEqual(formatTicks([179_563_444, 179_563_446], 2), ['179,563,444', '179,563,446']);
  assert.deepEqual(formatTicks([1234565.79, 1234565.8], 0.01), ['1,234,565.79', '1,234,565.80']);
  assert.deepEqual(formatTicks([9.5e18, 1e19, 1.05e19], 5e17), ['9.5e+18', '1.00e+19', '1.05e+19']);
  assert.deepEqual(formatTicks([-5e-7, 1e-23, 5e-7], 5e-7), ['-5e-7', '0', '5e-7']);
});

test('formatFor writes the year of a time that is not of this year, in the zone that was chosen', () => {
  const at = Date.UTC(2005, 11, 31, 23, 6, 7, 89);
  const utc = formatFor('en', 'utc');
  assert.equal(utc.moment(at), 'Dec 31, 2005, 23:06:07');
  assert.equal(utc.moment(at, true), 'Dec 31, 2005, 23:06:07.089');
  assert.equal(utc.clock(at, true), '23:06:07.089');
  assert.equal(utc.dayMinute(at), 'Dec 31, 2005, 23:06');
  assert.equal(formatFor('zh', 'Asia/Shanghai').zonedMoment(at), '2006年1月1日 07:06:07 Asia/Shanghai');
  assert.equal(formatFor('en', 'America/New_York').zone, 'America/New_York');
});

test('formatFor tells a time ahead as one, and a little of it as now', () => {
  const [en, zh] = [formatFor('en', 'utc'), formatFor('zh', 'utc')];
  assert.equal(en.ago(-20 * 3_600_000), 'in 20 hours (clock ahead)');
  assert.equal(zh.ago(-20 * 3_600_000), '20小时后（时钟超前）');
  assert.equal(en.ago(-4_000), 'just now');
  assert.equal(en.ago(1_000), 'just now');
  assert.equal(en.ago(20 * 3_600_000), '20 hours ago');
});

test('formatMillisTicks writes one unit along the axis', () => {
  assert.deepEqual(formatMillisTicks([0, 250, 500], 250), ['0 ms', '250 ms', '500 ms']);
  assert.deepEqual(formatMillisTicks([0, 250, 1_250], 250), ['0.00 s', '0.25 s', '1.25 s']);
});
