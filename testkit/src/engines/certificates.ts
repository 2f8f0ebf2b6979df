import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './programs.ts';

/** PEM files of a certificate authority, of a server for `localhost` and 127.0.0.1, and of a client. Keys are PKCS 8. */
export interface EngineCertificates {
  readonly authority: string;
  readonly serverCert: string;
  readonly serverKey: string;
  /** For engines that ask clients for a certificate; its common name is `skerry`. */
  readonly clientCert: string;
  readonly clientKey: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAYS = ['-days', '2'];

/** Makes an authority and the certificates that it signs, with openssl, in a folder `tls` that everybody may read. */
export async function makeEngineCertificates(folder: string): Promise<EngineCertificates> {
  const place = join(folder, 'tls');
  mkdirSync(place);
  const file = (name: string): string => join(place, name);
  const openssl = (...words: string[]): Promise<string> => runTool('openssl', words);
  const authority = file('authority.pem');
  const authorityKey = file('authority-key.pem');
  await openssl(
    ...['req', '-x509', ...KEY, ...DAYS, '-subj', '/CN=authority of a test'],
    ...['-keyout', authorityKey, '-out', authority],
  );
  const certify = async (name: string, subject: string, extension: string): Promise<[string, string]> => {
    const key = file(`${name}-key.pem`);
    const cert = file(`${name}.pem`);
    const request = file(`${name}-request.pem`);
    await openssl('req', ...KEY, '-subj', `/CN=${subject}`, '-keyout', key, '-out', request);
    writeFileSync(file(`${name}-extension.txt`), `${extension}\n`);
    await openssl(
      ...['x509', '-req', '-in', request, ...DAYS, '-extfile', file(`${name}-extension.txt`)],
      ...['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', '-out', cert],
    );
    chmodSync(key, 0o644); // a key of a test that lives for minutes; engines run as other users
    return [cert, key];
  };
  const [serverCert, serverKey] = await certify(
    'server',
    'localhost',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
  );
  const [clientCert, clientKey] = await certify('client', 'skerry', 'extendedKeyUsage=clientAuth');
  return { authority, serverCert, serverKey, clientCert, clientKey };
}
