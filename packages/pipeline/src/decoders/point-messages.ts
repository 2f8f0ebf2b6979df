import type { PointValue } from '@skerry/model';
import { tooMany } from '../decode-fault.ts';
import type { DecodedRecord } from '../decoded-record.ts';
import { LIMITS } from '../limits.ts';
import { MessageWriter } from '../stages/message-writer.ts';

/** Points of one device and time, as a decoder found them. */
export interface PointMessage {
  /** Undefined where the payload names none. */
  readonly device: string | undefined;
  /** As `eventMicros` takes it; undefined without one. */
  readonly time: number | bigint | undefined;
  readonly metrics: Map<string, PointValue>;
}

/** Puts messages of a decoder into a decoded record. */
export class PointMessages {
  readonly #writer = new MessageWriter();
  readonly #into: DecodedRecord;

  constructor(into: DecodedRecord) {
    this.#into = into;
  }

  /** Replaces the record by the messages; none at all is a record without points. Fails with `DecodeFault`. */
  fill(messages: readonly PointMessage[]): void {
    const into = this.#into;
    into.clear();
    if (messages.length > LIMITS.recordPointsMax.value) throw tooMany('elements');
    const written = messages.map(({ metrics }) => ({ device: '', metrics }));
    if (!this.#writer.write(written, into)) throw tooMany('points or bytes of text');
    for (const [i, message] of messages.entries()) {
      const element = into.elements[i];
      if (!element) continue;
      element.device = message.device;
      element.time = message.time;
    }
    if (into.elementCount === 0) into.beginElement().end = 0;
  }
}
