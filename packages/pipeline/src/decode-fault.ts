import { LIMITS } from './limits.ts';
import type { PathNode } from './metric-path.ts';

/** Why a payload cannot be taken; thrown inside the decoder, returned by it. */
export class DecodeFault {
  readonly reason: 'undecodable' | 'too-many-points';
  readonly detail: string;
  constructor(reason: 'undecodable' | 'too-many-points', detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

/** The fault of a record with more than `recordPointsMax` points or elements. */
export function tooMany(what: string): DecodeFault {
  return new DecodeFault(
    'too-many-points',
    `The record holds more than ${LIMITS.recordPointsMax.value} ${what}.`,
  );
}

/** The fault of a metric name that cannot be kept. */
export function badName(node: Pick<PathNode, 'name'>): DecodeFault {
  return new DecodeFault(
    'undecodable',
    `A metric name has ${node.name.length} characters or holds a control character; 1 to ${LIMITS.metricNameCharsMax.value} characters were expected.`,
  );
}
