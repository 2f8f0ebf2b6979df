import type { Scope } from '@skerry/model';

/** The narrowest scope that holds all of these; everything where there are none. */
export function commonScope(scopes: readonly Scope[]): Scope {
  const [first, ...rest] = scopes;
  const common: { -readonly [K in keyof Scope]: Scope[K] } = {};
  for (const level of ['tenant', 'project', 'device'] as const) {
    const name = first?.[level];
    if (name === undefined || rest.some((scope) => scope[level] !== name)) break;
    common[level] = name;
  }
  return common;
}
