import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { bytesOf } from './testing/packet-samples.ts';
import { decodeUtf8, encodeUtf8, isUtf8 } from './utf8.ts';

const VALID: readonly [what: string, hex: string, text: string][] = [
  ['nothing', '', ''],
  ['ASCII from U+0001 to U+007F', '01 41 7f', '\u0001A\u007f'],
  ['figure 1.2 of the specification', '41 f0aa9b94', 'A\u{2A6D4}'],
  ['first and last of two bytes', 'c280 dfbf', '\u0080\u07ff'],
  ['first and last of three bytes', 'e0a080 efbfbf', '\u0800\uffff'],
  ['both sides of the surrogates', 'ed9fbf ee8080', '\ud7ff\ue000'],
  ['first and last of four bytes', 'f0908080 f48fbfbf', '\u{10000}\u{10ffff}'],
  ['a byte order mark, which is kept [MQTT-1.5.4-3]', 'efbbbf 61', '\ufeffa'],
  ['Chinese', 'e8aebee5a487', '设备'],
  ['noncharacters, which may be sent', 'efb790 efbfbe', '\ufdd0\ufffe'],
];

const INVALID: readonly [what: string, hex: string][] = [
  ['U+0000 [MQTT-1.5.4-2]', '61 00 62'],
  ['a lone continuation byte', '80'],
  ['first high surrogate [MQTT-1.5.4-1]', 'eda080'],
  ['last low surrogate', 'edbfbf'],
  ['a pair of surrogates (CESU-8)', 'eda081 edb080'],
  ['U+0000 in two bytes', 'c080'],
  ['/ in two bytes', 'c0af'],
  ['U+007F in two bytes', 'c1bf'],
  ['U+07FF in three bytes', 'e09fbf'],
  ['U+FFFF in four bytes', 'f08fbfbf'],
  ['above U+10FFFF', 'f4908080'],
  ['a lead byte of five', 'f888808080'],
  ['FE and FF', 'fe ff'],
  ['two bytes of two cut short', 'c2'],
  ['three bytes cut short', 'e0a0'],
  ['four bytes cut short', 'f09080'],
  ['three bytes with ASCII in them', 'e28261'],
  ['four bytes with a lead in them', 'f09080c2'],
];

for (const [what, hex, text] of VALID) {
  test(`decodeUtf8, isUtf8 and encodeUtf8 take ${what}`, () => {
    const bytes = bytesOf(hex);
    assert.equal(decodeUtf8(bytes), text);
    assert.equal(isUtf8(bytes, 0, bytes.byteLength), true);
    assert.equal(encodeUtf8(text).toHex(), bytes.toHex());
  });
}

for (const [what, hex] of INVALID) {
  test(`decodeUtf8 and isUtf8 refuse ${what}`, () => {
    const bytes = bytesOf(hex);
    assert.throws(() => decodeUtf8(bytes), hasCode('malformed-packet'));
    assert.equal(isUtf8(bytes, 0, bytes.byteLength), false);
  });
}

test('isUtf8 judges any bytes as decodeUtf8 does, and only those from `from` to `to`', () => {
  const piece = fc.oneof(
    fc.constantFrom(...INVALID.map(([, hex]) => bytesOf(hex)), ...VALID.map(([, hex]) => bytesOf(hex))),
    fc.uint8Array({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
      const bytes = Uint8Array.from(pieces.flatMap((part) => [...part]));
      const padded = Uint8Array.of(0xbf, ...bytes, 0x80);
      assert.equal(isUtf8(padded, 1, 1 + bytes.byteLength), isTaken(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test('encodeUtf8 refuses what MQTT cannot carry', () => {
  assert.throws(() => encodeUtf8('a\0'), hasCode('mqtt-string-invalid'));
  assert.throws(() => encodeUtf8('\ud800a'), hasCode('mqtt-string-invalid'));
  assert.throws(() => encodeUtf8('ü'.repeat(32_768)), hasCode('mqtt-string-invalid'));
  assert.equal(encodeUtf8(`${'ü'.repeat(32_767)}a`).byteLength, 65_535);
});

function isTaken(bytes: Uint8Array): boolean {
  try {
    decodeUtf8(bytes);
    return true;
  } catch (error) {
    return !hasCode('malformed-packet')(error);
  }
}
