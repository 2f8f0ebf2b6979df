import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../limits.ts';
import { compileExpression, type Expression } from './expression.ts';
import type { StageMessage } from './stage-message.ts';

const RUNS = { numRuns: Number(process.env.SKERRY_PROPERTY_RUNS ?? 400) };
const MOST = LIMITS.stageMessageCostMax.value;

function aMessage(metrics: Record<string, number | string> = {}, attributes = {}): StageMessage {
  const texts = [...Object.values(metrics), ...Object.entries(attributes).flat()];
  return {
    tenant: 't',
    project: 'p',
    device: 'd',
    topic: 'iot/t/p/d/telemetry',
    timeMicros: 0,
    receivedMicros: 0,
    metrics: new Map(Object.entries(metrics)),
    attributes: new Map(Object.entries(attributes)),
    textUnits: texts.filter((one) => typeof one === 'string').join('').length,
    isResult: false,
  };
}

function compile(text: string): Expression | string {
  const faults: { path: string; detail: string }[] = [];
  return compileExpression(text, 'value', 'x', faults) ?? faults.map(({ detail }) => detail).join('; ');
}

/** The cost that refuses an expression: of its document, or of this message. */
function isRefused(text: string, message: StageMessage): boolean {
  const found = compile(text);
  if (typeof found === 'string') {
    assert.match(found, /one message would cost \d+ units/, text);
    return true;
  }
  return found.cost.unitsFor(message) > MOST;
}

const sum = (name: string, times: number) => Array.from({ length: times }, () => name).join('+');

function binds(levels: number, first: string, times: number): string {
  let text = `size(v${levels})`;
  for (let i = levels; i > 0; i--) text = `cel.bind(v${i},${sum(`v${i - 1}`, times)},${text})`;
  return `cel.bind(v0,${first},${text})`;
}

test('costOf refuses whatever grows without bound, be it by names, loops or texts', () => {
  const wide = aMessage(Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`m${i}`, i])));
  const long = aMessage({ a: 'a'.repeat(30_000), b: `${'a'.repeat(20_000)}b` });
  const chain = (step: string, times: number) => `size([1,2,3].map(x,string(x))${step.repeat(times)})`;
  const lists = `[1,2]${'.map(x,[x,x,x,x])'.repeat(18)}`;
  const hostile: readonly (readonly [string, StageMessage])[] = [
    [binds(12, '[1,2,3]', 3), aMessage()],
    [binds(8, 'device', 10), aMessage()],
    [binds(6, 'metrics.a', 8), long],
    [binds(4, 'metrics.map(m,m)', 8), wide],
    [chain('.map(x,x+x+x+x)', 20), aMessage()],
    [`${lists}==${lists}`, aMessage()],
    ['metrics.a.contains(metrics.b)', long],
    ['metrics.a.lastIndexOf(metrics.b)', long],
    [`cel.bind(l,metrics.map(a,metrics.map(b,b)),l.map(x,l)==l.map(x,l))`, wide],
    ['metrics.map(a,metrics.filter(b,b!=a)).all(c,size(c)>0 && metrics.exists(d,d in c))', wide],
    [`size(metrics.map(m,m)+metrics.map(m,m)) in metrics.map(m,metrics.all(n,n!=m)?1:2)`, wide],
  ];
  for (const [text, message] of hostile) {
    if (text.length > LIMITS.expressionCharsMax.value) assert.fail(`${text.length} characters: ${text}`);
    assert.equal(isRefused(text, message), true, text);
  }
});

test('costOf lets everyday expressions through, for wide messages and long texts too', () => {
  const wide = aMessage(Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`m${i}`, i])));
  const long = aMessage({ a: 'x'.repeat(10_000), temp: 21 });
  for (const [text, message] of [
    ['metrics.temp * 9 / 5 + 32', wide],
    ['has(metrics.temp) && metrics.temp > -60 && metrics.temp < 80', wide],
    ['metrics.exists(m, m.startsWith("power.") && metrics[m] > 100)', wide],
    ['size(metrics.filter(m, m != "debug"))', wide],
    ['metrics.a.contains("error") || metrics.a.startsWith("fatal")', long],
    ['cel.bind(v, metrics.temp, v > 20 && v < 30)', long],
    ['device + "/" + attributes.site + "/" + topic', long],
    ['"temp" in metrics', wide],
  ] as const)
    assert.equal(isRefused(text, message), false, text);
});

/** A part of an expression: a text, a list of texts, or a truth value. */
type Part =
  | { readonly op: 'literal' | 'metric' | 'variable' | 'keys'; readonly text: string; readonly pick: number }
  | { readonly op: 'sum' | 'equal' | 'contains' | 'in' | 'list'; readonly args: readonly Part[] }
  | { readonly op: 'bind' | 'map' | 'filter' | 'exists'; readonly over: Part; readonly body: Part }
  | { readonly op: 'choice'; readonly args: readonly Part[] };

type Scope = readonly { readonly name: string; readonly isList: boolean; readonly value?: unknown }[];

const leaf = (op: 'literal' | 'metric' | 'variable' | 'keys') =>
  fc.record({ op: fc.constant(op), text: fc.stringMatching(/^[a-z]{0,12}$/), pick: fc.nat() });

const PARTS = fc.letrec<{ text: Part; list: Part; truth: Part }>((tie) => {
  const pair = (op: 'sum' | 'equal' | 'contains' | 'in', a: 'text' | 'list', b: 'text' | 'list') =>
    fc.record({ op: fc.constant(op), args: fc.tuple(tie(a), tie(b)) });
  const nested = (
    op: 'bind' | 'map' | 'filter' | 'exists',
    over: 'text' | 'list',
    body: 'text' | 'list' | 'truth',
  ) => fc.record({ op: fc.constant(op), over: tie(over), body: tie(body) });
  const deep = { maxDepth: 9, depthIdentifier: 'part' };
  return {
    text: fc.oneof(
      deep,
      fc.oneof(leaf('variable'), leaf('literal'), leaf('metric')),
      { arbitrary: pair('sum', 'text', 'text'), weight: 3 },
      { arbitrary: nested('bind', 'text', 'text'), weight: 2 },
      nested('bind', 'list', 'text'),
      fc.record({
        op: fc.constant('choice' as const),
        args: fc.tuple(tie('truth'), tie('text'), tie('text')),
      }),
    ),
    list: fc.oneof(
      deep,
      fc.oneof(leaf('variable'), leaf('keys')),
      fc.record({
        op: fc.constant('list' as const),
        args: fc.array(tie('text'), { minLength: 1, maxLength: 4 }),
      }),
      { arbitrary: pair('sum', 'list', 'list'), weight: 3 },
      { arbitrary: nested('map', 'list', 'text'), weight: 3 },
      nested('filter', 'list', 'truth'),
      { arbitrary: nested('bind', 'list', 'list'), weight: 2 },
    ),
    truth: fc.oneof(
      deep,
      pair('equal', 'text', 'text'),
      pair('equal', 'list', 'list'),
      pair('contains', 'text', 'text'),
      pair('in', 'text', 'list'),
      nested('exists', 'list', 'truth'),
    ),
  };
});

const isListPart = (part: Part): boolean => {
  if (part.op === 'list' || part.op === 'keys' || part.op === 'map' || part.op === 'filter') return true;
  if (part.op === 'bind') return isListPart(part.body);
  return part.op === 'sum' && part.args.some(isListPart);
};

/** The variable that a part names; its kind is what the place wants. */
function picked(pick: number, isList: boolean, scope: Scope) {
  const known = scope.filter((one) => one.isList === isList);
  return known[pick % Math.max(1, known.length)];
}

const inner = (part: Extract<Part, { over: Part }>, scope: Scope, value?: unknown) => {
  const isList = part.op === 'bind' && wantsListIn(part);
  return [...scope, { name: `v${scope.length}`, isList, value }];
};
const wantsListIn = ({ over }: Extract<Part, { over: Part }>) => isListPart(over);

function write(part: Part, isList: boolean, scope: Scope): string {
  switch (part.op) {
    case 'literal':
      return JSON.stringify(part.text);
    case 'metric':
      return 'metrics.text';
    case 'keys':
      return 'metrics.map(k, k)';
    case 'variable':
      return picked(part.pick, isList, scope)?.name ?? (isList ? '["q"]' : '"q"');
    case 'list':
      return `[${part.args.map((one) => write(one, false, scope)).join(', ')}]`;
    case 'choice':
      return `(${write(part.args[0] as Part, false, scope)} ? ${write(part.args[1] as Part, isList, scope)} : ${write(part.args[2] as Part, isList, scope)})`; // three are made
    case 'bind':
      return `cel.bind(v${scope.length}, ${write(part.over, wantsListIn(part), scope)}, ${write(part.body, isList, inner(part, scope))})`;
    case 'map':
    case 'filter':
    case 'exists':
      return `${write(part.over, true, scope)}.${part.op}(v${scope.length}, ${write(part.body, false, inner(part, scope))})`;
    default: {
      const [a, b] = kindsOf(part, isList).map((kind, i) => write(part.args[i] as Part, kind, scope)); // two are made
      if (part.op === 'contains') return `(${a}).contains(${b})`;
      return `(${a} ${part.op === 'sum' ? '+' : part.op === 'equal' ? '==' : 'in'} ${b})`;
    }
  }
}

function kindsOf(part: Extract<Part, { args: readonly Part[] }>, isList: boolean): [boolean, boolean] {
  if (part.op === 'in') return [false, true];
  if (part.op === 'equal') return part.args.some(isListPart) ? [true, true] : [false, false];
  return part.op === 'sum' ? [isList, isList] : [false, false];
}

/** Evaluates a part as CEL does and counts what it takes: each node that is evaluated, each item and 256 characters made. */
class Counter {
  steps = 0;
  readonly #message: StageMessage;
  readonly #most: number;

  constructor(message: StageMessage, most: number) {
    this.#message = message;
    this.#most = most;
  }

  add(steps: number): void {
    this.steps += steps;
    assert.ok(this.steps <= this.#most, `more than ${this.#most} steps`);
  }

  run(part: Part, isList: boolean, scope: Scope): unknown {
    this.add(1);
    switch (part.op) {
      case 'literal':
        return part.text;
      case 'metric':
        return this.#message.metrics.get('text');
      case 'keys':
        this.add(this.#message.metrics.size);
        return [...this.#message.metrics.keys()];
      case 'variable': {
        const known = picked(part.pick, isList, scope);
        return known ? known.value : isList ? ['q'] : 'q';
      }
      case 'list':
        return part.args.map((one) => this.run(one, false, scope));
      case 'choice': {
        const [when, yes, no] = part.args as [Part, Part, Part]; // three are made
        return this.run(this.run(when, false, scope) ? yes : no, isList, scope);
      }
      case 'bind': {
        const value = this.run(part.over, wantsListIn(part), scope);
        return this.run(part.body, isList, inner(part, scope, value));
      }
      case 'map':
      case 'filter':
      case 'exists': {
        const list = this.run(part.over, true, scope) as unknown[]; // a list stands there
        const each = (value: unknown) => {
          this.add(1);
          return this.run(part.body, false, inner(part, scope, value));
        };
        if (part.op === 'exists') return list.some((one) => each(one));
        return part.op === 'map' ? list.map(each) : list.filter(each);
      }
      default: {
        const [left, right] = kindsOf(part, isList).map((kind, i) =>
          this.run(part.args[i] as Part, kind, scope),
        ); // two are made
        return this.#pair(part.op, left, right);
      }
    }
  }

  #same(a: unknown, b: unknown): boolean {
    this.add(1);
    return a === b;
  }

  #pair(op: string, left: unknown, right: unknown): unknown {
    if (Array.isArray(right)) {
      this.add(op === 'sum' ? right.length + (left as unknown[]).length : 0); // a list stands there
      if (op === 'sum') return [...(left as unknown[]), ...right]; // as above
      if (op === 'in') return right.some((one) => this.#same(one, left));
      const list = left as unknown[]; // as above
      return list.length === right.length && right.every((one, i) => this.#same(one, list[i]));
    }
    const [a, b] = [String(left), String(right)];
    this.add(
      (op === 'equal' ? Math.min(a.length, b.length) : a.length + (op === 'sum' ? b.length : 0)) / 512,
    );
    if (op === 'sum') return a + b;
    return op === 'equal' ? a === b : a.includes(b);
  }
}

test('what an accepted expression takes is never more than it was said to cost', () => {
  const message = aMessage({ text: 'lorem ipsum '.repeat(40), b: 1, c: 2, d: 3 });
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(PARTS.list, PARTS.text), (part) => {
      const isList = isListPart(part);
      const found = compile(`size(${write(part, isList, [])})`);
      if (typeof found === 'string') return;
      const units = found.cost.unitsFor(message);
      if (units > MOST) return;
      accepted++;
      const counter = new Counter(message, units);
      const made = counter.run(part, isList, []) as string | unknown[]; // a text or a list
      assert.equal(found.evaluate(message), BigInt(made.length));
    }),
    RUNS,
  );
  assert.ok(accepted > RUNS.numRuns / 8, `only ${accepted} of ${RUNS.numRuns} were accepted`);
});
