import type { PointValue } from '@skerry/model';
import { LIMITS } from './limits.ts';
import type { PathNode } from './metric-path.ts';

/** Kinds of `DecodedRecord.kinds`. */
export const KIND = { number: 0, integer: 1, boolean: 2, text: 3 } as const;

/** Of a payload that tells none. */
export const NO_UNITS: ReadonlyMap<string, string> = new Map();

/** One object of a payload: its device, its time and which points are its own. */
export interface DecodedElement {
  /** Device id named in the payload; undefined without one. */
  device: string | undefined;
  /** Time named in the payload as it stands there; undefined without one. */
  time: number | bigint | string | undefined;
  /** Index after its last point. */
  end: number;
}

/**
 * What a decoder found in one payload. Reused for the next; arrays are longer than `count`. Points of the element i
 * are [end of the element before, `elements[i].end`).
 */
export class DecodedRecord {
  count = 0;
  readonly nodes: PathNode[] = [];
  readonly kinds = new Uint8Array(LIMITS.recordPointsMax.value + 1);
  /** Numbers, and 0 or 1 for booleans. */
  readonly numbers = new Float64Array(LIMITS.recordPointsMax.value + 1);
  /** Texts and exact integers. */
  readonly texts: (string | bigint)[] = [];
  readonly elements: DecodedElement[] = [];
  elementCount = 0;
  /** True when all points are numbers; false says nothing. */
  areNumbers = true;
  /** UTF-8 bytes that texts and exact integers take, at most. */
  textBytes = 0;
  /** Units as SenML, layouts and Sparkplug tell them, by `unit:` and the metric. */
  units: ReadonlyMap<string, string> = NO_UNITS;
  messageId: string | undefined;
  seq: number | undefined;
  epoch: string | undefined;

  /** Forgets everything. */
  clear(): void {
    this.count = 0;
    this.elementCount = 0;
    this.areNumbers = true;
    this.textBytes = 0;
    this.units = NO_UNITS;
    this.messageId = undefined;
    this.seq = undefined;
    this.epoch = undefined;
  }

  /** The value of a point. */
  value(index: number): PointValue {
    const kind = this.kinds[index];
    if (kind === KIND.number) return Number(this.numbers[index]);
    if (kind === KIND.boolean) return this.numbers[index] === 1;
    return this.texts[index] ?? '';
  }

  /** Begins the next element; its points follow. */
  beginElement(): DecodedElement {
    let element = this.elements[this.elementCount];
    if (!element) {
      element = { device: undefined, time: undefined, end: 0 };
      this.elements.push(element);
    }
    element.device = undefined;
    element.time = undefined;
    this.elementCount++;
    return element;
  }
}
