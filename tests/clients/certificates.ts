import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of a certificate authority and of a server that it has certified, for `localhost` and 127.0.0.1. */
export interface Certificates {
  readonly authority: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority, and a server's certificate that it signs, with openssl. `name` tells several apart. */
export function makeCertificates(folder: string, name = 'server'): Certificates {
  const file = (ending: string): string => join(folder, `${name}-${ending}`);
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { stdio: 'pipe' });
  };
  const authority = file('ca.pem');
  openssl(
    ...['req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name} authority`],
    ...['-keyout', file('ca-key.pem'), '-out', authority],
  );
  openssl('req', ...KEY, '-subj', `/CN=${name}`, '-keyout', file('key.pem'), '-out', file('request.pem'));
  writeFileSync(file('names.txt'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  openssl(
    ...['x509', '-req', '-in', file('request.pem'), '-days', '2', '-extfile', file('names.txt')],
    ...['-CA', authority, '-CAkey', file('ca-key.pem'), '-CAcreateserial', '-out', file('cert.pem')],
  );
  return { authority, certFile: file('cert.pem'), keyFile: file('key.pem') };
}
