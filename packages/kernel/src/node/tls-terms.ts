import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { KernelError } from '../errors.ts';
import type { TlsCredentials } from '../net.ts';

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
