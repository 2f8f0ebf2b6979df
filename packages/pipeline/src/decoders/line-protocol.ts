import { isUtf8 } from 'node:buffer';
import type { PointValue } from '@skerry/model';
import { badName, DecodeFault } from '../decode-fault.ts';
import { LIMITS } from '../limits.ts';
import { isValidId, isValidMetricName } from '../topic-template.ts';
import { invalidUtf8At } from '../utf8.ts';
import type { PointMessage } from './point-messages.ts';

/** Tags that name the device, the first that is there wins. `host` is what Telegraf adds to everything. */
const DEVICE_TAGS = ['deviceId', 'device_id', 'id', 'device', 'host'];
/** Takes a word once, never back and forth: a word may be as long as the payload. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^-?\d{1,19}$/;
const TRUE = ['t', 'T', 'true', 'True', 'TRUE'];
const FALSE = ['f', 'F', 'false', 'False', 'FALSE'];

/**
 * Reads InfluxDB line protocol: every line is a message of its own. A metric is `{measurement}.{field}`, where the
 * measurement carries the tags that do not name the device, as InfluxDB writes a series: `cpu,cpu=cpu0.usage_idle`, by
 * the order of their names. Times are of any precision, told by their size. `device` is that of the topic: then no tag
 * names it. Fails with `DecodeFault`; takes time in proportion to the bytes.
 */
export function readLineProtocol(bytes: Buffer, device: string | undefined, prefix: string): PointMessage[] {
  if (!isUtf8(bytes))
    throw new DecodeFault('undecodable', `Byte ${invalidUtf8At(bytes)} of the payload is not UTF-8.`);
  const reader = new LineReader(bytes.toString('utf8'));
  const messages: PointMessage[] = [];
  for (;;) {
    const message = reader.message(device, prefix);
    if (!message) return messages;
    messages.push(message);
    if (messages.length > LIMITS.recordPointsMax.value)
      throw new DecodeFault(
        'too-many-points',
        `The record holds more than ${LIMITS.recordPointsMax.value} lines.`,
      );
  }
}

class LineReader {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next line that is none of white space or comment; undefined behind the last. */
  message(device: string | undefined, prefix: string): PointMessage | undefined {
    this.#skipToLine();
    if (this.#at >= this.#text.length) return undefined;
    const measurement = this.#name(', ');
    if (measurement === '') throw this.#fault('a line without a measurement');
    const tags = this.#tags();
    const found = device === undefined ? DEVICE_TAGS.find((name) => tags.has(name)) : undefined;
    const id = found === undefined ? undefined : tags.get(found);
    if (id !== undefined && !isValidId(id)) throw this.#fault(`${found}=${id.slice(0, 64)}`);
    if (found !== undefined) tags.delete(found);
    const names = [...tags].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
    const series = names.reduce((text, [name, value]) => `${text},${name}=${value}`, measurement);
    const metrics = this.#fields(prefix === '' ? series : `${prefix}.${series}`);
    return { device: id, time: this.#time(), metrics };
  }

  #skipToLine(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const sign = this.#text[this.#at];
      if (sign === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      }
      if (this.#text[this.#at] === '\n') this.#line++;
      else if (sign !== ' ' && sign !== '\r' && sign !== '\t') return;
    }
  }

  #tags(): Map<string, string> {
    const tags = new Map<string, string>();
    while (this.#text[this.#at] === ',') {
      this.#at++;
      const name = this.#name(',= ');
      this.#expect('=');
      const value = this.#name(', ');
      if (name === '' || value === '' || tags.has(name))
        throw this.#fault(`the tag ${name.slice(0, 64)}=${value.slice(0, 64)}`);
      tags.set(name, value);
    }
    this.#expect(' ');
    while (this.#text[this.#at] === ' ') this.#at++;
    return tags;
  }

  #fields(series: string): Map<string, PointValue> {
    const metrics = new Map<string, PointValue>();
    for (;;) {
      const field = this.#name(',= ');
      if (field === '') throw this.#fault('a field without a name');
      this.#expect('=');
      const metric = `${series}.${field}`;
      if (!isValidMetricName(metric)) throw badName({ name: metric });
      metrics.set(metric, this.#value(field));
      if (this.#text[this.#at] !== ',') return metrics;
      this.#at++;
    }
  }

  #value(field: string): PointValue {
    if (this.#text[this.#at] === '"') return this.#quoted();
    const word = this.#word();
    if (NUMBER.test(word)) {
      const value = Number(word);
      if (Number.isFinite(value)) return value;
    }
    const digits = word.slice(0, -1);
    if (word.endsWith('i') && INTEGER.test(digits))
      return this.#integer(BigInt(digits), -(2n ** 63n), 2n ** 63n);
    if (word.endsWith('u') && /^\d{1,20}$/.test(digits)) return this.#integer(BigInt(digits), 0n, 2n ** 64n);
    if (TRUE.includes(word)) return true;
    if (FALSE.includes(word)) return false;
    throw this.#fault(`${field.slice(0, 64)}=${word.slice(0, 64)}`);
  }

  #integer(value: bigint, least: bigint, beyond: bigint): PointValue {
    if (value < least || value >= beyond) throw this.#fault(`the integer ${value}`);
    return value >= -EXACT && value <= EXACT ? Number(value) : value;
  }

  #quoted(): string {
    const start = ++this.#at;
    let hasEscapes = false;
    for (; this.#text[this.#at] !== '"'; this.#at++) {
      const sign = this.#text[this.#at];
      if (sign === undefined) throw this.#fault('a text without an end');
      const next = this.#text[this.#at + 1];
      if (sign === '\\' && (next === '"' || next === '\\')) {
        hasEscapes = true;
        this.#at++;
      } else if (sign === '\n') this.#line++;
    }
    const text = this.#text.slice(start, this.#at++);
    const plain = hasEscapes ? text.replaceAll(/\\(["\\])/g, '$1') : text;
    if (plain.length * 3 > LIMITS.textBytesMax.value && Buffer.byteLength(plain) > LIMITS.textBytesMax.value)
      throw this.#fault(`a text of more than ${LIMITS.textBytesMax.value} bytes`);
    return plain;
  }

  /** Nanoseconds or any other precision; undefined without one. Ends the line. */
  #time(): number | bigint | undefined {
    while (this.#text[this.#at] === ' ') this.#at++;
    const word = this.#word();
    while (this.#text[this.#at] === ' ') this.#at++;
    const sign = this.#text[this.#at];
    if (sign !== undefined && sign !== '\n') throw this.#fault(JSON.stringify(sign));
    if (word === '') return undefined;
    if (!/^-?\d{1,19}$/.test(word)) throw this.#fault(`the time ${word.slice(0, 64)}`);
    return BigInt(word);
  }

  /** What stands up to a comma, space or the end of the line. */
  #word(): string {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === COMMA || code === SPACE || code === LINE_END) break;
    }
    const word = this.#text.slice(start, this.#at);
    return word.endsWith('\r') ? word.slice(0, -1) : word;
  }

  /** A name up to one of `ends`; a backslash takes their meaning from `ends`. */
  #name(ends: string): string {
    const start = this.#at;
    let hasEscapes = false;
    for (; this.#at < this.#text.length; this.#at++) {
      const sign = this.#text[this.#at] ?? '';
      if (sign === '\n' || ends.includes(sign)) break;
      if (sign === '\\' && ', ='.includes(this.#text[this.#at + 1] ?? '\n')) {
        hasEscapes = true;
        this.#at++;
      }
    }
    const name = this.#text.slice(start, this.#at);
    return hasEscapes ? name.replaceAll(/\\([, =])/g, '$1') : name;
  }

  #expect(sign: string): void {
    if (this.#text[this.#at] !== sign)
      throw this.#fault(
        `${JSON.stringify(this.#text.slice(this.#at, this.#at + 12))} where ${JSON.stringify(sign)} was expected`,
      );
    this.#at++;
  }

  #fault(found: string): DecodeFault {
    return new DecodeFault(
      'undecodable',
      `Line ${this.#line} of the line protocol holds ${found}; measurement,tag=value field=value time was expected.`,
    );
  }
}

const EXACT = 2n ** 53n;
const COMMA = 0x2c;
const SPACE = 0x20;
const LINE_END = 0x0a;
