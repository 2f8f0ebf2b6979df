import type { DecodeDocument, PointValue } from '@skerry/model';
import { DecodedRecord } from '../decoded-record.ts';
import type { PayloadLabel } from '../decoders/payload-format.ts';
import { PayloadReader, type PayloadSource } from '../decoders/payload-reader.ts';
import { SparkplugBook } from '../decoders/sparkplug-book.ts';
import { eventMicros } from '../event-time.ts';
import { compileRoutes, DEFAULT_ROUTES } from '../routes.ts';
import { SAMPLE_MICROS } from './record-builder.ts';

/** A template of Sparkplug topics of one tenant and project. */
export const SPARKPLUG_TEMPLATE =
  'spBv1.0/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}{tenantId=acme}{projectId=plant}';

/** Routes that know Sparkplug as well. */
export const SPARKPLUG_ROUTES = {
  ...DEFAULT_ROUTES,
  templates: [...DEFAULT_ROUTES.templates, SPARKPLUG_TEMPLATE],
};

const route = compileRoutes(SPARKPLUG_ROUTES);

/** What a payload became: its metrics by name, by element, or the words of its fault. */
export interface Outcome {
  readonly fault: string | undefined;
  readonly elements: readonly {
    readonly device: string | undefined;
    readonly micros: number | undefined;
    readonly metrics: Readonly<Record<string, PointValue>>;
  }[];
}

/** Reads payloads as the pipeline does, one after the other; every one that can be read changes the Sparkplug book. */
export class PayloadProbe {
  readonly book = new SparkplugBook();
  readonly record = new DecodedRecord();
  readonly reader = new PayloadReader(this.record, this.book);
  offset = 0;

  /** Reads one; `topic` names no device unless it is said. */
  read(
    bytes: Uint8Array,
    label: Partial<PayloadLabel> = {},
    decode?: DecodeDocument,
    topic = 'mtic/msg/client/realtime/t/p',
  ): Outcome {
    const source: PayloadSource = {
      bytes,
      start: 0,
      end: bytes.length,
      route: route(topic),
      decode,
      label: { contentType: '', contentEncoding: '', ...label },
      boundDevice: undefined,
      receivedMicros: SAMPLE_MICROS,
      offset: this.offset++,
      isReplay: false,
    };
    const fault = this.reader.read(source);
    return { fault: fault?.detail, elements: fault ? [] : this.#elements() };
  }

  #elements(): Outcome['elements'] {
    let at = 0;
    return this.record.elements.slice(0, this.record.elementCount).map(({ device, time, end }) => {
      const metrics: Record<string, PointValue> = {};
      for (; at < end; at++) metrics[this.record.nodes[at]?.name ?? ''] = this.record.value(at);
      return { device, micros: time === undefined ? undefined : eventMicros(time), metrics };
    });
  }
}
