import { type DecodedRecord, KIND } from '../decoded-record.ts';
import { LIMITS } from '../limits.ts';
import { type PathNode, PathTree } from '../metric-path.ts';
import type { StageMessage } from './stage-message.ts';

/** Puts messages back into a decoded record, so that they are stored like any other. */
export class MessageWriter {
  readonly #paths = new PathTree();
  #root: PathNode = this.#paths.root('');
  #generation = this.#paths.generation;

  /** Replaces the points of the record; its own numbering stays. False when there are too many, and nothing is of use then. */
  write(messages: readonly Pick<StageMessage, 'device' | 'metrics'>[], record: DecodedRecord): boolean {
    record.count = 0;
    record.elementCount = 0;
    record.areNumbers = true;
    record.textBytes = 0;
    for (const message of messages) {
      const element = record.beginElement();
      element.device = message.device;
      for (const [metric, value] of message.metrics) {
        const at = record.count;
        if (at >= LIMITS.recordPointsMax.value) return false;
        record.nodes[at] = this.#node(metric);
        if (typeof value === 'number') {
          record.kinds[at] = KIND.number;
          record.numbers[at] = value;
        } else {
          record.areNumbers = false;
          if (typeof value === 'boolean') {
            record.kinds[at] = KIND.boolean;
            record.numbers[at] = value ? 1 : 0;
          } else {
            record.kinds[at] = typeof value === 'bigint' ? KIND.integer : KIND.text;
            record.texts[at] = value;
            record.textBytes +=
              typeof value === 'string' ? value.length * 3 : LIMITS.integerDigitsMax.value + 1;
          }
        }
        record.count = at + 1;
      }
      element.end = record.count;
    }
    return record.textBytes <= 3 * LIMITS.recordTextBytesMax.value;
  }

  #node(metric: string): PathNode {
    if (this.#generation !== this.#paths.generation) {
      this.#generation = this.#paths.generation;
      this.#root = this.#paths.root('');
    }
    return this.#paths.child(this.#root, metric);
  }
}
