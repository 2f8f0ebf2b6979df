import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { ByteReader, ByteWriter } from './chunk-bytes.ts';
import { writeIntegers } from './chunk-integers.ts';
import { readBits, readTexts, writeBits, writeTexts } from './chunk-texts.ts';

function hexOf(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter();
  write(writer);
  return Buffer.from(writer.copy()).toString('hex');
}

function readerOf(hex: string): ByteReader {
  return new ByteReader(Buffer.from(hex, 'hex'));
}

test('writeBits and readBits hold bit i % 8 of byte i / 8', () => {
  const values = Float64Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0, 1);
  assert.equal(
    hexOf((writer) => writeBits(writer, values)),
    '8102',
  );
  const reader = readerOf('8102aa');
  assert.deepEqual(readBits(reader, 10), values);
  assert.equal(reader.at, 2);
});

test('writeBits clears what its memory held before', () => {
  const writer = new ByteWriter();
  writer.append(new Uint8Array(10).fill(0xff));
  writer.reset();
  writeBits(writer, new Float64Array(9));
  assert.deepEqual([...writer.copy()], [0, 0]);
});

test('writeTexts writes each text once, by its first place', () => {
  const texts = ['off', 'on', 'off', 'off', ''];
  const hex = hexOf((writer) => writeTexts(writer, texts));
  assert.equal(hex, `03030200${Buffer.from('offon').toString('hex')}01000001000002`);
  const reader = readerOf(hex);
  assert.deepEqual(readTexts(reader, 5), texts);
  assert.equal(reader.at, reader.bytes.byteLength);
});

test('writeTexts and readTexts keep a byte order mark, characters of four bytes and texts of any length', () => {
  const texts = ['\ufeffx', 'x', '\ufeff', '🌊', 'ß'.repeat(5000)];
  const hex = hexOf((writer) => writeTexts(writer, texts));
  assert.deepEqual(readTexts(readerOf(hex), 5), texts);
});

test('readTexts answers places without a text, texts nobody has, early ends and other bytes than UTF-8 with chunk-damaged', () => {
  const column = hexOf((writer) => writeIntegers(writer, [0, 1]));
  const faults = {
    'a place behind the last text': `010161${column}`,
    'more texts than points': `03010101616263${column}`,
    'a text that ends early': '020102616',
    'half of a character': `0201016180${column}`,
    'no column': '0201016162',
  };
  for (const [what, hex] of Object.entries(faults))
    assert.throws(() => readTexts(readerOf(hex), 2), hasCode('chunk-damaged'), what);
  assert.deepEqual(readTexts(readerOf(`0201016162${column}`), 2), ['a', 'b']);
});
