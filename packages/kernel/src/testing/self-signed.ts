import { createSign, generateKeyPairSync } from 'node:crypto';
import type { TlsCredentials } from '../net.ts';

const OID = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  alternativeNames: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
} as const;

/**
 * A new key with a certificate that signs itself, for `localhost` and 127.0.0.1, valid for a thousand years: its own
 * authority, so a client that is given it as one trusts it (RFC 5280, 4.1).
 */
export function selfSigned(commonName = 'localhost'): TlsCredentials {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(0x30, der(0x06, OID.ecdsaWithSha256));
  const name = der(0x30, der(0x31, der(0x30, der(0x06, OID.commonName), der(0x0c, textBytes(commonName)))));
  const names = der(0x30, der(0x82, textBytes('localhost')), der(0x87, [127, 0, 0, 1]));
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, [2])),
    der(0x02, [1]),
    algorithm,
    name,
    der(0x30, der(0x18, textBytes('20000101000000Z')), der(0x18, textBytes('29991231235959Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(
        0x30,
        der(0x30, der(0x06, OID.alternativeNames), der(0x04, names)),
        der(
          0x30,
          der(0x06, OID.basicConstraints),
          der(0x01, [0xff]),
          der(0x04, der(0x30, der(0x01, [0xff]))),
        ),
      ),
    ),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(privateKey);
  const certificate = der(0x30, toBeSigned, algorithm, der(0x03, [0], signature));
  return {
    certificate: pem('CERTIFICATE', certificate),
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

/** One value of DER: tag, length, contents (X.690, 8.1). */
function der(tag: number, ...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const { length } = body;
  const header = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Uint8Array.from(header), body]);
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
