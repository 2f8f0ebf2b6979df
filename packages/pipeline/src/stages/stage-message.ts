import type { PointValue } from '@skerry/model';

/** One object of a record on its way through the stages. Belongs to the run; a stage changes it in place. */
export interface StageMessage {
  readonly tenant: string;
  readonly project: string;
  device: string;
  /** Event time, microseconds since 1970. */
  timeMicros: number;
  readonly receivedMicros: number;
  readonly topic: string;
  readonly metrics: Map<string, PointValue>;
  /** User properties of the message, and what `Enrich` adds. */
  attributes: ReadonlyMap<string, string>;
  /** UTF-16 units of its texts, at most: what an expression over them may cost. */
  textUnits: number;
  /** True for the result of a window, which no record sent. */
  readonly isResult: boolean;
}

/** Why a stage cannot go on with a record. The whole record is set aside. */
export class StageFault {
  readonly detail: string;
  constructor(detail: string) {
    this.detail = detail;
  }
}
