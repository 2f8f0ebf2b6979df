import type { ASTNode } from '@marcbachmann/cel-js';

/** Whether a part of an expression is a node of its tree. */
export function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
