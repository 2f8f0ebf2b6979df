import { METHODS } from './known-methods.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';

const ADDRESSES = Object.values<Operation>(OPERATIONS).map(({ method, path }) => ({
  method,
  path,
  pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** Methods of the operations at a path, HEAD beside GET. One without parameters is meant before those with. */
export function methodsOf(path: string): string[] {
  const exact = ADDRESSES.filter((one) => one.path === path);
  const found = exact.length > 0 ? exact : ADDRESSES.filter(({ pattern }) => pattern.test(path));
  return [...new Set(found.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}

/** Methods of paths without parameters that a path with parameters would take for its own, and that are none. */
export function shadowedMethods(): { readonly method: (typeof METHODS)[number]; readonly path: string }[] {
  const plain = new Set(ADDRESSES.map(({ path }) => path).filter((path) => !path.includes('{')));
  return [...plain].flatMap((path) => {
    const own = methodsOf(path);
    const taken = ADDRESSES.filter((one) => one.path !== path && one.pattern.test(path)).map(
      ({ method }) => method,
    );
    return METHODS.filter((method) => taken.includes(method) && !own.includes(method)).map((method) => ({
      method,
      path,
    }));
  });
}
