import { placeOf } from '../places.ts';
import { childrenOf, dottedName, type Finding, isNode, type Node, type Source } from '../source.ts';

const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 500;
const TEST_FILE_LINES_MAX = 800;
const VAGUE = /^(utils?|helpers?|common|misc|managers?|services?|data|info|impl)$/i;
const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];
const TEST_CALL = /^(test|it|describe|suite|before|after|beforeEach|afterEach)(\.\w+)?$/;

/** Functions of at most 70 lines; those that hold tests are exempt, the tests in them are the functions. */
export function longFunction(source: Source): Finding[] {
  return source.nodes(...FUNCTIONS).flatMap((node) => {
    const lines = source.line(node.end) - source.line(node.start) + 1;
    if (lines <= FUNCTION_LINES_MAX || isTestCallback(source, node) || holdsTests(node)) return [];
    return [
      source.finding('long-function', node, `a function of ${lines} lines; at most ${FUNCTION_LINES_MAX}`),
    ];
  });
}

/** Files of at most 500 lines, test files of 800. */
export function longFile(source: Source): Finding[] {
  const most =
    source.path.endsWith('.test.ts') || source.path.endsWith('.test.tsx')
      ? TEST_FILE_LINES_MAX
      : FILE_LINES_MAX;
  if (source.lineCount <= most) return [];
  return [source.finding('long-file', 0, `${source.lineCount} lines; at most ${most}`)];
}

/** Names that say nothing, of files and of declared types. */
export function vagueName(source: Source): Finding[] {
  const base = String(source.path.split('/').at(-1)).replace(/(\.test)?\.(tsx?|mjs)$/, '');
  const findings: Finding[] = [];
  if (VAGUE.test(String(base.split(/[-.]/).at(-1)))) {
    findings.push(source.finding('vague-name', 0, `the file name ${base} says nothing`));
  }
  if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(base) && !source.path.endsWith('.tsx')) {
    findings.push(source.finding('vague-name', 0, `the file name ${base} is not in kebab-case`));
  }
  const declared = source.nodes('ClassDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration');
  for (const node of declared) {
    const name = dottedName(node.id) ?? '';
    const isPrefixed = node.type === 'TSInterfaceDeclaration' && /^I[A-Z][a-z]/.test(name);
    if (VAGUE.test(String(name.split(/(?=[A-Z])/).at(-1))) || isPrefixed) {
      findings.push(source.finding('vague-name', node, `the name ${name} says nothing`));
    }
  }
  return findings;
}

/** Everything exported says what it promises, in a doc comment. */
export function undocumentedExport(source: Source): Finding[] {
  const { isPackage, isTest, room } = placeOf(source.path);
  if (isTest || !(isPackage || room === 'testkit')) return [];
  const documented = new Set<string>();
  return source.nodes('ExportNamedDeclaration').flatMap((node) => {
    const declaration = node.declaration;
    if (!isNode(declaration)) return [];
    const name = declaredName(declaration);
    const comment = source.commentBefore(node);
    if (comment?.type === 'Block' && comment.value.startsWith('*')) documented.add(name);
    if (documented.has(name)) return []; // overloads share the first one's
    return [source.finding('undocumented-export', node, `${name} has no doc comment`)];
  });
}

/** Names, not defaults. */
export function defaultExport(source: Source): Finding[] {
  return source
    .nodes('ExportDefaultDeclaration')
    .map((node) => source.finding('default-export', node, 'give it a name'));
}

/** A constant that bounds something belongs in the package's `limits.ts`, unless a comment says what fixes it. */
export function strayLimit(source: Source): Finding[] {
  const { isPackage, isTest, room } = placeOf(source.path);
  if (!isPackage || isTest || room === 'console' || /\/limits\.ts$|\/testing\//.test(source.path)) return [];
  return source.nodes('VariableDeclarator').flatMap((node) => {
    const name = dottedName(node.id) ?? '';
    const statement = source.parent(node);
    const outer = statement && source.parent(statement);
    const isTop = outer?.type === 'Program' || outer?.type === 'ExportNamedDeclaration';
    if (!isTop || !/(_MAX|_MIN|_LIMIT|[a-z](Max|Min|Limit))$/.test(name) || !isNumber(node.init)) return [];
    if (source.hasReason(outer.type === 'Program' ? (statement ?? node) : outer)) return [];
    return [
      source.finding('stray-limit', node, `${name} belongs in limits.ts, or a comment says what fixes it`),
    ];
  });
}

function isNumber(node: unknown): boolean {
  if (!isNode(node)) return false;
  if (node.type === 'Literal') return typeof node.value === 'number';
  return node.type === 'BinaryExpression' && isNumber(node.left) && isNumber(node.right);
}

function declaredName(declaration: Node): string {
  if (declaration.type !== 'VariableDeclaration') return dottedName(declaration.id) ?? '?';
  const declarators = Array.isArray(declaration.declarations) ? declaration.declarations.filter(isNode) : [];
  return declarators.map((declarator) => dottedName(declarator.id) ?? '?').join(', ');
}

function isTestCallback(source: Source, node: Node): boolean {
  const call = source.parent(node);
  return call?.type === 'CallExpression' && TEST_CALL.test(dottedName(call.callee) ?? '');
}

/** Whether a function's own statements (loops and blocks included) declare tests. */
function holdsTests(node: Node): boolean {
  return childrenOf(node).some((child) => {
    if (FUNCTIONS.includes(child.type)) return false;
    if (child.type === 'CallExpression' && TEST_CALL.test(dottedName(child.callee) ?? '')) return true;
    return holdsTests(child);
  });
}
