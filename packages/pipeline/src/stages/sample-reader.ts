import { PROJECT_DEVICE } from '@skerry/model';
import type { DecodeFault } from '../decode-fault.ts';
import { DecodedRecord } from '../decoded-record.ts';
import { eventMicros, isEventTimeAccepted } from '../event-time.ts';
import { PayloadDecoder } from '../payload-decoder.ts';
import type { Route } from '../routes.ts';
import { messagesOf } from './record-messages.ts';
import { SENML_TYPE, SenmlDecoder } from './senml-decoder.ts';
import type { StageMessage } from './stage-message.ts';
import type { StagePlan } from './stage-set.ts';

/** One record, wherever it comes from. */
export interface Sample {
  readonly topic: string;
  readonly bytes: Uint8Array;
  /** Where the payload lies in `bytes`. */
  readonly start: number;
  readonly end: number;
  readonly isSenml: boolean;
  readonly receivedMicros: number;
  readonly attributes: ReadonlyMap<string, string>;
  /** The device that its publisher is bound to. */
  readonly boundDevice?: string | undefined;
}

/** Whether a record is read as SenML: as its pipelines say, else by its content type. */
export function isReadAsSenml(plan: StagePlan | undefined, isSenml: boolean): boolean {
  if (!plan || plan.payloadType === 'auto') return isSenml;
  return plan.payloadType === SENML_TYPE;
}

/** Decodes records apart from the pipeline's own state, as the pipeline does. */
export class SampleReader {
  readonly #record = new DecodedRecord();
  readonly #decoder = new PayloadDecoder(this.#record);
  readonly #senml = new SenmlDecoder(this.#record);

  /** Reads the sample; `messages` makes the messages of its elements, each time anew. */
  read(
    sample: Sample,
    route: Route,
    plan: StagePlan | undefined,
  ): DecodeFault | { readonly messages: () => StageMessage[] } {
    const bound = sample.boundDevice;
    const required = bound ?? (route.isDeviceRequired ? route.device : undefined);
    this.#decoder.requiredDevice = required;
    const { bytes, start, end, receivedMicros, attributes, topic } = sample;
    const isSenml = isReadAsSenml(plan, sample.isSenml);
    const prefix = route.metricPrefix ?? '';
    const fault = isSenml
      ? this.#senml.decode(bytes, start, end, { prefix, device: bound ?? route.device, receivedMicros })
      : this.#decoder.decode(bytes, start, end, prefix);
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
}
