import { dottedName, type Finding, isNode, type Node, type Source } from '../source.ts';

/** Names of the package's limits (`LIMITS` of its `limits.ts`) against the section of `docs/LIMITS.md`, both ways. */
export function undocumentedLimit(source: Source, page: string, parts: readonly Source[] = []): Finding[] {
  const room = source.path.split('/')[1];
  const section = page.split(/^## /m).find((part) => part.startsWith(`${room}\n`)) ?? '';
  const told = new Set([...section.matchAll(/^\| `(\w+)` \|/gm)].map((match) => String(match[1])));
  const kept = [...keysOf(source, /^LIMITS$/), ...parts.flatMap((part) => keysOf(part, /_LIMITS$/))];
  const missing = kept.filter(({ key }) => !told.has(key));
  const known = new Set(kept.map(({ key }) => key));
  return [
    ...missing.map(({ key, node }) =>
      source.finding('limit', node, `docs/LIMITS.md lacks ${key}; npm run generate`),
    ),
    ...[...told]
      .filter((name) => !known.has(name))
      .map((name) => source.finding('limit', 0, `docs/LIMITS.md has ${name}, which is no limit of ${room}`)),
  ];
}

/** Every code of a package's faults (`*_FAULTS` of its `errors.ts`) has a page among `pages` (names without `.md`). */
export function undocumentedError(source: Source, pages: ReadonlySet<string>): Finding[] {
  const codes = keysOf(source, /_FAULTS$/);
  const missing = codes.filter(({ key }) => !pages.has(key));
  return missing.map(({ key, node }) =>
    source.finding('error-page', node, `docs/errors lacks ${key}.md; npm run generate`),
  );
}

/** Keys of the object literals that are exported under a name. */
export function keysOf(source: Source, name: RegExp): { readonly key: string; readonly node: Node }[] {
  const declarators = source
    .nodes('VariableDeclarator')
    .filter((node) => name.test(dottedName(node.id) ?? ''));
  return declarators.flatMap((declarator) => {
    let value: unknown = declarator.init;
    while (isNode(value) && value.type !== 'ObjectExpression') value = value.expression;
    const properties =
      isNode(value) && Array.isArray(value.properties) ? value.properties.filter(isNode) : [];
    return properties.flatMap((node) => {
      if (node.type !== 'Property' || !isNode(node.key)) return [];
      return [{ key: String(node.key.type === 'Literal' ? node.key.value : node.key.name), node }];
    });
  });
}
