import { placeOf } from '../places.ts';
import { dottedName, type Finding, isNode, type Node, type Source, within } from '../source.ts';

const TEST = /^(test|it)$/;
const LEFT_OUT = /^(test|it|describe|suite|t|context)\.(skip|only|todo)$/;
const JUDGES = /^(assert|expect|check|verify|prove)/i;
const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

/** Tests are run, all of them: nothing skipped, nothing singled out, nothing to do. */
export function leftOutTest(source: Source): Finding[] {
  if (!declaresTests(source)) return [];
  const calls = source.nodes('MemberExpression').filter((node) => LEFT_OUT.test(dottedName(node) ?? ''));
  const options = source.nodes('Property').filter((node) => {
    const object = source.parent(node);
    const call = object && source.parent(object);
    const isOption =
      call?.type === 'CallExpression' && /^(test|it|describe|suite)$/.test(dottedName(call.callee) ?? '');
    return isOption && /^(skip|only|todo)$/.test(dottedName(node.key) ?? '');
  });
  return [...calls, ...options].map((node) =>
    source.finding('left-out-test', node, `${source.textOf(node)}: every test runs`),
  );
}

/** A test judges something: a call of assert or of a function that does, in its body. */
export function emptyTest(source: Source): Finding[] {
  if (!declaresTests(source)) return [];
  const judges = judgingFunctions(source);
  return source.nodes('CallExpression').flatMap((call) => {
    if (!TEST.test(dottedName(call.callee) ?? '')) return [];
    const body = Array.isArray(call.arguments) ? call.arguments.findLast(isNode) : undefined;
    if (body && isJudging(body, judges)) return [];
    return [source.finding('empty-test', call, 'a test without an assertion cannot fail')];
  });
}

/** `any`, `as` and `!` say why on their line. In test files `as` and `!` are free. */
export function unreasoned(source: Source): Finding[] {
  const isTest = placeOf(source.path).isTest || source.path.includes('/src/testing/');
  const nodes = source.nodes('TSAnyKeyword');
  if (!isTest) {
    nodes.push(...source.nodes('TSAsExpression', 'TSTypeAssertion').filter((node) => !isConst(source, node)));
    nodes.push(...source.nodes('TSNonNullExpression'));
  }
  const found = nodes.filter((node) => !source.hasReason(lineOfEnd(node)));
  return found.map((node) =>
    source.finding('unreasoned', node.end - 1, `${wordFor(node)} without its reason on the line`),
  );
}

/** No catch that swallows. */
export function emptyCatch(source: Source): Finding[] {
  const clauses = source.nodes('CatchClause').filter((node) => isEmptyBlock(node.body));
  const calls = source.nodes('CallExpression').filter((call) => {
    const callee =
      isNode(call.callee) && call.callee.type === 'MemberExpression' ? call.callee.property : undefined;
    const first = Array.isArray(call.arguments) ? call.arguments[0] : undefined;
    return dottedName(callee) === 'catch' && isNode(first) && swallows(first) && !source.hasReason(call);
  });
  return [...clauses, ...calls].map((node) =>
    source.finding('empty-catch', node, 'a catch that hides; translate, retry or count it'),
  );
}

/** Faults have codes; a bare Error has none. TypeError and RangeError tell of bugs and are left alone. */
export function uncodedError(source: Source): Finding[] {
  const { isPackage, isTest, room } = placeOf(source.path);
  if (!isPackage || isTest || room === 'console' || source.path.includes('/src/testing/')) return [];
  return source.nodes('ThrowStatement').flatMap((node) => {
    const thrown = node.argument;
    if (!isNode(thrown) || thrown.type !== 'NewExpression' || dottedName(thrown.callee) !== 'Error')
      return [];
    return [source.finding('uncoded-error', node, "throw the package's coded error, or assert")];
  });
}

function declaresTests(source: Source): boolean {
  return (
    /\.test\.tsx?$/.test(source.path) ||
    source.path.includes('/testing/') ||
    source.path.startsWith('testkit/')
  );
}

/** Names of the file's functions that judge, by themselves or through another. */
function judgingFunctions(source: Source): Set<string> {
  const bodies = new Map<string, Node>();
  for (const node of source.nodes('FunctionDeclaration')) bodies.set(dottedName(node.id) ?? '', node);
  for (const node of source.nodes('VariableDeclarator')) {
    if (isNode(node.init) && FUNCTIONS.includes(node.init.type))
      bodies.set(dottedName(node.id) ?? '', node.init);
  }
  for (const node of source.nodes('MethodDefinition', 'Property')) {
    if (isNode(node.value) && FUNCTIONS.includes(node.value.type))
      bodies.set(dottedName(node.key) ?? '', node.value);
  }
  const judges = new Set<string>();
  for (let size = -1; size !== judges.size; ) {
    size = judges.size;
    for (const [name, body] of bodies) if (isJudging(body, judges)) judges.add(name);
  }
  return judges;
}

function isJudging(body: Node, judges: ReadonlySet<string>): boolean {
  if (body.type === 'Identifier') return judges.has(String(body.name)) || JUDGES.test(String(body.name));
  for (const node of within(body)) {
    if (node.type !== 'CallExpression') continue;
    const names = (dottedName(node.callee) ?? lastName(node.callee)).split('.');
    if (names.some((name) => JUDGES.test(name)) || judges.has(String(names.at(-1)))) return true;
  }
  return false;
}

function lastName(callee: unknown): string {
  return isNode(callee) && callee.type === 'MemberExpression' ? (dottedName(callee.property) ?? '') : '';
}

function isConst(source: Source, node: Node): boolean {
  return isNode(node.typeAnnotation) && source.textOf(node.typeAnnotation) === 'const';
}

/** The reason stands beside the word, which is at the end of a long expression. */
function lineOfEnd(node: Node): Node {
  return { type: node.type, start: node.end - 1, end: node.end };
}

function wordFor(node: Node): string {
  if (node.type === 'TSAnyKeyword') return 'any';
  return node.type === 'TSNonNullExpression' ? '!' : 'as';
}

function swallows(node: Node): boolean {
  if (node.type !== 'ArrowFunctionExpression') return false;
  if (isEmptyBlock(node.body)) return true;
  return dottedName(node.body) === 'undefined';
}

function isEmptyBlock(node: unknown): boolean {
  return isNode(node) && node.type === 'BlockStatement' && Array.isArray(node.body) && node.body.length === 0;
}
