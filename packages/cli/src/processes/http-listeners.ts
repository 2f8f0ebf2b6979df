import { isLoopback } from '@skerry/access/loopback';
import type { ApiOptions } from '@skerry/api';
import type { Logger, TlsCredentials } from '@skerry/kernel';
import { insecureListeners } from '../config/listener-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { readTlsFiles, watchTlsFiles } from './tls-files.ts';

/** Where plain HTTP listens when the configured host is for TLS only: this machine's own programs need no certificate. */
const OWN_HOST = '127.0.0.1';

/** Where HTTP and HTTPS listen. */
export type HttpListeners = Pick<ApiOptions, 'host' | 'port' | 'tls' | 'allowedHosts'>;

/**
 * The listeners of HTTP that a configuration asks for: plain, on loopback unless `access.insecureListeners` says
 * otherwise (which is logged), and TLS when there is a certificate. Fails with `config-invalid` when the certificate
 * cannot be used.
 */
export function httpListeners(config: SkerryConfig, logger: Logger): HttpListeners {
  const { http, access } = config;
  const { host, port, tls, hostNames } = http;
  for (const { name, warning } of insecureListeners(config)) {
    if (name === 'HTTP') logger.log('warn', warning, { host, key: 'access.insecureListeners' });
  }
  const isOpenPlain = isLoopback(host) || access.insecureListeners;
  return {
    host: isOpenPlain ? host : OWN_HOST,
    port,
    allowedHosts: hostNames.map((name) => name.toLowerCase()),
    ...(tls.certFile === ''
      ? {}
      : { tls: { host, port: tls.port, credentials: readTlsFiles('http.tls', tls) } }),
  };
}

/** Tells of a renewed certificate of HTTPS, where there is one, until disposed. */
export function watchHttpTls(
  { http: { tls } }: SkerryConfig,
  logger: Logger,
  onChange: (credentials: TlsCredentials) => void,
): Disposable {
  if (tls.certFile === '') return { [Symbol.dispose]: () => undefined };
  return watchTlsFiles('http.tls', tls, logger, onChange);
}
