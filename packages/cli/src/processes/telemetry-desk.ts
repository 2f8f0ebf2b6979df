import { ApiError, type IncomingTelemetry, type TakenTelemetry } from '@skerry/api';
import { encodeHeaders, HEADER, RECORD_KIND, type RecordInput } from '@skerry/journal';
import type { Clock } from '@skerry/kernel';
import type { PlatformIngress } from './platform-ingress.ts';

/** What the desk works with. */
export interface TelemetryDeskNeeds {
  readonly ingress: Pick<PlatformIngress, 'route' | 'addAwaited'>;
  readonly clock: Pick<Clock, 'nowMicros'>;
}

const encoder = new TextEncoder();

/**
 * Appends telemetry that came over HTTP, a record a payload, under the topic `$skerry/telemetry/…` of its device, as a
 * PUBLISH at QoS 1 would be. Resolves when all of it is durable. Fails with `invalid-request` when the ids make no topic.
 */
export async function takeTelemetryIn(
  { tenant, project, device, client, contentType, payloads, messageIds }: IncomingTelemetry,
  { ingress, clock }: TelemetryDeskNeeds,
): Promise<TakenTelemetry> {
  const topic = `$skerry/telemetry/${tenant}/${project}/${device}`;
  const route = ingress.route(topic);
  if (route.kind !== 'telemetry') {
    throw new ApiError('invalid-request', `the ids ${tenant}, ${project}, ${device} do not make a topic`);
  }
  const shared = {
    kind: RECORD_KIND.telemetry,
    qos: 1,
    retain: false,
    project: route.projectIndex,
    receivedMicros: clock.nowMicros(),
    topic: encoder.encode(topic),
    client: encoder.encode(client),
  };
  const records = payloads.map((payload, index): RecordInput => {
    const headers = headersOf(contentType, messageIds?.[index]);
    return { ...shared, payload, headers };
  });
  return await ingress.addAwaited(records);
}

function headersOf(contentType: string, messageId: string | undefined): Uint8Array {
  return encodeHeaders([
    { key: HEADER.contentType, value: encoder.encode(contentType) },
    ...(messageId === undefined
      ? []
      : [{ key: HEADER.userProperty, value: encoder.encode(`skerry-message-id\0${messageId}`) }]),
  ]);
}
