import { LIMITS } from '../limits.ts';
import type { Connect } from '../packets/connect.ts';
import type { SubscriberOptions } from './subscriber-options.ts';

const SESSION_EXPIRY_SECS = 7 * 86_400;
const KEEP_ALIVE_SECS = 30;

/** CONNECT of a subscriber that goes on with its session. */
export function connectPacketOf(options: SubscriberOptions): Connect {
  const { clientId, credentials, level = 5, keepAliveSecs = KEEP_ALIVE_SECS } = options;
  const packetBytesMax = Math.max(
    options.packetBytesMax ?? LIMITS.packetBytesMax.value,
    LIMITS.subscriberPacketBytesTold.value,
  );
  const properties = {
    sessionExpirySecs: sessionExpirySecsOf(options),
    receiveMaximum: windowOf(options),
    packetBytesMax,
  };
  const { username, password } = credentials?.() ?? {};
  return {
    type: 'connect',
    level,
    isCleanStart: false,
    keepAliveSecs,
    clientId,
    ...(username !== undefined && { username }),
    ...(password && { password }),
    ...(level === 5 && { properties }),
  };
}

/** How long the broker is asked to keep the session. */
export function sessionExpirySecsOf({ sessionExpirySecs }: SubscriberOptions): number {
  return sessionExpirySecs ?? SESSION_EXPIRY_SECS;
}

/** Messages that may be unacknowledged. */
export function windowOf({ receiveMaximum }: SubscriberOptions): number {
  return Math.min(65_535, Math.max(1, receiveMaximum ?? LIMITS.subscriberReceiveMaximum.value));
}
