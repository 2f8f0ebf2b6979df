import type { Address } from '@skerry/kernel';
import { MqttError } from '../errors.ts';

/** Where a broker is, and how it is spoken to. */
export interface BrokerUrl {
  readonly way: 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: Address;
  /** Path with its query; of the WebSockets only. */
  readonly path: string;
}

const WAYS: Readonly<Record<string, readonly [way: BrokerUrl['way'], port: number]>> = {
  'mqtt:': ['tcp', 1_883],
  'tcp:': ['tcp', 1_883],
  'mqtts:': ['tls', 8_883],
  'ssl:': ['tls', 8_883],
  'tls:': ['tls', 8_883],
  'ws:': ['ws', 80],
  'wss:': ['wss', 443],
};

/**
 * Reads `mqtt://host[:port]` (also `tcp`), `mqtts` (also `ssl`, `tls`), `ws://host[:port][/path]`, `wss`; the path is `/mqtt`
 * unless given. Throws `broker-url-invalid`, for a user or a password in it too: it would stand in logs.
 */
export function parseBrokerUrl(text: string): BrokerUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const [way, usualPort] = WAYS[url?.protocol ?? ''] ?? [];
  if (!url || way === undefined || usualPort === undefined || url.hostname === '')
    throw invalid(text, 'mqtt://HOST, mqtts://HOST, ws://HOST/PATH or wss://HOST/PATH');
  if (url.username !== '' || url.password !== '') throw invalid(url.host, 'user and password elsewhere');
  const isWeb = way === 'ws' || way === 'wss';
  const path = `${url.pathname}${url.search}`;
  if (!isWeb && path !== '' && path !== '/') throw invalid(text, 'no path: only WebSockets have one');
  const address = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? usualPort : Number(url.port),
  };
  return { way, address, path: isWeb && path !== '/' && path !== '' ? path : '/mqtt' };
}

function invalid(found: string, wanted: string): MqttError {
  return new MqttError(
    'broker-url-invalid',
    `The address of a broker is ${JSON.stringify(found.slice(0, 200))}; wanted: ${wanted}.`,
  );
}
