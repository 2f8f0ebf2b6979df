import { createRequire } from 'node:module';
import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import type { DocumentFault } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { registerCheckedInt, useCheckedInt, withWrittenName } from './checked-int.ts';
import { costOf, type ExpressionCost, refusedCall } from './expression-cost.ts';
import { isNode } from './expression-tree.ts';
import { nearestVariable, VARIABLES } from './expression-words.ts';
import { StageFault, type StageMessage } from './stage-message.ts';

/** What an expression may be meant to give. */
export type Wanted = 'bool' | 'string' | 'value';

/** A checked expression, ready to be evaluated once per message. */
export interface Expression {
  readonly text: string;
  readonly cost: ExpressionCost;
  /** Evaluates over a message; `value` is that of the variable of this name. Fails with `StageFault`. */
  evaluate(message: StageMessage, value?: unknown): unknown;
}

const TYPES: Readonly<Record<Wanted, readonly string[]>> = {
  bool: ['bool', 'dyn'],
  string: ['string', 'dyn'],
  value: ['bool', 'string', 'int', 'uint', 'double', 'null', 'dyn'],
};
const WORDS: Readonly<Record<Wanted, string>> = {
  bool: 'a truth value (bool)',
  string: 'a text (string)',
  value: 'a number, a text, a truth value or null',
};

/** Characters kept of what the library says. */
const FAULT_CHARS = 400; // words for people, no promise

const INT_MAX = 2n ** 63n;

const loadLater = createRequire(import.meta.url);

let shared: { plain: Environment; withValue: Environment } | undefined;

/** Made with the first expression: a node without stages never pays for it. */
function environments(): { plain: Environment; withValue: Environment } {
  shared ??= makeEnvironments();
  return shared;
}

function makeEnvironments() {
  // loaded with the first expression: 8 MB that a node without stages does not pay for
  const { Environment } = loadLater('@marcbachmann/cel-js') as typeof import('@marcbachmann/cel-js'); // what the package exports
  const base = new Environment({
    limits: {
      maxAstNodes: LIMITS.expressionNodesMax.value,
      maxDepth: LIMITS.expressionLevelsMax.value,
      maxListElements: LIMITS.expressionItemsMax.value,
      maxMapEntries: LIMITS.expressionItemsMax.value,
      maxCallArguments: 8,
    },
  });
  for (const { name, type } of VARIABLES) base.registerVariable(name, type);
  // CEL has no operators between int and double; a literal 9 beside a measured double would be a fault otherwise
  const mixed: readonly [string, (a: number, b: number) => number][] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
  ];
  for (const [sign, apply] of mixed) {
    const both = (a: number | bigint, b: number | bigint) => apply(Number(a), Number(b));
    base.registerOperator(`double ${sign} int`, both);
    base.registerOperator(`int ${sign} double`, both);
  }
  const one: readonly [string, (a: number) => number][] = [
    ['abs', Math.abs],
    ['floor', Math.floor],
    ['ceil', Math.ceil],
    ['round', Math.round],
    ['sqrt', Math.sqrt],
  ];
  for (const [name, apply] of one) {
    base.registerFunction(`${name}(double): double`, (a: number) => apply(a));
    base.registerFunction(`${name}(int): double`, (a: bigint) => apply(Number(a)));
  }
  for (const [name, apply] of [
    ['min', Math.min],
    ['max', Math.max],
    ['pow', Math.pow],
  ] as const) {
    for (const a of ['double', 'int'])
      for (const b of ['double', 'int'])
        base.registerFunction(`${name}(${a}, ${b}): double`, (x: number | bigint, y: number | bigint) =>
          apply(Number(x), Number(y)),
        );
  }
  registerCheckedInt(base);
  const withValue = base.clone({});
  withValue.registerVariable('value', 'dyn');
  return { plain: base, withValue };
}

/**
 * Parses and checks an expression: its variables, its types as far as they are known, the functions it calls and its
 * length. What is wrong is added to `faults`, under `path`.
 */
export function compileExpression(
  text: string,
  wanted: Wanted,
  path: string,
  faults: DocumentFault[],
  hasValue = false,
): Expression | undefined {
  const fail = (detail: string): undefined => {
    faults.push({ path, detail });
    return undefined;
  };
  if (text.length > LIMITS.expressionCharsMax.value)
    return fail(`found ${text.length} characters, wanted at most ${LIMITS.expressionCharsMax.value}`);
  const { plain, withValue } = environments();
  let parsed: ReturnType<Environment['parse']>;
  try {
    parsed = (hasValue ? withValue : plain).parse(text);
  } catch (fault) {
    return fail(sayFault(fault, text, hasValue));
  }
  const refused = refusedCall(parsed.ast);
  if (refused !== undefined) return fail(refused);
  const cost = costOf(parsed.ast);
  useCheckedInt(parsed.ast);
  const checked = parsed.check();
  if (!checked.valid) return fail(sayFault(checked.error, text, hasValue));
  const type = String(checked.type).replace(/^dyn<.*>$/, 'dyn');
  if (!TYPES[wanted].includes(type))
    return fail(`the expression ${text} gives ${type}, wanted ${WORDS[wanted]}`);
  if (typeof cost === 'string') return fail(cost);
  const context = new MessageContext(namesOf(parsed.ast));
  return {
    text,
    cost,
    evaluate: (message, value) => {
      context.set(message, value);
      try {
        return parsed(context.values);
      } catch (fault) {
        throw new StageFault(`The expression ${text} failed: ${sayFault(fault, text, hasValue)}`);
      }
    },
  };
}

/** The variables of one expression; only those it names are filled in. */
class MessageContext {
  readonly values: Record<string, unknown> = Object.create(null);
  readonly #names: ReadonlySet<string>;

  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  set(message: StageMessage, value: unknown): void {
    const { values } = this;
    const names = this.#names;
    if (names.has('metrics')) values.metrics = message.metrics;
    if (names.has('attributes')) values.attributes = message.attributes;
    if (names.has('device')) values.device = message.device;
    if (names.has('tenant')) values.tenant = message.tenant;
    if (names.has('project')) values.project = message.project;
    if (names.has('topic')) values.topic = message.topic;
    if (names.has('time')) values.time = new Date(message.timeMicros / 1000);
    if (names.has('received')) values.received = new Date(message.receivedMicros / 1000);
    if (names.has('value')) values.value = value;
  }
}

function namesOf(ast: ASTNode): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) visit(one);
    else if (isNode(node)) {
      if (node.op === 'id') names.add(node.args);
      else visit(node.args);
    }
  };
  visit(ast);
  return names;
}

/** What the faults of the library have. */
interface LibraryFault {
  readonly summary?: string;
  readonly range?: { readonly start: number };
  readonly code?: string;
  readonly message?: string;
}

function sayFault(fault: unknown, text: string, hasValue: boolean): string {
  const { summary, range, code, message } = fault as LibraryFault; // another one has a message at least
  const at = range && range.start > 0 ? ` at character ${range.start + 1}` : '';
  const near = code === 'unknown_variable' ? nearestVariable(String(summary), hasValue) : '';
  const said = withWrittenName(summary ?? message?.split('\n', 1)[0] ?? String(fault));
  // the library's words hold the value, which may be as long as a payload
  return `${said.slice(0, FAULT_CHARS)}${at}${near}${summary === undefined ? ` in ${text}` : ''}`;
}

/** A value of CEL as a point keeps it; undefined for null. Fails with `StageFault` for what no point can hold. */
export function pointValue(found: unknown, what: string): number | bigint | boolean | string | undefined {
  if (found === null || found === undefined) return undefined;
  if (typeof found === 'number') {
    if (Number.isFinite(found)) return found;
    throw new StageFault(`${what} is ${found}; a finite number was expected.`);
  }
  if (typeof found === 'bigint') {
    return found >= -9007199254740992n && found <= 9007199254740992n ? Number(found) : found;
  }
  if (typeof found === 'boolean') return found;
  if (typeof found === 'string') {
    if (Buffer.byteLength(found) <= LIMITS.textBytesMax.value) return found.toWellFormed();
    throw new StageFault(`${what} is a text longer than ${LIMITS.textBytesMax.value} bytes.`);
  }
  // CEL's uint is an object that holds a bigint
  const inner: unknown = typeof found === 'object' ? found.valueOf() : found;
  if (typeof inner === 'bigint' && inner < INT_MAX * 2n) return pointValue(inner, what);
  throw new StageFault(`${what} is a ${typeof found}; a number, a text, a truth value or null was expected.`);
}
