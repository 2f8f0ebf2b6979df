import { isUtf8 } from 'node:buffer';
import { badName, DecodeFault, tooMany } from './decode-fault.ts';
import { type DecodedElement, type DecodedRecord, KIND } from './decoded-record.ts';
import { LIMITS } from './limits.ts';
import { type PathNode, PathTree, ROLE } from './metric-path.ts';
import { NUMBER, NumberReader } from './number-reader.ts';
import { isValidId } from './topic-template.ts';
import { invalidUtf8At } from './utf8.ts';

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Decodes payloads: a JSON object (nested by dots), an array of such objects, or one bare number, boolean, text or
 * array of numbers. It reads the bytes once and makes no object per point. What is kept of which value stands in the
 * package's README.
 */
export class PayloadDecoder {
  readonly #paths = new PathTree();
  readonly #numbers = new NumberReader();
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #start = 0;
  #end = 0;
  #isUtf8Known = false;
  #stamp = 0;
  /** The device that the topic demands: another id in the payload is kept as a text, never as the device. */
  requiredDevice: string | undefined;
  #into: DecodedRecord;
  #element: DecodedElement = { device: undefined, time: undefined, end: 0 };
  #ranks = new Int8Array(8);

  constructor(into: DecodedRecord) {
    this.#into = into;
  }

  /**
   * Decodes bytes [start, end) into the record given to the constructor; returns why not, where it cannot.
   * `prefix` goes before every metric name; with an empty one a bare value is named `value`.
   */
  decode(bytes: Uint8Array, start: number, end: number, prefix: string): DecodeFault | undefined {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.decodeIn(this.#bytes, start, end, this.#paths.root(prefix));
  }

  /** Grows when roots given out are to be asked for again. */
  get generation(): number {
    return this.#paths.generation;
  }

  /** The root that `decodeIn` takes for a metric prefix; good while `generation` stays. */
  root(prefix: string): PathNode {
    return this.#paths.root(prefix);
  }

  /** As `decode`, without looking up the prefix. */
  decodeIn(bytes: Buffer, start: number, end: number, root: PathNode): DecodeFault | undefined {
    this.#bytes = bytes;
    this.#at = start;
    this.#start = start;
    this.#end = end;
    this.#isUtf8Known = false;
    this.#into.clear();
    try {
      this.#payload(root);
      return undefined;
    } catch (fault) {
      if (fault instanceof DecodeFault) return fault;
      throw fault;
    }
  }

  #payload(root: PathNode): void {
    const first = this.#token();
    if (first === OPEN_OBJECT) this.#rootObject(root);
    else if (first === OPEN_ARRAY && this.#isArrayOfObjects()) this.#elements(root);
    else this.#bare(root, first);
    if (this.#token() !== -1) throw this.#unexpected('the end of the payload');
  }

  #bare(root: PathNode, first: number): void {
    if (first === -1) throw new DecodeFault('undecodable', 'The payload is empty; JSON was expected.');
    const element = this.#into.beginElement();
    const node = root.name === '' ? this.#paths.child(root, 'value') : root;
    this.#stamp++;
    this.#value(node, first, 1);
    element.end = this.#into.count;
  }

  #isArrayOfObjects(): boolean {
    const at = this.#at++;
    const first = this.#token();
    this.#at = at;
    return first === OPEN_OBJECT || first === CLOSE_ARRAY;
  }

  #elements(root: PathNode): void {
    this.#at++;
    if (this.#token() === CLOSE_ARRAY) {
      this.#at++;
      this.#into.beginElement().end = 0;
      return;
    }
    for (;;) {
      if (this.#token() !== OPEN_OBJECT) throw this.#unexpected('an object');
      if (this.#into.elementCount >= LIMITS.recordPointsMax.value) throw tooMany('elements');
      this.#rootObject(root);
      const separator = this.#token();
      this.#at++;
      if (separator === CLOSE_ARRAY) break;
      if (separator !== COMMA) throw this.#unexpectedBefore('a comma or the end of the array');
    }
    if (this.#into.elementCount > 1) {
      // numbers inside the elements of a batch name samples, not the record
      this.#into.messageId = this.#into.seq = this.#into.epoch = undefined;
    }
  }

  #rootObject(root: PathNode): void {
    this.#element = this.#into.beginElement();
    this.#ranks.fill(127);
    this.#stamp++;
    this.#object(root, 1);
    const { device } = this.#element;
    if (this.requiredDevice !== undefined && device !== undefined && device !== this.requiredDevice)
      this.#addText(this.#paths.child(root, 'deviceId'), device, KIND.text);
    this.#element.end = this.#into.count;
  }

  #object(parent: PathNode, depth: number): void {
    if (depth > LIMITS.jsonLevelsMax.value) throw this.#tooDeep();
    this.#at++;
    if (this.#token() === CLOSE_OBJECT) {
      this.#at++;
      return;
    }
    let before: PathNode | undefined;
    for (;;) {
      if (this.#token() !== QUOTE) throw this.#unexpected('a key in quotes');
      const node = this.#key(parent, before ? before.next : parent.first);
      if (before) before.next = node;
      else parent.first = node;
      before = node;
      if (node.stamp === this.#stamp) this.#forget(node);
      node.stamp = this.#stamp;
      if (this.#token() !== COLON) throw this.#unexpected('a colon');
      this.#at++;
      if (node.role !== ROLE.none) this.#reserved(node, depth);
      else this.#value(node, this.#token(), depth);
      const separator = this.#token();
      this.#at++;
      if (separator === COMMA) continue;
      if (separator === CLOSE_OBJECT) return;
      throw this.#unexpectedBefore('a comma or the end of the object');
    }
  }

  /** Reads a key; `expected` is the node that stood here the last time. */
  #key(parent: PathNode, expected: PathNode | undefined): PathNode {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    const key = expected?.key;
    if (expected && key) {
      const length = key.length;
      let i = 0;
      while (i < length && bytes[start + i] === key[i]) i++;
      if (i === length && bytes[start + i] === QUOTE && start + i < this.#end) {
        this.#at = start + i + 1;
        return expected;
      }
    }
    const text = this.#text();
    // the bytes of a key that needs escapes never stand in a payload as they are, so it is found by its text only
    return this.#paths.child(parent, text);
  }

  #value(node: PathNode, first: number, depth: number): void {
    if (first === QUOTE) {
      const text = this.#text().toWellFormed();
      this.#checkText(text);
      this.#addText(node, text, KIND.text);
    } else if (first === OPEN_OBJECT) this.#object(node, depth + 1);
    else if (first === OPEN_ARRAY) this.#array(node, depth + 1);
    else if (first === 0x74) this.#word('true', node, 1);
    else if (first === 0x66) this.#word('false', node, 0);
    else if (first === 0x6e) this.#word('null', undefined, 0);
    else this.#number(node);
  }

  #number(node: PathNode): void {
    const kind = this.#numbers.read(this.#bytes, this.#at, this.#end);
    if (kind === NUMBER.invalid) throw this.#unexpected('a JSON value');
    this.#at = this.#numbers.end;
    if (kind === NUMBER.refused) throw new DecodeFault('undecodable', this.#numbers.refusal);
    if (kind === NUMBER.integer) {
      this.#addText(node, this.#numbers.integer, KIND.integer);
      return;
    }
    const index = this.#add(node, KIND.number);
    this.#into.numbers[index] = this.#numbers.value;
  }

  #word(word: string, node: PathNode | undefined, value: number): void {
    for (let i = 0; i < word.length; i++) {
      if (this.#at + i >= this.#end || this.#bytes[this.#at + i] !== word.charCodeAt(i))
        throw this.#unexpected('a JSON value');
    }
    this.#at += word.length;
    if (!node) return;
    const index = this.#add(node, KIND.boolean);
    this.#into.numbers[index] = value;
  }

  /** Up to 16 numbers become points `name.0`, `name.1`, …; any other array is kept as its own text. */
  #array(node: PathNode, depth: number): void {
    const into = this.#into;
    const { count, textBytes } = into;
    const start = this.#at;
    if (depth > LIMITS.jsonLevelsMax.value) throw this.#tooDeep();
    this.#at++;
    for (let i = 0; ; i++) {
      const first = this.#token();
      const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
      if (!isNumber || i >= LIMITS.arrayNumbersMax.value) break;
      this.#number(this.#paths.child(node, String(i)));
      const separator = this.#token();
      this.#at++;
      if (separator === CLOSE_ARRAY) return;
      if (separator !== COMMA) throw this.#unexpectedBefore('a comma or the end of the array');
    }
    into.count = count;
    into.textBytes = textBytes;
    this.#at = start;
    this.#skipArray(depth);
    this.#checkUtf8();
    const text = this.#bytes.toString('utf8', start, this.#at);
    this.#checkText(text);
    this.#addText(node, text, KIND.text);
  }

  #skip(first: number, depth: number): void {
    if (first === QUOTE) this.#text();
    else if (first === OPEN_ARRAY) this.#skipArray(depth + 1);
    else if (first === OPEN_OBJECT) this.#skipObject(depth + 1);
    else if (first === 0x74) this.#word('true', undefined, 0);
    else if (first === 0x66) this.#word('false', undefined, 0);
    else if (first === 0x6e) this.#word('null', undefined, 0);
    else if (this.#numbers.read(this.#bytes, this.#at, this.#end) !== NUMBER.invalid)
      this.#at = this.#numbers.end;
    else throw this.#unexpected('a JSON value');
  }

  #skipArray(depth: number): void {
    if (depth > LIMITS.jsonLevelsMax.value) throw this.#tooDeep();
    this.#at++;
    if (this.#token() === CLOSE_ARRAY) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#skip(this.#token(), depth);
      const separator = this.#token();
      this.#at++;
      if (separator === CLOSE_ARRAY) return;
      if (separator !== COMMA) throw this.#unexpectedBefore('a comma or the end of the array');
    }
  }

  #skipObject(depth: number): void {
    if (depth > LIMITS.jsonLevelsMax.value) throw this.#tooDeep();
    this.#at++;
    if (this.#token() === CLOSE_OBJECT) {
      this.#at++;
      return;
    }
    for (;;) {
      if (this.#token() !== QUOTE) throw this.#unexpected('a key in quotes');
      this.#text();
      if (this.#token() !== COLON) throw this.#unexpected('a colon');
      this.#at++;
      this.#skip(this.#token(), depth);
      const separator = this.#token();
      this.#at++;
      if (separator === CLOSE_OBJECT) return;
      if (separator !== COMMA) throw this.#unexpectedBefore('a comma or the end of the object');
    }
  }

  /** A key with a role: its value is taken when it fits the role, else it is a metric like any other. */
  #reserved(node: PathNode, depth: number): void {
    const first = this.#token();
    const { count, textBytes } = this.#into;
    this.#value(node, first, depth);
    if (this.#into.count !== count + 1 || this.#into.nodes[count] !== node) return;
    const value = this.#into.value(count);
    if (typeof value === 'boolean' || first === OPEN_ARRAY) return;
    const isBetter = node.rank <= Number(this.#ranks[node.role]);
    if (this.#hasRole(node.role, value, isBetter)) {
      if (isBetter) this.#ranks[node.role] = node.rank;
      this.#into.count = count;
      this.#into.textBytes = textBytes;
    }
  }

  /** Whether `value` fits the role; keeps it when `isBetter`. */
  #hasRole(role: number, value: number | bigint | string, isBetter: boolean): boolean {
    const into = this.#into;
    if (role === ROLE.time) {
      if (isBetter) this.#element.time = value;
      return true;
    }
    if (role === ROLE.seq) {
      const seq = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
      if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) return false;
      if (isBetter) into.seq = seq;
      return true;
    }
    const id = String(value);
    if (role === ROLE.device) {
      if (id !== '' && !isValidId(id))
        throw new DecodeFault(
          'undecodable',
          `The device id has ${id.length} characters or holds one that an id may not have, or is . or ..; 1 to ${LIMITS.idCharsMax.value} without control characters, +, # and / were expected.`,
        );
      if (isBetter) this.#element.device = id === '' ? undefined : id;
      return true;
    }
    if (id.length > LIMITS.metricNameCharsMax.value) return false;
    if (isBetter && role === ROLE.messageId) into.messageId = id;
    if (isBetter && role === ROLE.epoch) into.epoch = id;
    return true;
  }

  #add(node: PathNode, kind: number): number {
    const into = this.#into;
    const index = into.count;
    if (index >= LIMITS.recordPointsMax.value) throw tooMany('points');
    if (!node.isValidName) throw badName(node);
    into.nodes[index] = node;
    into.kinds[index] = kind;
    if (kind !== KIND.number) into.areNumbers = false;
    into.count = index + 1;
    return index;
  }

  #addText(node: PathNode, value: string | bigint, kind: number): void {
    const index = this.#add(node, kind);
    this.#into.texts[index] = value;
    // three bytes of UTF-8 at most for each UTF-16 unit
    this.#into.textBytes += typeof value === 'string' ? value.length * 3 : LIMITS.integerDigitsMax.value + 1;
    if (this.#into.textBytes > 3 * LIMITS.recordTextBytesMax.value)
      throw new DecodeFault(
        'undecodable',
        `The texts of the record are longer than ${LIMITS.recordTextBytesMax.value} bytes together.`,
      );
  }

  #checkText(text: string): void {
    if (text.length * 3 <= LIMITS.textBytesMax.value) return;
    const bytes = Buffer.byteLength(text);
    if (bytes > LIMITS.textBytesMax.value)
      throw new DecodeFault(
        'undecodable',
        `A text has ${bytes} bytes; at most ${LIMITS.textBytesMax.value} are kept.`,
      );
  }

  /** A key stands twice in one object: the last one counts, so what the first brought is taken out. */
  #forget(node: PathNode): void {
    const into = this.#into;
    const from = into.elementCount > 1 ? Number(into.elements[into.elementCount - 2]?.end) : 0;
    let kept = from;
    for (let i = from; i < into.count; i++) {
      // written by #add for every index below count
      const one = into.nodes[i] as PathNode;
      if (isWithin(one, node)) continue;
      into.nodes[kept] = one;
      into.kinds[kept] = Number(into.kinds[i]);
      into.numbers[kept] = Number(into.numbers[i]);
      into.texts[kept] = into.texts[i] ?? '';
      kept++;
    }
    into.count = kept;
    if (node.children.size > 0) unstamp(node);
  }

  /** Reads a text in quotes; `#at` is on the first quote. */
  #text(): string {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at + 1;
    let at = start;
    let high = 0;
    let hasEscapes = false;
    for (; ; at++) {
      if (at >= end)
        throw new DecodeFault(
          'undecodable',
          `A text that begins at byte ${start - 1 - this.#start} has no end.`,
        );
      const byte = Number(bytes[at]);
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        hasEscapes = true;
        at++;
      } else if (byte < 0x20) {
        this.#at = at;
        throw this.#unexpected('no control character inside a text');
      }
      high |= byte;
    }
    this.#at = at + 1;
    if (high >= 0x80 || hasEscapes) this.#checkUtf8();
    if (hasEscapes) return this.#escaped(start - 1, at + 1);
    return high >= 0x80 ? bytes.toString('utf8', start, at) : bytes.toString('latin1', start, at);
  }

  #escaped(start: number, end: number): string {
    try {
      return String(JSON.parse(this.#bytes.toString('utf8', start, end)));
    } catch {
      throw new DecodeFault(
        'undecodable',
        `The text at byte ${start - this.#start} has an escape that JSON does not know.`,
      );
    }
  }

  #checkUtf8(): void {
    if (this.#isUtf8Known) return;
    const payload = this.#bytes.subarray(this.#start, this.#end);
    if (!isUtf8(payload))
      throw new DecodeFault('undecodable', `Byte ${invalidUtf8At(payload)} of the payload is not UTF-8.`);
    this.#isUtf8Known = true;
  }

  /** The next byte that is not white space, or -1 at the end. */
  #token(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    let byte = -1;
    for (; at < end; at++) {
      byte = Number(bytes[at]);
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    }
    this.#at = at;
    return at < end ? byte : -1;
  }

  #unexpectedBefore(wanted: string): DecodeFault {
    this.#at--;
    return this.#unexpected(wanted);
  }

  #unexpected(wanted: string): DecodeFault {
    const at = this.#at - this.#start;
    if (this.#at >= this.#end)
      return new DecodeFault('undecodable', `The payload ends at byte ${at}; ${wanted} was expected.`);
    this.#checkUtf8();
    const found = JSON.stringify(this.#bytes.toString('utf8', this.#at, Math.min(this.#end, this.#at + 12)));
    return new DecodeFault('undecodable', `Byte ${at} begins ${found}; ${wanted} was expected.`);
  }

  #tooDeep(): DecodeFault {
    return new DecodeFault(
      'undecodable',
      `The payload is nested deeper than ${LIMITS.jsonLevelsMax.value} levels at byte ${this.#at - this.#start}.`,
    );
  }
}

function isWithin(node: PathNode, ancestor: PathNode): boolean {
  for (let one: PathNode | undefined = node; one; one = one.parent) if (one === ancestor) return true;
  return false;
}

function unstamp(node: PathNode): void {
  for (const child of node.children.values()) {
    child.stamp = 0;
    unstamp(child);
  }
}
