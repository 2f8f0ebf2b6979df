import { dottedName, type Finding, isNode, type Node, type Source } from '../source.ts';

/** What the user's own Node runs, which may be 20.0: everything up to the start of the Node that the repository brings. */
const BEFORE_OWN_NODE = /^(tools|packages\/cli\/bin)\/[^/]+\.mjs$/;
/** Started by the Node that the repository brings. */
const AFTER = ['tools/build-program.mjs'];

/** Names that Node 20.0 does not have, and the version that brought them. */
const NEWER: Readonly<Record<string, string>> = {
  parentPath: '20.12',
  loadEnvFile: '20.12',
  parseEnv: '20.12',
  styleText: '20.12',
  availableMemory: '20.13',
  getBuiltinModule: '20.16',
  matchesGlob: '20.17',
  transfer: '21.0',
  groupBy: '21.0',
  navigator: '21.0',
  withResolvers: '22.0',
  fromAsync: '22.0',
  glob: '22.0',
  globSync: '22.0',
  isSubsetOf: '22.0',
  isSupersetOf: '22.0',
  isDisjointFrom: '22.0',
  symmetricDifference: '22.0',
  WebSocket: '22.0',
  Iterator: '22.0',
  toArray: '22.0',
  enableCompileCache: '22.1',
  getCallSites: '22.9',
  stripTypeScriptTypes: '22.13',
  findPackageJSON: '22.14',
  execve: '22.15',
  registerHooks: '22.15',
  DisposableStack: '24.0',
  AsyncDisposableStack: '24.0',
  mkdtempDisposable: '24.4',
  mkdtempDisposableSync: '24.4',
  fromBase64: '25.0',
  fromHex: '25.0',
};

/** The same, for names that others bear as well. */
const NEWER_DOTTED: Readonly<Record<string, string>> = {
  'AbortSignal.any': '20.3',
  'Symbol.dispose': '20.4',
  'Symbol.asyncDispose': '20.4',
  'module.register': '20.6',
  'crypto.hash': '20.12',
  'util.getSystemErrorMessage': '22.12',
  'URL.parse': '22.1',
  'Promise.try': '24.0',
  'RegExp.escape': '24.0',
  'Error.isError': '24.3',
};

/** The same, for what stands behind `import.meta`. */
const NEWER_META: Readonly<Record<string, string>> = {
  dirname: '20.11',
  filename: '20.11',
  resolve: '20.6',
  main: '24.2',
};

/** The same, for an option of a call; Node 20.0 passes over it without a word. */
const NEWER_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  readdir: { recursive: '20.1' },
  readdirSync: { recursive: '20.1' },
  writeFileSync: { flush: '20.10' },
  appendFileSync: { flush: '20.10' },
};

const NEWER_MODULE = /^node:(sqlite|sea|ffi|quic)$/;

/** README promises Node >= 20: what runs before the Node of the repository uses nothing newer, or asks for it by `typeof`. */
export function newerThanOldestNode(source: Source): Finding[] {
  if (!BEFORE_OWN_NODE.test(source.path) || AFTER.includes(source.path)) return [];
  const asked = source
    .nodes('UnaryExpression')
    .flatMap((node) => (node.operator === 'typeof' ? (dottedName(node.argument) ?? []) : []));
  const names = source.nodes('Identifier').flatMap((node) => {
    const since = Object.hasOwn(NEWER, String(node.name)) ? NEWER[String(node.name)] : undefined;
    const whole = dottedName(source.parent(node)) ?? dottedName(node) ?? '';
    return since === undefined || asked.includes(whole) ? [] : finding(source, node, since);
  });
  const members = source.nodes('MemberExpression').flatMap((node) => {
    const table = isMeta(node.object) ? NEWER_META : NEWER_DOTTED;
    const name = isMeta(node.object) ? dottedName(node.property) : dottedName(node);
    const since = name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
    return since === undefined ? [] : finding(source, node, since);
  });
  const found = [...names, ...members, ...newerOptions(source), ...newerSyntax(source)];
  return found.filter((one, i) => found.findIndex((other) => other.message === one.message) === i);
}

function newerOptions(source: Source): Finding[] {
  return source.nodes('Property').flatMap((node) => {
    const object = source.parent(node);
    const call = object && source.parent(object);
    if (call?.type !== 'CallExpression') return [];
    const options = NEWER_OPTIONS[String(dottedName(call.callee)?.split('.').at(-1))];
    const since = options?.[dottedName(node.key) ?? ''];
    return since === undefined ? [] : finding(source, node, since);
  });
}

function newerSyntax(source: Source): Finding[] {
  const using = source
    .nodes('VariableDeclaration')
    .filter(({ kind }) => String(kind).endsWith('using'))
    .flatMap((node) => finding(source, node, '24.0'));
  const imports = source.nodes('ImportDeclaration').flatMap((node) => {
    const hasAttributes = Array.isArray(node.attributes) && node.attributes.length > 0;
    const from = isNode(node.source) ? String(node.source.value) : '';
    return hasAttributes || NEWER_MODULE.test(from) ? finding(source, node, '20.10') : [];
  });
  return [...using, ...imports];
}

function isMeta(node: unknown): boolean {
  return isNode(node) && node.type === 'MetaProperty';
}

function finding(source: Source, node: Node, since: string): Finding[] {
  const text = source.textOf(node).split('\n')[0];
  return [source.finding('newer-than-oldest-node', node, `${text}: of Node ${since}, and Node 20.0 begins`)];
}
