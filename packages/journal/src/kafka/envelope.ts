/** The envelope of the earlier system's final format (`iot-messages`), opened. */
export interface Envelope {
  readonly tenant: string;
  readonly project: string;
  /** MQTT topic. */
  readonly topic: string;
  /** The payload as text: bytes that are no UTF-8 are lost here, and stand whole in the header `payload`. */
  readonly payload: string;
  /** Microseconds since 1970; undefined where the envelope has no time that can be read. */
  readonly receivedMicros: number | undefined;
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** The bytes of an envelope: its members in the earlier system's order, time in RFC 3339 without trailing zeros. */
export function writeEnvelope(envelope: Envelope & { readonly receivedMicros: number }): Uint8Array {
  const { tenant, project, topic, payload, receivedMicros } = envelope;
  return encoder.encode(
    JSON.stringify({
      tenant_id: tenant,
      project_id: project,
      mqtt_topic: topic,
      payload,
      timestamp: timeText(receivedMicros),
    }),
  );
}

/** The envelope in a value; undefined when it is none. */
export function readEnvelope(bytes: Uint8Array): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    // A value that is no JSON is no envelope.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const found = value as Record<string, unknown>; // an object, just looked at
  const { tenant_id: tenant, project_id: project, mqtt_topic: topic, payload, timestamp } = found;
  if (typeof tenant !== 'string' || typeof project !== 'string') return undefined;
  if (typeof topic !== 'string' || typeof payload !== 'string') return undefined;
  return { tenant, project, topic, payload, receivedMicros: microsOf(timestamp) };
}

function timeText(micros: number): string {
  const whole = new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, 19);
  const rest = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return rest === '' ? `${whole}Z` : `${whole}.${rest}Z`;
}

function microsOf(time: unknown): number | undefined {
  const parts = typeof time === 'string' ? TIME.exec(time) : null;
  if (!parts) return undefined;
  const [, whole, fraction = '', zone] = parts;
  const ms = Date.parse(`${whole}${zone}`);
  if (Number.isNaN(ms) || ms < 0) return undefined;
  return ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
