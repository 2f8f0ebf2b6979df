import { PROJECT_DEVICE } from '@skerry/model';
import type { DecodeFault } from '../decode-fault.ts';
import { DecodedRecord } from '../decoded-record.ts';
import type { PayloadLabel } from '../decoders/payload-format.ts';
import { PayloadReader } from '../decoders/payload-reader.ts';
import { SparkplugBook } from '../decoders/sparkplug-book.ts';
import { eventMicros, isEventTimeAccepted } from '../event-time.ts';
import type { Route } from '../routes.ts';
import { messagesOf } from './record-messages.ts';
import type { StageMessage } from './stage-message.ts';
import type { StagePlan } from './stage-set.ts';

/** One record, wherever it comes from. */
export interface Sample {
  readonly topic: string;
  readonly bytes: Uint8Array;
  /** Where the payload lies in `bytes`. */
  readonly start: number;
  readonly end: number;
  readonly label: PayloadLabel;
  /** Its place among the others: births are in force behind theirs. */
  readonly offset: number;
  readonly receivedMicros: number;
  readonly attributes: ReadonlyMap<string, string>;
  /** The device that its publisher is bound to. */
  readonly boundDevice?: string | undefined;
}

/** Decodes records apart from the pipeline's own state, as the pipeline does. */
export class SampleReader {
  readonly #record = new DecodedRecord();
  readonly #book = new SparkplugBook();
  readonly #payloads = new PayloadReader(this.#record, this.#book);

  /** Reads the sample; `messages` makes the messages of its elements, each time anew. */
  read(
    sample: Sample,
    route: Route,
    plan: StagePlan | undefined,
  ): DecodeFault | { readonly messages: () => StageMessage[] } {
    const required = sample.boundDevice ?? (route.isDeviceRequired ? route.device : undefined);
    const { receivedMicros, attributes, topic, boundDevice } = sample;
    const fault = this.#payloads.read({
      ...sample,
      route,
      decode: plan?.decode,
      boundDevice,
      isReplay: false,
    });
    if (fault) return fault;
    const record = this.#record;
    const ids: string[] = [];
    const times: number[] = [];
    for (const element of record.elements.slice(0, record.elementCount)) {
      ids.push(required ?? element.device ?? route.device ?? PROJECT_DEVICE);
      const told = element.time === undefined ? Number.NaN : eventMicros(element.time);
      times.push(isEventTimeAccepted(told, receivedMicros) ? told : receivedMicros);
    }
    const { tenant, project } = route;
    const facts = { tenant, project, topic, receivedMicros, attributes };
    return { messages: () => messagesOf(record, facts, ids, times) };
  }

  /** The sample that was read last is over: its births are in force for the next. */
  settle(offset: number): void {
    const step = this.#payloads.sparkplug?.step;
    if (step) this.#book.commit(step, offset);
  }
}
