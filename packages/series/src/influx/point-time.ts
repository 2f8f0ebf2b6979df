const SECOND = 1_000_000;
const MS = 1_000;
const BILLION = 1_000_000_000;

/** How many records of a partition have an order of their own at one time, by the precision of that time. */
const SLOTS = { second: 2_500_000, ms: 250_000, micro: 500 } as const;

/** What the last three digits begin with, and how many of them count, by the precision of the time. */
const SECOND_LOW = 750;
const MS_LOW = 500;
const FINE = 250;

/** Records of a partition behind which the order of a time begins again. */
export function slotsOf(micros: number): number {
  if (micros % SECOND === 0) return SLOTS.second;
  return micros % MS === 0 ? SLOTS.ms : SLOTS.micro;
}

/**
 * Nanoseconds that a point's time gets added: the order of its record, below the precision of the message's own time,
 * which the last three digits tell. A point moves by less than 10 ms, 1 ms or 1 us; two messages of one second stay two
 * points, and a repeat has the same time. docs/formats/influx.md says how far it reaches.
 */
export function orderNanos(micros: number, offset: number): number {
  const slots = slotsOf(micros);
  const slot = offset % slots;
  if (slots === SLOTS.micro) return slot;
  const fine = slot % FINE;
  return ((slot - fine) / FINE) * 1_000 + (slots === SLOTS.ms ? MS_LOW : SECOND_LOW) + fine;
}

/** The time of a point in InfluxDB, decimal nanoseconds since 1970; undefined for what is no whole number of microseconds below 2^53, which is the year 2255. */
export function pointNanos(micros: number, offset: number): string | undefined {
  if (!Number.isSafeInteger(micros)) return undefined;
  const nanos = orderNanos(micros, offset);
  const rest = nanos % 1_000;
  const up = micros + (nanos - rest) / 1_000;
  if (up > 0) return `${up}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`;
  return String(BigInt(up) * 1_000n + BigInt(rest));
}

/**
 * Writes what `pointNanos` tells as ASCII to the begin of `bytes`, 24 of which are enough; returns its length, 0 for a time
 * that has none.
 */
export function writeNanos(bytes: Uint8Array, micros: number, offset: number): number {
  if (!Number.isSafeInteger(micros)) return 0;
  const nanos = orderNanos(micros, offset);
  const rest = nanos % 1_000;
  const up = micros + (nanos - rest) / 1_000;
  const high = Math.floor(up / BILLION);
  if (high < 1 || high >= BILLION) {
    const text = String(BigInt(up) * 1_000n + BigInt(rest));
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return text.length;
  }
  let digits = 1;
  for (let bound = 10; high >= bound; bound *= 10) digits++;
  writeDigits(bytes, 0, digits, high);
  writeDigits(bytes, digits, 9, up - high * BILLION);
  writeDigits(bytes, digits + 9, 3, rest);
  return digits + 12;
}

/** Writes the last `count` decimal digits of a whole number below 2^31 to `bytes`, from `at` on. */
export function writeDigits(bytes: Uint8Array, at: number, count: number, value: number): void {
  let rest = value;
  for (let i = at + count - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = 0x30 + rest - next * 10;
    rest = next;
  }
}

/** The message's own time, and the order of its record among those of that time. */
export interface PointTime {
  readonly micros: number;
  /** Below `slotsOf(micros)`. */
  readonly slot: number;
}

/** What `pointNanos` has made a time of; a time of another writer is taken as it is, without what lies below a microsecond. */
export function readNanos(nanos: bigint): PointTime {
  const low = Number(((nanos % 1_000n) + 1_000n) % 1_000n);
  const up = Number((nanos - BigInt(low)) / 1_000n);
  if (low < MS_LOW) return { micros: up, slot: low };
  const isMs = low < SECOND_LOW;
  const unit = isMs ? MS : SECOND;
  const moved = ((up % unit) + unit) % unit;
  const slot = moved * FINE + low - (isMs ? MS_LOW : SECOND_LOW);
  const micros = up - moved;
  const slots = slotsOf(micros);
  const isOurs = slot < slots && slots === (isMs ? SLOTS.ms : SLOTS.second);
  return isOurs ? { micros, slot } : { micros: up, slot: low };
}
