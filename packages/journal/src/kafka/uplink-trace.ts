import { type Clock, parseTraceParent, type TraceContext, type Tracer, traceParentOf } from '@skerry/kernel';
import type { HeaderList } from './header-list.ts';
import { TRACE_STATE_NAME } from './record-headers-out.ts';
import type { ProducedPart } from './record-producer.ts';

/** A record of a batch that is followed. */
export interface TracedRecord {
  /** Its place in the batch. */
  readonly index: number;
  readonly context: TraceContext;
  readonly parent: TraceContext;
}

const encoder = new TextEncoder();

/** The spans of records on their way into Kafka: each from the sending of its batch to the acknowledgement. */
export class UplinkTrace {
  readonly #tracer: Tracer;
  readonly #clock: Pick<Clock, 'nowMicros'>;
  #startMicros = 0;

  constructor(tracer: Tracer, clock: Pick<Clock, 'nowMicros'>) {
    this.#tracer = tracer;
    this.#clock = clock;
  }

  /** Opens the span of a record whose `traceparent` stands at `place` of its headers, and puts itself there. */
  open(headers: HeaderList, place: number): Omit<TracedRecord, 'index'> | undefined {
    const text = textAt(headers, place);
    const found = parseTraceParent(text);
    if (!found?.isSampled) return undefined;
    const at = headers.names.lastIndexOf(TRACE_STATE_NAME, headers.count - 1);
    const parent = at < 0 ? found : { ...found, traceState: textAt(headers, at) };
    const context = this.#tracer.open(parent);
    const value = encoder.encode(traceParentOf(context));
    headers.values[place] = value;
    headers.starts[place] = 0;
    headers.ends[place] = value.length;
    return { context, parent };
  }

  /** A round is on its way. */
  sending(): void {
    this.#startMicros = this.#clock.nowMicros();
  }

  /** Kafka has taken these batches. */
  sent(
    produced: readonly ProducedPart[],
    traced: (part: ProducedPart['part']) => readonly TracedRecord[],
  ): void {
    const endMicros = this.#clock.nowMicros();
    for (const { part, baseOffset } of produced) {
      for (const { index, context, parent } of traced(part)) {
        this.#tracer.finish({
          name: `send ${part.topic}`,
          kind: 'producer',
          context,
          parent,
          startMicros: this.#startMicros,
          endMicros,
          attributes: {
            'messaging.system': 'kafka',
            'messaging.operation.name': 'send',
            'messaging.operation.type': 'send',
            'messaging.destination.name': part.topic,
            'messaging.destination.partition.id': String(part.partition),
            'messaging.kafka.offset': baseOffset < 0 ? undefined : baseOffset + index,
          },
        });
      }
    }
  }
}

function textAt({ values, starts, ends }: HeaderList, place: number): string {
  return Buffer.from((values[place] ?? new Uint8Array(0)).subarray(starts[place], ends[place])).toString(
    'utf8',
  );
}
