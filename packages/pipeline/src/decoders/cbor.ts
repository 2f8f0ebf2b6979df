import { isUtf8 } from 'node:buffer';
import { type Token, Tokenizer, Type } from 'cborg';
import { DecodeFault } from '../decode-fault.ts';
import { bytesText, checkLevel, keyText, numberText } from './json-text.ts';

/** Tags that say how a text or number is meant, which its metric's reader knows: dates, URI and the like; self-described CBOR. */
const PASSED_TAGS: ReadonlySet<number> = new Set([0, 1, 21, 22, 23, 32, 33, 34, 35, 36, 55799]);
/** Bytes of a big number. */
const BIG_BYTES_MAX = 33; // fixed by integerDigitsMax: 33 bytes are 80 digits, 32 are 78
const OPTIONS = { allowIndefinite: true, allowUndefined: true, allowBigInt: true, retainStringBytes: true };

/**
 * CBOR (RFC 8949) as the JSON it stands for (its section 6.1): exact integers and big numbers (tags 2 and 3) as digits,
 * byte strings as base64url, `undefined`, NaN and the infinities as null. Tags that change what an item is are refused.
 * Fails with `DecodeFault`; takes time in proportion to the bytes.
 */
export function cborAsJson(bytes: Uint8Array): string {
  try {
    const reader = new Reader(bytes);
    const json = reader.item(reader.next(), 1);
    if (!reader.isDone)
      throw new DecodeFault('undecodable', `The CBOR ends at byte ${reader.at} of ${bytes.length}.`);
    return json;
  } catch (cause) {
    if (cause instanceof DecodeFault) throw cause;
    // the tokenizer's own faults are plain errors
    if (cause instanceof Error)
      throw new DecodeFault('undecodable', `The CBOR cannot be read: ${cause.message}`);
    throw cause;
  }
}

class Reader {
  readonly #tokens: Tokenizer;

  constructor(bytes: Uint8Array) {
    this.#tokens = new Tokenizer(bytes, OPTIONS);
  }

  get at(): number {
    return this.#tokens.pos();
  }

  get isDone(): boolean {
    return this.#tokens.done();
  }

  next(): Token {
    if (this.#tokens.done())
      throw new DecodeFault('undecodable', `The CBOR ends at byte ${this.at} inside of an item.`);
    return this.#tokens.next();
  }

  item(token: Token, level: number): string {
    const { type, value } = token;
    if (Type.equals(type, Type.uint) || Type.equals(type, Type.negint)) return String(value);
    if (Type.equals(type, Type.float)) return numberText(Number(value));
    if (Type.equals(type, Type.string)) return JSON.stringify(textOf(token));
    if (Type.equals(type, Type.map)) return this.#map(Number(value), level);
    if (Type.equals(type, Type.array)) return this.#array(Number(value), level);
    if (Type.equals(type, Type.true)) return 'true';
    if (Type.equals(type, Type.false)) return 'false';
    if (Type.equals(type, Type.bytes) && value instanceof Uint8Array) return bytesText(value);
    if (Type.equals(type, Type.tag)) return this.#tagged(Number(value), level);
    if (Type.equals(type, Type.null) || Type.equals(type, Type.undefined)) return 'null';
    throw new DecodeFault(
      'undecodable',
      `A ${type.name} stands before byte ${this.at}; a value was expected.`,
    );
  }

  #map(count: number, level: number): string {
    checkLevel(level);
    let json = '{';
    for (let i = 0; i < count; i++) {
      const token = this.next();
      if (isBreak(token, count)) break;
      const key = Type.equals(token.type, Type.string) ? textOf(token) : token.value;
      json += `${i === 0 ? '' : ','}${keyText(key)}:${this.item(this.next(), level + 1)}`;
    }
    return `${json}}`;
  }

  #array(count: number, level: number): string {
    checkLevel(level);
    let json = '[';
    for (let i = 0; i < count; i++) {
      const token = this.next();
      if (isBreak(token, count)) break;
      json += (i === 0 ? '' : ',') + this.item(token, level + 1);
    }
    return `${json}]`;
  }

  #tagged(tag: number, level: number): string {
    checkLevel(level);
    const token = this.next();
    if (PASSED_TAGS.has(tag)) return this.item(token, level + 1);
    const { value } = token;
    if ((tag !== 2 && tag !== 3) || !Type.equals(token.type, Type.bytes) || !(value instanceof Uint8Array))
      throw new DecodeFault(
        'undecodable',
        `The tag ${tag} stands before byte ${this.at}; big numbers (2, 3), dates and texts (0, 1, 21 to 23, 32 to 36) were expected.`,
      );
    if (value.length > BIG_BYTES_MAX)
      throw new DecodeFault(
        'undecodable',
        `A big number has ${value.length} bytes; at most ${BIG_BYTES_MAX} are kept.`,
      );
    const size = value.length === 0 ? 0n : BigInt(`0x${Buffer.from(value).toString('hex')}`);
    return String(tag === 2 ? size : -1n - size);
  }
}

function isBreak({ type }: Token, count: number): boolean {
  return count === Number.POSITIVE_INFINITY && Type.equals(type, Type.break);
}

/** The text of a token. The tokenizer puts U+FFFD in the place of what is no UTF-8. */
function textOf({ value, byteValue }: Token): string {
  const text = String(value);
  if (text.includes('\uFFFD') && byteValue && !isUtf8(byteValue))
    throw new DecodeFault('undecodable', 'A text of the CBOR is not UTF-8.');
  return text;
}
