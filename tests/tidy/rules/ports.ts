import { ADAPTERS, isIn, placeOf } from '../places.ts';
import { dottedName, type Finding, isNode, type Node, type Source } from '../source.ts';
import { importsOf } from './imports.ts';

const MODULES =
  /^node:(fs|net|tls|dgram|dns|http|https|http2|child_process|worker_threads|cluster|timers|os|process|perf_hooks)(\/.*)?$/;
const CALLS =
  /^(globalThis\.)?(setTimeout|setInterval|setImmediate|Date|Date\.now|Math\.random|performance\.\w+|process\.exit)$/;
const RANDOM = /^((globalThis\.)?crypto|webcrypto)\.(random\w*|getRandomValues)$/;
const RANDOM_NAMES = /^(random|getRandomValues|webcrypto)/;

/** Clock, randomness, network, disk, processes and environment are reached through ports outside adapters and `cli`. */
export function portBypassed(source: Source): Finding[] {
  const { isTest } = placeOf(source.path);
  const isAdapter = isIn(source.path, ADAPTERS);
  if (isTest) return isAdapter ? randomness(source) : [...randomness(source), ...wallClock(source)];
  if (source.path.startsWith('testkit/')) return randomness(source);
  if (source.path.includes('/src/testing/')) return [...randomness(source), ...wallClock(source)];
  if (isAdapter || source.path.startsWith('packages/console/')) return [];
  return [...modules(source), ...calls(source), ...environment(source)];
}

function modules(source: Source): Finding[] {
  return importsOf(source).flatMap(({ node, target, isType }) => {
    if (isType) return [];
    if (MODULES.test(target)) return [bypass(source, node, target)];
    if (target !== 'node:crypto' && target !== 'crypto') return [];
    const names = Array.isArray(node.specifiers) ? node.specifiers.filter(isNode) : [];
    return names
      .filter(
        (name) => name.type !== 'ImportSpecifier' || RANDOM_NAMES.test(String(dottedName(name.imported))),
      )
      .map((name) => bypass(source, name, `${target} ${source.textOf(name)}`));
  });
}

function calls(source: Source): Finding[] {
  const found = source.nodes('CallExpression').filter((call) => isNamed(call.callee, CALLS, RANDOM));
  const dates = source
    .nodes('NewExpression')
    .filter((made) => dottedName(made.callee) === 'Date' && isEmpty(made.arguments));
  // Passing one on is as good as calling it.
  const passed = source
    .nodes('MemberExpression')
    .filter((node) => isNamed(node, /^(Date\.now|Math\.random|performance\.now)$/, RANDOM));
  const inCalls = new Set(found.map((call) => call.callee));
  return [...found, ...dates, ...passed.filter((node) => !inCalls.has(node))].map((node) =>
    bypass(source, node, source.textOf(node)),
  );
}

function environment(source: Source): Finding[] {
  const members = source.nodes('MemberExpression').filter((node) => dottedName(node) === 'process.env');
  return members.map((node) => bypass(source, node, 'process.env'));
}

function randomness(source: Source): Finding[] {
  const members = source.nodes('MemberExpression').filter((node) => dottedName(node) === 'Math.random');
  return members.map((node) =>
    source.finding('port', node, 'Math.random makes a test that cannot be repeated; use a seed'),
  );
}

function wallClock(source: Source): Finding[] {
  const members = source.nodes('MemberExpression').filter((node) => dottedName(node) === 'Date.now');
  return members.map((node) =>
    source.finding('port', node, 'a test of a pure package takes its time from the fake Clock'),
  );
}

function isNamed(callee: unknown, ...patterns: RegExp[]): boolean {
  const name = dottedName(callee);
  return name !== undefined && patterns.some((pattern) => pattern.test(name));
}

function isEmpty(list: unknown): boolean {
  return Array.isArray(list) && list.length === 0;
}

function bypass(source: Source, node: Node, what: string): Finding {
  return source.finding(
    'port',
    node,
    `${what.split('\n')[0]} outside an adapter; take the port of @skerry/kernel`,
  );
}
