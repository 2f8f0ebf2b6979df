import type { Connection, TlsTrust } from '@skerry/kernel';
import { nodeNet } from '@skerry/kernel/node';
import { MqttError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { parseBrokerUrl } from '../subscriber/broker-url.ts';

/**
 * How to connect to a broker by its address (`parseBrokerUrl`): TCP, TLS, or a WebSocket, encrypted or not. `tls` is asked
 * for each connection, so that renewed certificates count. Throws `broker-url-invalid`, for terms of TLS without TLS too. A
 * connection fails with `connect-failed`, `tls-credentials-invalid` or what `tls` throws.
 */
export function brokerDialer(
  url: string,
  tls?: () => TlsTrust,
): (signal: AbortSignal) => Promise<Connection> {
  const { way, address, path } = parseBrokerUrl(url);
  const isEncrypted = way === 'tls' || way === 'wss';
  if (tls && !isEncrypted)
    throw new MqttError(
      'broker-url-invalid',
      `The broker at ${address.host} is reached by ${way}, and terms of TLS are given; mqtts or wss is wanted, or none.`,
    );
  const net = nodeNet({ readRestMs: LIMITS.subscriberReadRestMs.value });
  if (way === 'ws' || way === 'wss') {
    return async (signal) => {
      // loaded where it is wanted
      const { dialWebSocket } = await import('../websocket/websocket-dialer.ts');
      const terms = isEncrypted ? (tls?.() ?? {}) : undefined;
      return await dialWebSocket({ address, path, tls: terms }, signal);
    };
  }
  if (way === 'tls') return async (signal) => await net.connectTls(address, tls?.(), signal);
  return (signal) => net.connect(address, signal);
}
