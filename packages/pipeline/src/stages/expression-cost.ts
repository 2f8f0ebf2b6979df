import type { ASTNode } from '@marcbachmann/cel-js';
import { nearestWord } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { FUNCTIONS, LOOPS } from './expression-words.ts';
import type { StageMessage } from './stage-message.ts';

/**
 * What evaluating an expression costs at most, told before it runs: one unit for each operator, literal, variable,
 * member and call outside of loops, `n` for one inside of a loop and `n²` inside of two, where `n` is the largest list
 * or map there is (metrics, attributes, a literal), times one more than the expression has plus signs, by which lists
 * can grow. Every unit counts once more for each 256 UTF-16 units of the message's texts.
 */
export interface ExpressionCost {
  /** Units by the depth of loops: outside, in one, in two. */
  readonly byDepth: readonly [number, number, number];
  readonly itemsMax: number;
  readonly growth: number;
}

/** Units that evaluating costs for this message, at most. */
export function costFor(cost: ExpressionCost, message: StageMessage): number {
  const [plain, inOne, inTwo] = cost.byDepth;
  let units = plain;
  if (inOne > 0) {
    const n = Math.max(cost.itemsMax, message.metrics.size, message.attributes.size) * cost.growth;
    units += inOne * n + inTwo * n * n;
  }
  return message.textUnits < 256 ? units : units * (1 + Math.floor(message.textUnits / 256));
}

/** The cost of a checked expression, or why it can be too large for any message. */
export function costOf(ast: unknown): ExpressionCost | string {
  const byDepth: [number, number, number] = [0, 0, 0];
  let itemsMax = 1;
  let growth = 1;
  let deepest = 0;
  const visit = (node: unknown, depth: number): void => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one, depth);
      return;
    }
    if (!isNode(node)) return;
    deepest = Math.max(deepest, depth);
    const place = Math.min(depth, 2);
    byDepth[place] = Number(byDepth[place]) + 1;
    if (node.op === '+') growth++;
    if (node.op === 'list' || node.op === 'map') itemsMax = Math.max(itemsMax, node.args.length);
    if (node.op === 'rcall' && LOOPS.has(node.args[0])) {
      visit(node.args[1], depth);
      visit(node.args[2], depth + 1);
    } else visit(node.args, depth);
  };
  visit(ast, 0);
  if (deepest > 2) return `found loops ${deepest} deep, wanted at most 2 inside of each other`;
  if (byDepth[0] > LIMITS.stageMessageCostMax.value)
    return `one message would cost ${byDepth[0]} units, wanted at most ${LIMITS.stageMessageCostMax.value}`;
  return { byDepth, itemsMax, growth };
}

/** Why a function that the expression calls is not offered; undefined when all are. */
export function refusedCall(ast: unknown): string | undefined {
  if (Array.isArray(ast)) {
    for (const one of ast) {
      const refused = refusedCall(one);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }
  if (!isNode(ast)) return undefined;
  if (ast.op === 'call' || ast.op === 'rcall') {
    const name = ast.args[0];
    const given = ast.op === 'call' ? ast.args[1] : ast.args[2];
    const counts = FUNCTIONS.get(name);
    if (!counts) {
      if (name === 'matches') return 'matches is not offered, wanted startsWith, endsWith or contains';
      const near = nearestWord(name, [...FUNCTIONS.keys()]);
      return `the function ${name} is not known${near === undefined ? '' : `, perhaps ${near}`}`;
    }
    if (!counts.includes(given.length))
      return `${name} was given ${given.length} arguments, wanted ${counts.join(' or ')}`;
  }
  return refusedCall(ast.args);
}

/** Whether a part of an expression is a node of its tree. */
export function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
