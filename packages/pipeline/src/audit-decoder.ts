import { type PointValue, PROJECT_DEVICE } from '@skerry/model';
import { type AuditRoutes, EraRoutes } from './audit-eras.ts';
import { DecodedRecord } from './decoded-record.ts';
import { eventMicros, isEventTimeAccepted } from './event-time.ts';
import { PayloadDecoder } from './payload-decoder.ts';
import type { RecordCursor } from './record-cursor.ts';
import type { Route } from './routes.ts';

/** A point as a record says it. */
export interface ExpectedPoint {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly metric: string;
  readonly timeMicros: number;
  readonly value: PointValue;
  readonly ordinal: number;
}

/** What a record says, decoded anew. */
export interface ExpectedRecord {
  /** The device it is counted for. */
  readonly device: string;
  readonly points: readonly ExpectedPoint[];
}

/** Decodes records one by one, apart from the pipeline's own state, under the routes of their offsets. */
export class AuditDecoder {
  readonly #routes: EraRoutes;
  readonly #record = new DecodedRecord();
  readonly #decoder = new PayloadDecoder(this.#record);

  constructor(routes: AuditRoutes) {
    this.#routes = new EraRoutes(routes);
  }

  /** The device that the topic alone tells; `-` without one. */
  deviceOf(record: RecordCursor): string {
    return this.#routes.at(record.offset, record.topic).device ?? PROJECT_DEVICE;
  }

  /** Undefined when the record cannot be decoded. */
  decode(record: RecordCursor): ExpectedRecord | undefined {
    return this.#decode(record, this.#routes.at(record.offset, record.topic));
  }

  /**
   * What a replay of the record may have stored, under the routes of any time since, the newest first; empty when it
   * cannot be decoded under any. When it was replayed the record itself does not tell.
   */
  decodeReplay(record: RecordCursor): ExpectedRecord[] {
    const routes = this.#routes.since(record.offset, record.topic);
    return routes.flatMap((route) => this.#decode(record, route) ?? []);
  }

  #decode(record: RecordCursor, route: Route): ExpectedRecord | undefined {
    if (route.kind !== 'telemetry') return undefined;
    const required = route.isDeviceRequired ? route.device : undefined;
    this.#decoder.requiredDevice = required;
    const fault = this.#decoder.decode(
      record.bytes,
      record.payloadStart,
      record.end,
      route.metricPrefix ?? '',
    );
    if (fault) return undefined;
    const points: ExpectedPoint[] = [];
    const found = this.#record;
    const deviceOf = (named: string | undefined) => required ?? named ?? route.device ?? PROJECT_DEVICE;
    for (const element of found.elements.slice(0, found.elementCount)) {
      const device = deviceOf(element.device);
      const told = element.time === undefined ? Number.NaN : eventMicros(element.time);
      const isKept = isEventTimeAccepted(told, record.receivedMicros);
      const timeMicros = isKept ? told : record.receivedMicros;
      for (let ordinal = points.length; ordinal < element.end; ordinal++) {
        const { tenant, project } = route;
        const metric = found.nodes[ordinal]?.name ?? '';
        points.push({ tenant, project, device, metric, timeMicros, value: found.value(ordinal), ordinal });
      }
    }
    return { device: deviceOf(found.elements[0]?.device), points };
  }
}
