import { isLoopback } from '@skerry/access/loopback';
import { handshakeCause } from '@skerry/api';
import type { Address, Clock, Logger, Meter, TlsCredentials, TlsListener } from '@skerry/kernel';
import { nodeNet } from '@skerry/kernel/node';
import { type BrokerListener, FaultNotices } from '@skerry/mqtt';
import { listenWebSocket } from '@skerry/mqtt/websocket';
import { insecureListeners } from '../config/listener-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import type { FailedHandshake } from './arrival-notes.ts';
import { listening } from './listening.ts';
import { readTlsFiles, watchTlsFiles } from './tls-files.ts';

/** What the ways into MQTT work with. */
export interface MqttListenerNeeds {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Told of every connection that ended before it was one of MQTT, by the name of its listener. */
  readonly onHandshakeFailed?: ((name: string, failure: FailedHandshake) => void) | undefined;
  /** Told of the certificate in force, at once and when it was renewed. */
  readonly onCertificate?: ((credentials: TlsCredentials) => void) | undefined;
}

/** The ways into MQTT; disposing ends the watch over the certificate. */
export interface MqttListeners extends Disposable {
  /** Where plain TCP listens. */
  readonly address: Address;
  /** TLS and WebSocket. */
  readonly others: readonly BrokerListener[];
}

/** Where plain TCP listens when the configured host is for TLS only: this machine's own programs need no certificate. */
const OWN_HOST = '127.0.0.1';

/**
 * The ways into MQTT that a configuration asks for: plain TCP, on loopback unless `access.insecureListeners` says
 * otherwise; TLS when there is a certificate; WebSocket, over TLS when there is one. Fails with `config-invalid` when
 * the certificate cannot be used.
 */
export function mqttListeners(config: SkerryConfig, needs: MqttListenerNeeds): MqttListeners {
  const { host, port, tls, websocket, packetBytesMax } = config.mqtt;
  const credentials = tls.certFile === '' ? undefined : readTlsFiles('mqtt.tls', tls);
  const isOpenPlain = isLoopback(host) || config.access.insecureListeners;
  for (const { name, warning } of insecureListeners(config)) {
    if (name === 'MQTT') needs.logger.log('warn', warning, { host, key: 'access.insecureListeners' });
  }
  const opened: TlsListener[] = [];
  const failed = handshakeNotices(needs);
  const others: BrokerListener[] = [];
  if (credentials)
    others.push({
      name: 'mqtts',
      isEncrypted: true,
      open: (onConnection) =>
        listening('mqtt.tls', async () => {
          const net = nodeNet({ onHandshakeFailed: (failure) => failed('mqtts', failure) });
          return kept(opened, await net.listenTls({ host, port: tls.port }, credentials, onConnection));
        }),
    });
  if (websocket.enabled)
    others.push({
      name: credentials ? 'wss' : 'ws',
      isEncrypted: credentials !== undefined,
      open: (onConnection) =>
        listening('mqtt.websocket', async () => {
          const options = {
            address: { host, port: websocket.port },
            tls: credentials,
            messageBytesMax: packetBytesMax,
            isOriginAllowed: (origin: string, asked: string) => isOriginAllowed(origin, asked, host),
            onHandshakeFailed: (failure: FailedHandshake) => failed(credentials ? 'wss' : 'ws', failure),
          };
          return kept(opened, await listenWebSocket(options, onConnection));
        }),
    });
  const renew = (renewed: TlsCredentials): void => {
    for (const listener of opened) listener.renew(renewed);
    needs.onCertificate?.(renewed);
  };
  if (credentials) needs.onCertificate?.(credentials);
  const watch = credentials && watchTlsFiles('mqtt.tls', tls, needs.logger, renew);
  return {
    address: { host: isOpenPlain ? host : OWN_HOST, port },
    others,
    [Symbol.dispose]: () => watch?.[Symbol.dispose](),
  };
}

/**
 * Whether a page may connect: one of the host that it connects to, whatever its port. On loopback, where nobody has to
 * show a password, the host has to be called so too: a name of somebody else's may lead here (DNS rebinding).
 */
export function isOriginAllowed(origin: string, asked: string, listenHost: string): boolean {
  const page = hostOf(origin);
  const host = hostOf(`ws://${asked}`);
  if (page === undefined || host === undefined) return false;
  if (!isLoopback(listenHost)) return page === host;
  return isLoopback(page) && isLoopback(host);
}

/** Counts what never became a connection of MQTT, and tells of it, a line for many. */
function handshakeNotices({
  clock,
  logger,
  meter,
  onHandshakeFailed,
}: MqttListenerNeeds): (name: string, failure: FailedHandshake) => void {
  const notices = new FaultNotices(logger, clock, 'MQTT connection ended before CONNECT.');
  return (name, failure) => {
    const { reason, why } = handshakeCause(name, failure);
    meter
      .counter(
        'iot_mqtt_handshakes_failed_total',
        'Connections that ended in a handshake of TLS or WebSocket.',
        {
          listener: name,
          reason: failure.reason,
        },
      )
      .add(1);
    const { host, port } = failure.remote;
    notices.tell({ word: `${name}-${reason}`, remote: `${host}:${port}`, client: '', why });
    onHandshakeFailed?.(name, failure);
  };
}

function kept(opened: TlsListener[], listener: TlsListener): TlsListener {
  opened.push(listener);
  return listener;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
