import { isIn, placeOf, RANKS, TECHNOLOGIES } from '../places.ts';
import { type Finding, isNode, type Node, type Source } from '../source.ts';

/** What the rules know of a package beside its sources. */
export interface Manifest {
  readonly exports: readonly string[];
  readonly dependencies: readonly string[];
}

/** Manifests by room; the root's own stands under the empty name. */
export type Manifests = ReadonlyMap<string, Manifest>;

/** An import, a re-export, a dynamic import or the type of one. */
export interface Import {
  readonly node: Node;
  readonly target: string;
  readonly isType: boolean;
}

/** Every import of a file whose target is written out. */
export function importsOf(source: Source): Import[] {
  const kinds = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression'];
  return source.nodes(...kinds, 'TSImportType').flatMap((node) => {
    const target = isNode(node.source) ? node.source.value : undefined;
    if (typeof target !== 'string') return [];
    const isType = node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType';
    return [{ node, target, isType }];
  });
}

/** Imports between rooms point to a lower rank; the console knows only types of the model. */
export function importRank(source: Source): Finding[] {
  const { room } = placeOf(source.path);
  return importsOf(source).flatMap(({ node, target, isType }) => {
    const other = roomOf(target);
    if (other === undefined || other === room) return [];
    if (room === 'console') {
      if (other === 'model' && isType) return [];
      return [
        source.finding('import-rank', node, `the console imports only types of @skerry/model, not ${target}`),
      ];
    }
    const mine = RANKS[room];
    const its = RANKS[other];
    if (mine === undefined || its === undefined) {
      return [
        source.finding(
          'import-rank',
          node,
          `give ${mine === undefined ? room : other} a rank in tests/tidy/places.ts`,
        ),
      ];
    }
    if (its < mine) return [];
    return [
      source.finding('import-rank', node, `${room} (rank ${mine}) may not import ${other} (rank ${its})`),
    ];
  });
}

/**
 * A package is entered through its `exports` only, and what is imported is declared as a dependency. The command's own file
 * begins before anything is installed.
 */
export function importPastExports(source: Source, manifests: Manifests): Finding[] {
  if (source.path.startsWith('packages/cli/bin/')) return [];
  const { room } = placeOf(source.path);
  return importsOf(source).flatMap(({ node, target }) => {
    if (target.startsWith('.')) return relativeFindings(source, node, target);
    const other = roomOf(target);
    if (other === undefined || other === room) return [];
    const subpath = `.${target.slice(`@skerry/${other}`.length)}`;
    if (manifests.get(other)?.exports.includes(subpath)) return [];
    return [source.finding('import-past-exports', node, `@skerry/${other} does not export ${subpath}`)];
  });
}

/** A package names every dependency that it imports; tests may also use those of the workspace. */
export function undeclaredImport(source: Source, manifests: Manifests): Finding[] {
  const { room, isTest } = placeOf(source.path);
  const own = manifests.get(room)?.dependencies ?? [];
  const isForTests = isTest || room === 'testkit' || source.path.includes('/src/testing/');
  const shared = isForTests ? (manifests.get('')?.dependencies ?? []) : [];
  const isHouse = ['tests', 'bench', 'tools'].includes(room);
  return importsOf(source).flatMap(({ node, target }) => {
    const name = packageOf(target);
    if (name === undefined || name === `@skerry/${room}` || own.includes(name) || shared.includes(name))
      return [];
    if (name.startsWith('@skerry/') && (isHouse || isTest)) return [];
    return [source.finding('undeclared-import', node, `${name} is not a dependency of ${room}`)];
  });
}

/** A technology stays behind its adapter. */
export function technologyOutside(source: Source): Finding[] {
  return importsOf(source).flatMap(({ node, target }) => {
    const name = target.startsWith('node:') ? target : packageOf(target);
    if (name === undefined || name.startsWith('@skerry/')) return [];
    const folders = TECHNOLOGIES[name];
    if (folders === undefined && name.startsWith('node:')) return [];
    if (folders && isIn(source.path, folders)) return [];
    const where = folders ? `only in ${folders.join(', ')}` : 'nowhere; list it in tests/tidy/places.ts';
    return [source.finding('technology', node, `${name} may be imported ${where}`)];
  });
}

/** Rooms that import each other, over any number of steps. Each finding stands at an import that closes the circle. */
export function circles(sources: readonly Source[]): Finding[] {
  const edges = new Map<string, Map<string, Finding>>();
  for (const source of sources) {
    const { room, isTest } = placeOf(source.path);
    if (isTest) continue;
    for (const { node, target } of importsOf(source)) {
      const other = roomOf(target);
      if (other === undefined || other === room) continue;
      const out = edges.get(room) ?? new Map<string, Finding>();
      edges.set(room, out);
      if (!out.has(other))
        out.set(other, source.finding('circle', node, `${room} and ${other} import each other`));
    }
  }
  return [...edges].flatMap(([room, out]) =>
    [...out].filter(([other]) => reaches(edges, other, room)).map(([, found]) => found),
  );
}

function reaches(
  edges: ReadonlyMap<string, ReadonlyMap<string, unknown>>,
  from: string,
  to: string,
): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let room = open.pop(); room !== undefined; room = open.pop()) {
    if (room === to) return true;
    if (seen.has(room)) continue;
    seen.add(room);
    open.push(...(edges.get(room)?.keys() ?? []));
  }
  return false;
}

function relativeFindings(source: Source, node: Node, target: string): Finding[] {
  const from = source.path.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') from.pop();
    else if (part !== '.') from.push(part);
  }
  const { room, isPackage } = placeOf(source.path);
  const other = placeOf(from.join('/'));
  if (other.room === room && other.isPackage === isPackage) return [];
  if (!other.isPackage && other.room !== 'testkit' && ['tests', 'bench', 'tools'].includes(room)) return [];
  return [
    source.finding('import-past-exports', node, `${target} leaves ${room}; import @skerry/${other.room}`),
  ];
}

function roomOf(target: string): string | undefined {
  return target.startsWith('@skerry/') ? target.split('/')[1] : undefined;
}

function packageOf(target: string): string | undefined {
  if (target.startsWith('.') || target.startsWith('node:') || target.startsWith('#')) return undefined;
  const parts = target.split('/');
  return target.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}
