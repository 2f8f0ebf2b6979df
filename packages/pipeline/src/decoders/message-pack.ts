import { Decoder, decodeTimestampToTimeSpec, ExtData, ExtensionCodec } from '@msgpack/msgpack';
import { DecodeFault } from '../decode-fault.ts';
import { bytesText, checkLevel, keyText, numberText } from './json-text.ts';
import { checkMessagePack } from './message-pack-scan.ts';

const codec = new ExtensionCodec();
codec.register({
  type: -1,
  encode: () => null,
  decode: (bytes) => {
    const { sec, nsec } = decodeTimestampToTimeSpec(bytes);
    const date = new Date(sec * 1000);
    if (Number.isNaN(date.getTime()))
      throw new DecodeFault('undecodable', `A timestamp of the MessagePack lies ${sec} s from 1970.`);
    return date.toISOString().replace('.000Z', `.${String(nsec).padStart(9, '0')}Z`);
  },
});

const decoder = new Decoder({ extensionCodec: codec, useBigInt64: true });

/**
 * MessagePack as the JSON it stands for: exact integers as digits, binary as base64url, its timestamps as ISO 8601, NaN and
 * the infinities as null. Other extensions are refused. Fails with `DecodeFault`; takes time in proportion to the bytes.
 */
export function messagePackAsJson(bytes: Uint8Array): string {
  checkMessagePack(bytes);
  try {
    return jsonOf(decoder.decode(bytes), 1);
  } catch (cause) {
    if (cause instanceof DecodeFault) throw cause;
    if (cause instanceof Error)
      throw new DecodeFault('undecodable', `The MessagePack cannot be read: ${cause.message}`);
    throw cause;
  }
}

function jsonOf(value: unknown, level: number): string {
  switch (typeof value) {
    case 'number':
      return numberText(value);
    case 'bigint':
      return String(value);
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    default:
  }
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint8Array) return bytesText(value);
  if (value instanceof ExtData)
    throw new DecodeFault(
      'undecodable',
      `The MessagePack has an extension of the type ${value.type}; only timestamps (-1) are understood.`,
    );
  checkLevel(level);
  if (Array.isArray(value)) return `[${value.map((one) => jsonOf(one, level + 1)).join(',')}]`;
  let json = '{';
  for (const [key, one] of Object.entries(value))
    json += `${json === '{' ? '' : ','}${keyText(key)}:${jsonOf(one, level + 1)}`;
  return `${json}}`;
}
