import { LIMITS } from './limits.ts';

/** What `NumberReader.read` found. */
export const NUMBER = { invalid: 0, number: 1, integer: 2, refused: 3 } as const;

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const EXACT = 2n ** 53n;

/** Reads one JSON number from bytes, exactly: up to 15 digits without a detour, longer ones with care. */
export class NumberReader {
  /** Place behind the number. */
  end = 0;
  value = 0;
  /** Set for `NUMBER.integer`: beyond ±2^53. */
  integer = 0n;
  /** Set for `NUMBER.refused`: why, in words. */
  refusal = '';

  /** Reads at `start`; `limit` is the end of the bytes. `invalid` when no JSON number stands there. */
  read(bytes: Buffer, start: number, limit: number): number {
    let at = start;
    const isNegative = bytes[at] === 0x2d;
    if (isNegative) at++;
    const first = at;
    let mantissa = 0;
    let digits = 0;
    let byte = at < limit ? Number(bytes[at]) : 0;
    while (byte >= 0x30 && byte <= 0x39) {
      if (digits < 15) mantissa = mantissa * 10 + (byte - 0x30);
      digits++;
      at++;
      byte = at < limit ? Number(bytes[at]) : 0;
    }
    if (digits === 0 || (digits > 1 && bytes[first] === 0x30)) return NUMBER.invalid;
    if (byte !== 0x2e && byte !== 0x65 && byte !== 0x45) {
      this.end = at;
      if (digits > 15) return this.#longInteger(bytes, start, at, digits);
      this.value = isNegative ? -mantissa : mantissa;
      return NUMBER.number;
    }
    let places = 0;
    if (byte === 0x2e) {
      at++;
      byte = at < limit ? Number(bytes[at]) : 0;
      while (byte >= 0x30 && byte <= 0x39) {
        if (digits < 15) mantissa = mantissa * 10 + (byte - 0x30);
        digits++;
        places++;
        at++;
        byte = at < limit ? Number(bytes[at]) : 0;
      }
      if (places === 0) return NUMBER.invalid;
    }
    if (byte === 0x65 || byte === 0x45) return this.#exponent(bytes, start, at, limit);
    this.end = at;
    if (digits > 15) return this.#long(bytes, start, at);
    const value = mantissa / Number(POWERS[places]);
    this.value = isNegative ? -value : value;
    return NUMBER.number;
  }

  #exponent(bytes: Buffer, start: number, letter: number, limit: number): number {
    let at = letter + 1;
    if (at < limit && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++;
    const first = at;
    while (at < limit && Number(bytes[at]) >= 0x30 && Number(bytes[at]) <= 0x39) at++;
    if (at === first) return NUMBER.invalid;
    this.end = at;
    return this.#long(bytes, start, at);
  }

  #long(bytes: Buffer, start: number, end: number): number {
    this.value = Number(bytes.toString('latin1', start, end));
    if (Number.isFinite(this.value)) return NUMBER.number;
    this.refusal = 'A number is too large for a double; beyond that only integers without exponent are kept.';
    return NUMBER.refused;
  }

  #longInteger(bytes: Buffer, start: number, end: number, digits: number): number {
    if (digits > LIMITS.integerDigitsMax.value) {
      this.refusal = `An integer has ${digits} digits; at most ${LIMITS.integerDigitsMax.value} are kept.`;
      return NUMBER.refused;
    }
    const text = bytes.toString('latin1', start, end);
    const exact = BigInt(text);
    if (exact >= -EXACT && exact <= EXACT) {
      this.value = Number(text);
      return NUMBER.number;
    }
    this.integer = exact;
    return NUMBER.integer;
  }
}
