import type { Connection, TlsTrust } from '@skerry/kernel';
import { nodeNet } from '@skerry/kernel/node';
import { MqttError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { parseBrokerUrl } from '../subscriber/broker-url.ts';
import { dialWebSocket } from '../websocket/websocket-dialer.ts';

/**
 * How to connect to a broker by its address (`parseBrokerUrl`): TCP, TLS, or a WebSocket, encrypted or not. Throws
 * `broker-url-invalid`, for terms of TLS without TLS too. A connection fails with `connect-failed` or
 * `tls-credentials-invalid`.
 */
export function brokerDialer(url: string, tls?: TlsTrust): (signal: AbortSignal) => Promise<Connection> {
  const { way, address, path } = parseBrokerUrl(url);
  const isEncrypted = way === 'tls' || way === 'wss';
  if (tls && !isEncrypted)
    throw new MqttError(
      'broker-url-invalid',
      `The broker at ${address.host} is reached by ${way}, and terms of TLS are given; mqtts or wss is wanted, or none.`,
    );
  const net = nodeNet({ readRestMs: LIMITS.subscriberReadRestMs.value });
  if (way === 'ws' || way === 'wss') {
    const target = { address, path, tls: isEncrypted ? (tls ?? {}) : undefined };
    return (signal) => dialWebSocket(target, signal);
  }
  if (way === 'tls') return (signal) => net.connectTls(address, tls, signal);
  return (signal) => net.connect(address, signal);
}
