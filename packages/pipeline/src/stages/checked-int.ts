import type { Environment } from '@marcbachmann/cel-js';
import { isNode } from './expression-tree.ts';

const LIMIT = 2 ** 63;
/** No expression can name it: `FUNCTIONS` does not hold it. */
const CHECKED = 'int_';

/**
 * Makes `int()` of a double beyond the range of int a fault, as CEL wants it ("double -> int … range error",
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions); the library gives an
 * integer of any size. Its own overload cannot be replaced, so a function beside it stands in for it.
 */
export function registerCheckedInt(environment: Environment): void {
  environment.registerFunction(`${CHECKED}(int): int`, (value: bigint) => {
    if (BigInt.asIntN(64, value) === value) return value; // an integer of a payload may have any size
    throw beyond(String(value).slice(0, 24));
  });
  environment.registerFunction(`${CHECKED}(double): int`, (value: number) => {
    if (value > -LIMIT && value < LIMIT) return BigInt(Math.trunc(value));
    throw beyond(String(value));
  });
  environment.registerFunction(`${CHECKED}(string): int`, (text: string) => {
    const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
    if (value !== undefined && BigInt.asIntN(64, value) === value) return value;
    throw new RangeError(`int() of ${JSON.stringify(text.slice(0, 64))}: an int as text was expected`);
  });
}

function beyond(value: string): RangeError {
  return new RangeError(`int() of ${value} is beyond the range of int, between -2^63 and 2^63`);
}

/** Lets every `int()` of a parsed expression, before it is checked, be the one with a range. */
export function useCheckedInt(ast: unknown): void {
  if (Array.isArray(ast)) for (const one of ast) useCheckedInt(one);
  else if (isNode(ast)) {
    if (ast.op === 'call' && ast.args[0] === 'int') Object.assign(ast.args, { 0: CHECKED });
    useCheckedInt(ast.args);
  }
}

/** What the library says, with the name that was written. */
export function withWrittenName(words: string): string {
  return words.replaceAll(`'${CHECKED}(`, "'int(");
}
