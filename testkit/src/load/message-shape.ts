import { deviceSeed, messageMark } from '@skerry/verify';

/** How messages look. */
export interface MessageShape {
  /** `marks`: numbered, with the metrics by which the verifier knows them again; `fields`: `metrics` numbers, without ids. */
  readonly kind: 'marks' | 'fields';
  /** Numbers of a `fields` message. */
  readonly metrics: number;
  /** Bytes of every payload; grows to what the content needs. */
  readonly payloadBytes: number;
}

/** A device that messages are made for. */
export interface ShapedDevice {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly topic: string;
}

const DIGITS = 10;
const FIELD_DIGITS = 6;

/** The bytes of one device's payloads: everything that does not change, and where what changes stands. */
export class PayloadTemplate {
  readonly bytes: Buffer;
  readonly #shape: MessageShape;
  readonly #seed: number;
  readonly #epoch: number;
  readonly #seqAt: number;
  readonly #numberAt: number;
  readonly #markAt: number;
  readonly #fieldsAt: readonly number[];

  constructor(device: ShapedDevice, epoch: number, shape: MessageShape) {
    this.#shape = shape;
    this.#seed = deviceSeed(device);
    this.#epoch = epoch;
    const blank = ' '.repeat(DIGITS);
    const names = Array.from({ length: shape.metrics }, (_, i) => `metric_${i}`);
    const text =
      shape.kind === 'marks'
        ? `{"epoch":${epoch},"seq":${blank},"e":${epoch},"n":${blank},"h":${blank}`
        : `{${names.map((name) => `"${name}":${' '.repeat(FIELD_DIGITS)}`).join(',')}`;
    // white space is what JSON allows to fill up with; it makes no metric
    this.bytes = Buffer.from(`${text.padEnd(shape.payloadBytes - 1)}}`);
    const behind = (key: string): number => this.bytes.indexOf(`"${key}":`) + key.length + 3;
    this.#seqAt = behind('seq');
    this.#numberAt = behind('n');
    this.#markAt = behind('h');
    this.#fieldsAt = names.map(behind);
  }

  /** Writes what the message `seq` has of its own into a copy of `bytes` that begins at `at`. */
  fill(into: Buffer, at: number, seq: number): void {
    if (this.#shape.kind === 'marks') {
      writeDigits(into, at + this.#seqAt + DIGITS, seq);
      writeDigits(into, at + this.#numberAt + DIGITS, seq);
      writeDigits(into, at + this.#markAt + DIGITS, messageMark(this.#seed, this.#epoch, seq));
      return;
    }
    for (let i = 0; i < this.#fieldsAt.length; i++) {
      writeHundredths(into, at + Number(this.#fieldsAt[i]) + FIELD_DIGITS, fieldHundredths(seq, i));
    }
  }
}

/** Hundredths of the value of a field of a `fields` message: 0 to 99,999. */
export function fieldHundredths(seq: number, field: number): number {
  return (seq * (2 * field + 7)) % 100_000;
}

/** Writes a whole number so that its last digit stands before `end`, with spaces before it up to ten places. */
function writeDigits(into: Buffer, end: number, value: number): void {
  let at = end;
  let rest = value;
  do {
    const next = Math.floor(rest / 10);
    into[--at] = 48 + rest - next * 10;
    rest = next;
  } while (rest > 0);
  while (at > end - DIGITS) into[--at] = 32;
}

/** Writes `ddd.dd` so that its last digit stands before `end`. */
function writeHundredths(into: Buffer, end: number, value: number): void {
  let rest = value;
  for (let i = 1; i <= FIELD_DIGITS; i++) {
    if (i === 3) {
      into[end - 3] = 46;
      continue;
    }
    const next = (rest / 10) | 0;
    into[end - i] = rest > 0 || i <= 4 ? 48 + rest - next * 10 : 32;
    rest = next;
  }
}
