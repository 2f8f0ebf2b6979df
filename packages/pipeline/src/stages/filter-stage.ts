import type { DocumentFault, FilterDocument } from '@skerry/model';
import { compileExpression } from './expression.ts';
import { StageFault } from './stage-message.ts';
import { type CompiledStage, noFigures } from './stage-run.ts';

/** A stage that keeps what its expression says. */
export function compileFilter(
  document: FilterDocument,
  path: string,
  faults: DocumentFault[],
): CompiledStage | undefined {
  const keep = compileExpression(document.keep, 'bool', `${path}.keep`, faults);
  if (!keep) return undefined;
  return {
    name: document.name,
    type: 'Filter',
    figures: noFigures(),
    run: (message, run) => {
      const found = run.evaluate(keep, message);
      if (typeof found === 'boolean') return found;
      throw new StageFault(`The expression ${keep.text} gave a ${typeof found}; true or false was expected.`);
    },
  };
}
