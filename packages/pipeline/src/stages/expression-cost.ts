import { nearestWord } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { CostRun, TEXT_UNIT } from './expression-size.ts';
import { isNode } from './expression-tree.ts';
import { FUNCTIONS, LOOPS } from './expression-words.ts';
import type { StageMessage } from './stage-message.ts';

/** Sizes of a message for which a cost was told once, remembered by each expression. */
const KNOWN_SIZES = 256; // a matter of cost alone

/**
 * What evaluating an expression costs at most, told before it runs from the sizes of the message alone. Every operator,
 * literal, variable, member and call is a unit each time it is evaluated: inside of a loop once for each item of what is
 * gone through, however that came to be. What copies or compares lists or texts costs a unit more for each item, and for
 * each 256 UTF-16 units of text; a search in a text costs one for each 256 pairs of its own and of what is looked for.
 */
export class ExpressionCost {
  readonly #ast: unknown;
  readonly #known = new Map<number, number>();
  #lastKey = -1;
  #lastUnits = 0;

  constructor(ast: unknown) {
    this.#ast = ast;
  }

  /** Units for this message, at most. */
  unitsFor({ metrics, attributes, textUnits, topic }: StageMessage): number {
    const items = Math.max(metrics.size, attributes.size);
    const texts = Math.floor((textUnits + topic.length) / TEXT_UNIT);
    const key = items * 2 ** 24 + texts;
    if (key === this.#lastKey) return this.#lastUnits;
    let units = this.#known.get(key);
    if (units === undefined) {
      if (this.#known.size >= KNOWN_SIZES) this.#known.clear();
      units = this.unitsOf(items, texts * TEXT_UNIT + TEXT_UNIT - 1);
      this.#known.set(key, units);
    }
    this.#lastKey = key;
    this.#lastUnits = units;
    return units;
  }

  /** Units for a message of so many metrics or attributes, and so many UTF-16 units of text, at most. */
  unitsOf(items: number, chars: number): number {
    return new CostRun(items, chars).unitsOf(this.#ast);
  }
}

/** The cost of a checked expression, or why it is too large for any message. */
export function costOf(ast: unknown): ExpressionCost | string {
  const deepest = loopsIn(ast);
  if (deepest > 2) return `found loops ${deepest} deep, wanted at most 2 inside of each other`;
  const cost = new ExpressionCost(ast);
  const least = cost.unitsOf(0, 0);
  if (least <= LIMITS.stageMessageCostMax.value) return cost;
  return `one message would cost ${least} units, wanted at most ${LIMITS.stageMessageCostMax.value}`;
}

/** How many loops are inside of each other. */
function loopsIn(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((most, one) => Math.max(most, loopsIn(one)), 0);
  if (!isNode(node)) return 0;
  if (node.op === 'rcall' && LOOPS.has(node.args[0]))
    return Math.max(loopsIn(node.args[1]), 1 + loopsIn(node.args[2]));
  return loopsIn(node.args);
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
