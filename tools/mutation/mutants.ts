import { parseSync } from 'oxc-parser';

/** What a mutant changes. */
export type MutantKind =
  | 'negate condition'
  | 'swap comparison'
  | 'swap arithmetic'
  | 'swap logic'
  | 'swap boolean'
  | 'drop call'
  | 'drop throw'
  | 'empty return';

/** One change of one file. */
export interface Mutant {
  /** Path in the repository. */
  readonly path: string;
  readonly kind: MutantKind;
  /** From 1. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** What stands between `start` and `end` afterwards. */
  readonly text: string;
  /** What stood there, for people: on one line, cut where it is long. */
  readonly before: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

type Change = Pick<Mutant, 'kind' | 'start' | 'end' | 'text'>;

const COMPARISONS = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['===', '!=='],
  ['!==', '==='],
]);
const ARITHMETIC = new Map([
  ['+', '-'],
  ['-', '+'],
  ['+=', '-='],
  ['-=', '+='],
  ['++', '--'],
  ['--', '++'],
]);
const LOGIC = new Map([
  ['&&', '||'],
  ['||', '&&'],
]);
const SHOWN_CHARS = 70;

/**
 * Every mutant of a text, in its order. Nothing that runs is left out but what a `throw` throws: how a message is put
 * together is no behaviour worth a mutant. Fails with a plain error when the text is not valid TypeScript.
 */
export function mutantsOf(path: string, text: string): Mutant[] {
  const { program, comments, errors } = parseSync(path, text);
  if (errors[0]) throw new SyntaxError(`${path}: ${errors[0].message}`);
  // operators are looked for between operands, where a comment may hold one too
  let bare = text;
  for (const { start, end } of comments)
    bare = bare.slice(0, start) + ' '.repeat(end - start) + bare.slice(end);
  const found: Mutant[] = [];
  for (const { node, parent } of visited(program as unknown as Node)) // the parser's own union of kinds, read here by kind
    for (const change of changesOf(node, parent, bare))
      found.push({
        path,
        ...change,
        line: text.slice(0, change.start).split('\n').length,
        before: shown(text.slice(change.start, change.end)),
      });
  return found.sort((a, b) => a.start - b.start || a.end - b.end || a.text.localeCompare(b.text));
}

/** The text with one change made; it has as many lines as before. */
export function mutated(text: string, mutant: Mutant): string {
  const lines = text.slice(mutant.start, mutant.end).split('\n').length - mutant.text.split('\n').length;
  return text.slice(0, mutant.start) + mutant.text + '\n'.repeat(lines) + text.slice(mutant.end);
}

/** `path:line kind: before -> after`. */
export function describeMutant({ path, line, kind, before, text }: Mutant): string {
  return `${path}:${line} ${kind}: ${before} -> ${shown(text)}`;
}

function* visited(node: Node, parent?: Node): Generator<{ node: Node; parent: Node | undefined }> {
  yield { node, parent };
  if (node.type.startsWith('TS') && !HOLDS_EXPRESSION.has(node.type)) return;
  if (node.type === 'ThrowStatement' || node.type === 'ImportDeclaration') return;
  for (const child of childrenOf(node)) yield* visited(child, node);
}

/** What is TypeScript's and still holds something that runs; all the rest are types. */
const HOLDS_EXPRESSION = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']);

function changesOf(node: Node, parent: Node | undefined, bare: string): Change[] {
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'ForStatement':
      return negated(node, bare);
    case 'BinaryExpression':
      return [
        ...(isCondition(node, parent) ? [] : swapped(node, COMPARISONS, 'swap comparison', bare, '===')),
        ...(isCondition(node, parent) ? swapped(node, COMPARISONS, 'swap comparison', bare, '<') : []),
        ...(holdsText(node) ? [] : swapped(node, ARITHMETIC, 'swap arithmetic', bare)),
      ];
    case 'LogicalExpression':
      return swapped(node, LOGIC, 'swap logic', bare);
    case 'AssignmentExpression':
      return holdsText(node) ? [] : swapped(node, ARITHMETIC, 'swap arithmetic', bare);
    case 'UpdateExpression':
      return stepped(node);
    case 'Literal':
      return typeof node.value === 'boolean'
        ? [{ ...placeOf(node), kind: 'swap boolean', text: String(!node.value) }]
        : [];
    case 'ExpressionStatement':
      return isDroppable(node.expression) ? [{ ...placeOf(node), kind: 'drop call', text: ';' }] : [];
    case 'ThrowStatement':
      return [{ ...placeOf(node), kind: 'drop throw', text: ';' }];
    case 'ReturnStatement':
      return emptied(node, parent);
    default:
      return [];
  }
}

function negated(node: Node, bare: string): Change[] {
  if (!isNode(node.test) || (node.test.type === 'Literal' && typeof node.test.value === 'boolean')) return [];
  const { start, end } = node.test;
  return [{ kind: 'negate condition', start, end, text: `!(${bare.slice(start, end)})` }];
}

/** An operator's other one. With `only`, `<` stands for the four that tell which is greater and `===` for all six. */
function swapped(
  node: Node,
  others: ReadonlyMap<string, string>,
  kind: MutantKind,
  bare: string,
  only: '<' | '===' = '===',
): Change[] {
  const operator = String(node.operator);
  const other = others.get(operator);
  if (other === undefined || !isNode(node.left) || !isNode(node.right)) return [];
  if (only === '<' && operator.includes('==')) return []; // negating the whole condition says the same
  const start = bare.indexOf(operator, node.left.end);
  return [{ kind, start, end: start + operator.length, text: other }];
}

function stepped(node: Node): Change[] {
  const other = ARITHMETIC.get(String(node.operator));
  if (other === undefined) return [];
  const start = node.prefix === true ? node.start : node.end - 2;
  return [{ kind: 'swap arithmetic', start, end: start + 2, text: other }];
}

/** What a function gives back when it ends early: nothing instead; where it gives nothing or `undefined` back, it goes on. */
function emptied(node: Node, parent: Node | undefined): Change[] {
  const isEarly =
    parent?.type === 'IfStatement' ||
    (parent?.type === 'BlockStatement' && lastOf(parent.body) === node && parent.isBranch === true);
  if (!isEarly) return [];
  const givesSomething = isNode(node.argument) && node.argument.name !== 'undefined';
  return [{ ...placeOf(node), kind: 'empty return', text: givesSomething ? 'return;' : ';' }];
}

/** Whether a node is the whole condition of a statement that `negated` handles. */
function isCondition(node: Node, parent: Node | undefined): boolean {
  return parent !== undefined && parent.test === node;
}

/** A call, awaited or not, that stands by itself; without `super(…)` no constructor runs at all. */
function isDroppable(expression: unknown): boolean {
  if (!isNode(expression)) return false;
  if (expression.type === 'CallExpression')
    return !(isNode(expression.callee) && expression.callee.type === 'Super');
  if (expression.type === 'AwaitExpression' || expression.type === 'UnaryExpression')
    return isDroppable(expression.argument);
  return expression.type === 'ChainExpression' && isDroppable(expression.expression);
}

/** Whether `+` joins texts here, as far as the syntax tells. */
function holdsText(node: unknown): boolean {
  if (!isNode(node)) return false;
  if (node.type === 'TemplateLiteral') return true;
  if (node.type === 'Literal') return typeof node.value === 'string';
  const isJoin = node.type === 'BinaryExpression' || node.type === 'AssignmentExpression';
  return isJoin && (holdsText(node.left) || holdsText(node.right));
}

/** The nodes directly below a node; a block is marked that is a branch of an `if`. */
function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value))
      children.push(
        node.type === 'IfStatement' && key !== 'test' && value.type === 'BlockStatement'
          ? { ...value, isBranch: true }
          : value,
      );
  }
  return children;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function lastOf(list: unknown): unknown {
  return Array.isArray(list) ? list.at(-1) : undefined;
}

function placeOf({ start, end }: Node): { readonly start: number; readonly end: number } {
  return { start, end };
}

function shown(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}
