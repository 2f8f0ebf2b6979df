const ID_DIGITS = 32;
const BILLION = 1_000_000_000;
const DIGITS = /^(0|[1-9]\d{0,15})$/;

/** Where a record was first taken in. */
export interface Origin {
  /** Id of the journal that took it, 32 hex digits. */
  readonly journalId: string;
  /** Its offset there. */
  readonly offset: number;
  /** Counts the records of that journal in one Kafka partition, from 0, without holes. */
  readonly number: number;
}

/** An origin as the header `origin` has it. */
export function formatOrigin({ journalId, offset, number }: Origin): string {
  return `${journalId}/${offset}/${number}`;
}

/** The origin in a header; undefined for every other text. */
export function parseOrigin(text: string): Origin | undefined {
  const [journalId, offset, number, ...rest] = text.split('/');
  if (journalId?.length !== ID_DIGITS || !/^[0-9a-f]+$/.test(journalId)) return undefined;
  if (offset === undefined || number === undefined || rest.length > 0) return undefined;
  if (!DIGITS.test(offset) || !DIGITS.test(number)) return undefined;
  const origin = { journalId, offset: Number(offset), number: Number(number) };
  return Number.isSafeInteger(origin.offset) && Number.isSafeInteger(origin.number) ? origin : undefined;
}

/** Writes origins of one journal into the same bytes again and again. */
export class OriginWriter {
  readonly bytes: Buffer;
  readonly #prefix: number;

  constructor(journalId: string) {
    this.bytes = Buffer.alloc(ID_DIGITS + 2 + 32);
    this.bytes.write(`${journalId}/`, 'latin1');
    this.#prefix = journalId.length + 1;
  }

  /** Puts an origin in place and returns where it ends in `bytes`. */
  write(offset: number, number: number): number {
    const slash = writeDecimal(this.bytes, this.#prefix, offset);
    this.bytes[slash] = 0x2f;
    return writeDecimal(this.bytes, slash + 1, number);
  }
}

/** Writes a whole number that is not negative in decimal digits and returns where it ends. */
export function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let most = 10; value >= most; most *= 10) digits++;
  const end = at + digits;
  let rest = value;
  let to = end;
  // nine digits at a time, in integers of 32 bits
  while (to - at > 9) {
    const high = Math.floor(rest / BILLION);
    writeDigits(bytes, to - 9, to, rest - high * BILLION);
    rest = high;
    to -= 9;
  }
  writeDigits(bytes, at, to, rest);
  return end;
}

function writeDigits(bytes: Uint8Array, start: number, end: number, value: number): void {
  let rest = value | 0;
  for (let i = end - 1; i >= start; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = 48 + rest - next * 10;
    rest = next;
  }
}

/** The whole number in decimal digits between two places; undefined for everything else and beyond 2^53. */
export function readDecimal(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end <= start || end - start > 16) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = Number(bytes[i]) - 48;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}
