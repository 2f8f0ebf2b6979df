import { MqttError, malformed } from './errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * A UTF-8 Encoded String [MQTT-1.5.4-1, -2, -3]: no surrogates, no overlong forms, no U+0000; a byte order mark is kept.
 * Throws `malformed-packet`.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw malformed('A text holds U+0000.');
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed('A text is not valid UTF-8.', { bytes: bytes.byteLength });
  }
}

/** Whether the bytes from `from` up to, without, `to` are a text that `decodeUtf8` takes; makes no string. */
export function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    const length = sequenceLength(bytes, at, to);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** The bytes of a text that MQTT can carry; throws `mqtt-string-invalid` for any other. */
export function encodeUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new MqttError('mqtt-string-invalid', 'A text has a lone surrogate.');
  if (text.includes('\0')) throw new MqttError('mqtt-string-invalid', 'A text holds U+0000.');
  const bytes = encoder.encode(text);
  if (bytes.byteLength > 65_535)
    throw new MqttError('mqtt-string-invalid', `A text has ${bytes.byteLength} bytes; at most 65,535 fit.`);
  return bytes;
}

/** Bytes of the character at `at` (RFC 3629, without U+0000); 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number, to: number): number {
  const lead = Number(bytes[at]);
  if (lead < 0x80) return lead === 0 ? 0 : 1;
  const length = leadLength(lead);
  if (length === 0 || at + length > to) return 0;
  for (let i = 1; i < length; i++) if ((Number(bytes[at + i]) & 0xc0) !== 0x80) return 0;
  const second = Number(bytes[at + 1]);
  if (lead === 0xe0 && second < 0xa0) return 0;
  if (lead === 0xed && second >= 0xa0) return 0;
  if (lead === 0xf0 && second < 0x90) return 0;
  if (lead === 0xf4 && second >= 0x90) return 0;
  return length;
}

function leadLength(lead: number): number {
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}
