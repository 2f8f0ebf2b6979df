import type { ASTNode } from '@marcbachmann/cel-js';
import { LIMITS } from '../limits.ts';
import { isNode } from './expression-tree.ts';
import { LOOPS } from './expression-words.ts';

/** UTF-16 units of text that are gone through for one unit of cost. */
export const TEXT_UNIT = 256;

/** Enough to be refused by every limit, and far from where doubles lose their units. */
const ENDLESS = 2 ** 50;

/** Longest text of a number, a truth value, a moment or a span of time. */
const SCALAR_CHARS = 96;

/** How large a value can become, at most. */
interface Size {
  /** Items of a list, entries of a map. */
  readonly items: number;
  /** UTF-16 units of a text. */
  readonly chars: number;
  /** Each item, or each value of a map; undefined for what has none. */
  readonly item: Size | undefined;
  /** UTF-16 units of a key of a map; undefined for what is none. */
  readonly keyChars: number | undefined;
  /** What going through all of it costs. */
  readonly weight: number;
}

function sizeOf(items: number, chars: number, item?: Size, keyChars?: number): Size {
  const each = (item?.weight ?? 1) + (keyChars ?? 0) / TEXT_UNIT;
  const weight = bounded(1 + chars / TEXT_UNIT + items * each);
  return { items: bounded(items), chars: bounded(chars), item, keyChars, weight };
}

const SCALAR = sizeOf(0, 0);

function bounded(count: number): number {
  return Math.min(count, ENDLESS);
}

/** As large as the larger of two, in every way. */
function larger(a: Size, b: Size): Size {
  const item = a.item && b.item ? larger(a.item, b.item) : (a.item ?? b.item);
  const isMap = a.keyChars !== undefined && b.keyChars !== undefined;
  const keyChars = isMap ? Math.max(Number(a.keyChars), Number(b.keyChars)) : undefined;
  return sizeOf(Math.max(a.items, b.items), Math.max(a.chars, b.chars), item, keyChars);
}

function largest(sizes: readonly Size[]): Size | undefined {
  return sizes.length === 0 ? undefined : sizes.reduce(larger);
}

/** Goes through an expression once with sizes in the place of values, and adds up what evaluating it costs at most. */
export class CostRun {
  readonly #variables = new Map<string, Size>();
  #units = 0;

  /** A message of so many metrics or attributes, and so many UTF-16 units of text. */
  constructor(items: number, chars: number) {
    const text = sizeOf(0, Math.max(chars, LIMITS.idCharsMax.value));
    for (const name of ['tenant', 'project', 'device', 'topic', 'value']) this.#variables.set(name, text);
    const names = LIMITS.metricNameCharsMax.value;
    this.#variables.set('metrics', sizeOf(items, 0, text, names));
    this.#variables.set('attributes', sizeOf(items, 0, text, Math.max(chars, names)));
  }

  /** Units that the expression costs. */
  unitsOf(ast: unknown): number {
    this.#units = 0;
    this.#visit(ast);
    return Math.floor(this.#units);
  }

  #charge(units: number): void {
    this.#units = bounded(this.#units + units);
  }

  #visit(node: unknown): Size {
    if (!isNode(node)) return SCALAR;
    this.#charge(1);
    switch (node.op) {
      case 'value':
        return literalSize(node.args);
      case 'id':
        return this.#variables.get(node.args) ?? SCALAR;
      case 'list':
        return sizeOf(node.args.length, 0, largest(node.args.map((one) => this.#visit(one))));
      case 'map':
        return this.#map(node.args);
      case 'call':
        return this.#call(node.args[0], node.args[1]);
      case 'rcall':
        return this.#receiverCall(node.args[0], node.args[1], node.args[2]);
      default:
        return this.#operator(node);
    }
  }

  #map(entries: readonly (readonly [unknown, unknown])[]): Size {
    const sizes = entries.map(([key, value]) => [this.#visit(key), this.#visit(value)] as const);
    const keys = largest(sizes.map(([key]) => key));
    const values = largest(sizes.map(([, value]) => value));
    return sizeOf(entries.length, 0, values, keys?.chars ?? 0);
  }

  #operator({ op, args }: Exclude<ASTNode, { op: 'value' | 'id' }>): Size {
    const given: unknown[] = Array.isArray(args) ? args : [args];
    const sizes = given.map((one) => this.#visit(one));
    const [a = SCALAR, b = SCALAR] = sizes;
    switch (op) {
      case '.':
      case '.?':
      case '[]':
      case '[?]':
        this.#charge(b.chars / TEXT_UNIT);
        return a.item ?? SCALAR;
      case '?:':
        return largest(sizes.slice(1)) ?? SCALAR;
      case '+':
        return this.#sum(a, b);
      case 'in':
        this.#charge(b.keyChars === undefined ? b.items * Math.min(a.weight, b.item?.weight ?? 1) : 0);
        this.#charge(a.chars / TEXT_UNIT);
        return SCALAR;
      default:
        // comparisons end with the smaller of two; others take numbers alone
        this.#charge(Math.min(a.weight, b.weight) - 1);
        return SCALAR;
    }
  }

  #sum(a: Size, b: Size): Size {
    this.#charge(a.items + b.items + (a.chars + b.chars) / TEXT_UNIT);
    const item = a.item && b.item ? larger(a.item, b.item) : (a.item ?? b.item);
    return sizeOf(a.items + b.items, a.chars + b.chars, item);
  }

  #call(name: string, args: readonly unknown[]): Size {
    return this.#function(
      name,
      args.map((one) => this.#visit(one)),
    );
  }

  #receiverCall(name: string, receiver: unknown, args: readonly unknown[]): Size {
    if (name === 'bind') return this.#bind(args);
    if (LOOPS.has(name)) return this.#loop(name, receiver, args);
    return this.#call(name, [receiver, ...args]);
  }

  #function(name: string, sizes: readonly Size[]): Size {
    const [text = SCALAR, other = SCALAR] = sizes;
    this.#charge(text.chars / TEXT_UNIT);
    if (name === 'contains' || name.endsWith('ndexOf')) this.#charge((text.chars * other.chars) / TEXT_UNIT);
    if (name === 'dyn') return text;
    if (name === 'string') return sizeOf(0, Math.max(text.chars, SCALAR_CHARS));
    // a letter has at most three in its upper case (Unicode, SpecialCasing.txt)
    if (name === 'upperAscii' || name === 'lowerAscii') return sizeOf(0, 3 * text.chars);
    return name === 'trim' || name === 'substring' ? sizeOf(0, text.chars) : SCALAR;
  }

  #bind([variable, value, body]: readonly unknown[]): Size {
    const bound = this.#visit(value);
    return this.#within(variable, bound, () => this.#visit(body));
  }

  /** A loop: what stands inside of it costs once for each item. */
  #loop(name: string, receiver: unknown, [variable, ...inside]: readonly unknown[]): Size {
    const range = this.#visit(receiver);
    const before = this.#units;
    this.#units = 0;
    const each = range.keyChars === undefined ? (range.item ?? SCALAR) : sizeOf(0, range.keyChars);
    const made = this.#within(variable, each, () => inside.map((one) => this.#visit(one)).at(-1) ?? SCALAR);
    const inner = this.#units;
    this.#units = before;
    this.#charge(range.items * (1 + inner));
    if (name === 'map') return sizeOf(range.items, 0, made);
    return name === 'filter' ? sizeOf(range.items, 0, each) : SCALAR;
  }

  /** Gives a name its size while `work` goes on. */
  #within(variable: unknown, size: Size, work: () => Size): Size {
    const name = isNode(variable) && variable.op === 'id' ? variable.args : '';
    const outer = this.#variables.get(name);
    this.#variables.set(name, size);
    const found = work();
    if (outer) this.#variables.set(name, outer);
    else this.#variables.delete(name);
    return found;
  }
}

function literalSize(value: unknown): Size {
  if (typeof value === 'string') return sizeOf(0, value.length);
  return value instanceof Uint8Array ? sizeOf(0, value.length) : SCALAR;
}
