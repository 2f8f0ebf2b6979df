/** A number as digits and a power of ten: `digits * 10 ** -places`, `places` not negative. */
interface Decimal {
  readonly digits: number;
  readonly places: number;
}

const PLACES_MAX = 15; // fixed by the double: powers of ten up to here are exact integers

/**
 * `raw * scale + add` as people calculate it: 3 times 0.1 is 0.3, not 0.30000000000000004. Where the decimal digits fit, one
 * exact sum of integers is divided once, so that the result is the double nearest to the true value; else it is
 * calculated in doubles.
 */
export function scalingOf(scale: number, add: number): (raw: number | bigint) => number {
  const [factor, summand] = [decimalOf(scale), decimalOf(add)];
  const places = Math.max(factor?.places ?? 0, summand?.places ?? 0);
  const power = 10 ** places;
  const digits = factor && factor.digits * 10 ** (places - factor.places);
  const offset = summand && summand.digits * 10 ** (places - summand.places);
  const isExact = places <= PLACES_MAX && Number.isSafeInteger(digits) && Number.isSafeInteger(offset);
  return (raw) => {
    const value = Number(raw);
    if (isExact && Number.isSafeInteger(value) && (typeof raw === 'number' || BigInt(value) === raw)) {
      const sum = value * Number(digits) + Number(offset);
      if (Number.isSafeInteger(value * Number(digits)) && Number.isSafeInteger(sum)) return sum / power;
    }
    return value * scale + add;
  };
}

/** Undefined where the number has no short decimal form. */
function decimalOf(value: number): Decimal | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (!parts) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts;
  const places = fraction.length - Number(exponent);
  const digits = Number(`${sign}${whole}${fraction}`) * (places < 0 ? 10 ** -places : 1);
  return Number.isSafeInteger(digits) ? { digits, places: Math.max(0, places) } : undefined;
}
