import { ByteReader } from '../byte-reader.ts';
import type { IngressProperties } from '../ingress.ts';
import { type Properties, propertyBytes } from '../properties.ts';

/** The properties of a publication that outlive its connection; undefined when there are none. Views stay views. */
export function lastingProperties(properties: Properties | undefined): IngressProperties | undefined {
  if (!properties) return undefined;
  const { contentType, payloadFormat, messageExpirySecs, responseTopic, correlation, user } = properties;
  const lasting: IngressProperties = {
    ...(contentType !== undefined && { contentType }),
    ...(payloadFormat !== undefined && { payloadFormat }),
    ...(messageExpirySecs !== undefined && { messageExpirySecs }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlation !== undefined && { correlation }),
    ...(user !== undefined && { user }),
  };
  return Object.keys(lasting).length === 0 ? undefined : lasting;
}

/** The encoded properties that every subscriber of level 5 gets [MQTT-3.3.2-17, -20]; message expiry is added to each copy. */
export function forwardedProperties(properties: IngressProperties | undefined): Uint8Array | undefined {
  if (!properties) return undefined;
  const { messageExpirySecs: _, ...forwarded } = properties;
  const bytes = propertyBytes(forwarded, 'publish');
  const reader = new ByteReader(bytes);
  const count = reader.varint();
  return count === 0 ? undefined : reader.take(count).slice();
}
