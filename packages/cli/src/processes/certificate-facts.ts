import { X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, getCACertificates, TLSSocket } from 'node:tls';
import { isLoopback } from '@skerry/access/loopback';
import { isFor, type ShownCertificate } from '@skerry/api';
import type { TlsCredentials } from '@skerry/kernel';
import { tlsTerms } from '@skerry/kernel/node';

/** What clients have to know of a certificate in force, found out by showing it to one that trusts this machine's system. */
export async function certificateFacts(credentials: TlsCredentials): Promise<ShownCertificate> {
  const chain = certificatesIn(credentials.certificate);
  const last = chain.at(-1);
  return {
    chain: chain.map(String).join(''),
    isSystemTrusted: await isTrusted(credentials, getCACertificates('system')),
    isWhole: last?.checkIssued(last) === true && last.verify(last.publicKey),
    names: namesOf(chain[0]),
  };
}

/** Whether a client that trusts `authorities` (PEM) trusts a certificate, whatever its names: a handshake in memory says so. */
export async function isTrusted(
  credentials: TlsCredentials,
  authorities: readonly string[],
): Promise<boolean> {
  const [near, far] = duplexPair();
  const server = new TLSSocket(far, {
    isServer: true,
    secureContext: createSecureContext(tlsTerms(credentials)),
  });
  server.on('error', () => undefined); // the refusal, as the other side sees it
  const ca = [...authorities];
  const client = connect({
    socket: near,
    ca,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  client.once('secureConnect', () => resolve(client.authorized));
  client.once('error', () => resolve(false)); // whoever cannot finish a handshake does not trust what was shown
  try {
    return await promise;
  } finally {
    client.destroy();
    server.destroy();
  }
}

/** Names and addresses that a PEM chain's first certificate is for, in lower case; none where it says so by its subject alone. */
export function namesIn(certificate: string): string[] {
  return namesOf(certificatesIn(certificate)[0]);
}

/**
 * What is wrong with the names of a certificate for a listener, in words; undefined for nothing. `hosts` are those by
 * which others reach it. A name that is no address and not this machine's own is taken to lead here.
 */
export function nameFault(certificate: string, hosts: readonly string[]): string | undefined {
  const names = namesIn(certificate);
  if (names.length === 0)
    return 'has no subjectAltName: browsers, mqtt.js and Python refuse it under every name';
  const outside = hosts.filter((host) => !isLoopback(host));
  const isElsewhere = names.some((name) => !isLoopback(name) && !/^[\d.]+$|:/.test(name));
  if (outside.length === 0 || isElsewhere || outside.some((host) => isFor(names, host))) return undefined;
  return `is for ${names.join(', ')}, not for ${outside.join(' or ')}: clients that come by that refuse it`;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
}

function namesOf(certificate: X509Certificate | undefined): string[] {
  const entries = certificate?.subjectAltName?.matchAll(/(?:^|, )(DNS|IP Address):"?([^,"]*)/g) ?? [];
  return [...entries].map(([, , name = '']) => plain(name.toLowerCase()));
}

/** An IPv6 address as people and URLs write it. */
function plain(name: string): string {
  return name.includes(':') && URL.canParse(`http://[${name}]`)
    ? new URL(`http://[${name}]`).hostname.slice(1, -1)
    : name;
}
