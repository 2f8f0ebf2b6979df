import type { RetainedMessage } from '../ingress.ts';
import { encodeUtf8 } from '../utf8.ts';
import type { BrokerParts } from './broker-parts.ts';
import type { Message } from './message.ts';
import { forwardedProperties } from './publication-properties.ts';
import type { RetainedOwner } from './retained-store.ts';

/** Puts the retained messages of earlier lives into the store, in their order; what has expired since is left out. */
export async function loadRetained(
  { retained, meters, clock, gate }: Pick<BrokerParts, 'retained' | 'meters' | 'clock' | 'gate'>,
  messages: AsyncIterable<RetainedMessage> | Iterable<RetainedMessage>,
): Promise<void> {
  for await (const held of messages) {
    const nowMs = clock.monotonicMs();
    const message = messageOf(held, nowMs, clock.nowMicros());
    if (message.expiresMs <= nowMs) retained.set({ ...message, payload: new Uint8Array(0) }, nowMs);
    else if (retained.set(message, nowMs, ownerIn(gate, message.topic, false)) === 'full')
      meters.dropped('retained-full');
  }
  meters.retainedMessages.set(retained.count);
  meters.retainedBytes.set(retained.bytes);
}

/** On whose account a retained message on a topic is. */
export function ownerIn({ access }: BrokerParts['gate'], topic: string, isShared = true): RetainedOwner {
  return { name: access.tenantOf?.(topic) ?? '', isShared };
}

function messageOf(held: RetainedMessage, nowMs: number, nowMicros: number): Message {
  const { topic, payload, qos, properties, receivedMicros } = held;
  const expirySecs = properties?.messageExpirySecs;
  return {
    topic,
    topicBytes: encodeUtf8(topic),
    payload: payload.slice(),
    qos,
    isRetained: true,
    properties: forwardedProperties(properties),
    expiresMs:
      expirySecs === undefined
        ? Number.POSITIVE_INFINITY
        : nowMs + expirySecs * 1000 - (nowMicros - receivedMicros) / 1000,
    publisher: undefined,
  };
}
