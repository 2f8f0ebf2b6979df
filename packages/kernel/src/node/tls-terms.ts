import { constants } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContextOptions,
} from 'node:tls';
import { KernelError } from '../errors.ts';
import type { Address, TlsCredentials, TlsTrust } from '../net.ts';

/**
 * The terms on which every listener speaks TLS: 1.2 or 1.3, the server's choice of ciphers, and no session resumed
 * (no tickets), so that each connection shows its credentials. Fails with `tls-credentials-invalid` when certificate and
 * key cannot be used together.
 */
export function tlsTerms({ certificate, key }: TlsCredentials): SecureContextOptions {
  const terms: SecureContextOptions = {
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    createSecureContext(terms);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KernelError(
      'tls-credentials-invalid',
      `Using the certificate and its key failed: ${why}; a PEM certificate chain and the PEM key of its first certificate are wanted.`,
      {},
      error,
    );
  }
  return terms;
}

/**
 * The terms on which a client speaks TLS to an address: 1.2 or 1.3, and the peer's certificate has to be for the name that
 * is wanted. Fails with `tls-credentials-invalid`. For adapters that make sockets of their own.
 */
export function tlsWishes({ host }: Pick<Address, 'host'>, trust: TlsTrust = {}): ConnectionOptions {
  const { authority, serverName, credentials } = trust;
  const name = serverName ?? host;
  const terms = credentials && tlsTerms(credentials);
  return {
    minVersion: 'TLSv1.2',
    ...(isIP(name) === 0 ? { servername: name } : {}), // an address is no server name (RFC 6066, 3)
    ...(serverName !== undefined && {
      checkServerIdentity: (_, peer) => checkServerIdentity(serverName, peer),
    }),
    ...(authority !== undefined && { ca: authority }),
    ...(terms && { cert: credentials.certificate, key: credentials.key }),
  };
}
