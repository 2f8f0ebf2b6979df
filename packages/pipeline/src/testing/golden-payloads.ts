/**
 * Payloads as other people's encoders wrote them, base64. None of their code is here; what each holds stands in the tests.
 *
 * - `cbor`, `cborCanonical`: cbor2 6.3.0 (PyPI), `dumps` and `dumps(…, canonical=True)`
 * - `messagePack`: msgpack 1.2.4 (PyPI), `packb`
 * - `lineProtocol`: influxdb-client 1.50.0 (PyPI), `Point.to_line_protocol`, two points
 * - `gzip`: Python's `gzip.compress` of `{"temp":21.5}`; `zstd`: the `zstd` command of the same; `zstandard`: zstandard 0.25.0 (PyPI)
 * - the rest: sparkplug-payload 1.0.3 (npm, Eclipse Tahu), `encodePayload`, a node's and a device's life from birth to death
 */
export const GOLDEN = {
  cbor: [
    'sGhkZXZpY2VJZGJkMWl0aW1lc3RhbXAaaVW5AGR0ZW1w+0A0gAAAAAAAZGhhbGb7P/gAAAAAAABjYmlnGxpeJ+7xPgABY25lZzt/',
    '/////////2Jva/Vkbm9uZfZkbmFtZWVncsO8bmR0YWdzgmFhYWJjeHl6gwEC+0AMAAAAAAAAZm5lc3RlZKFkZGVlcKFhdvuAAAAA',
    'AAAAAGNyYXdDAQL/ZGh1Z2XCSUAAAAAAAAAAAGJhdMB0MjAyNi0wMS0wMVQwMDowMDowMFpjbmFu+X4A',
  ].join(''),
  cborCanonical: [
    'rWJva/VjYmlnGxpeJ+7xPgABY25lZzt//////////2NyYXdDAQL/Y3h5eoMBAvlDAGRoYWxm+T4AZG5hbWVlZ3LDvG5kbm9uZfZk',
    'dGFnc4JhYWFiZHRlbXD5TSBmbmVzdGVkoWRkZWVwoWF2+YAAaGRldmljZUlkYmQxaXRpbWVzdGFtcBppVbkA',
  ].join(''),
  messagePack: [
    '3gAQqGRldmljZUlkomQxqXRpbWVzdGFtcM5pVbkApHRlbXDLQDSAAAAAAACkaGFsZss/+AAAAAAAAKNiaWfPGl4n7vE+AAGjbmVn',
    '04AAAAAAAAAAom9rw6Rub25lwKRuYW1lpWdyw7xupHRhZ3OSoWGhYqN4eXqTAQLLQAwAAAAAAACmbmVzdGVkgaRkZWVwgaF2y4AA',
    'AAAAAAAAo3Jhd8QDAQL/o3U2NM///////////6ZzaW5nbGXX/wAAABRpVbkAo25hbst/+AAAAAAAAA==',
  ].join(''),
  lineProtocol: [
    'Y3B1LGNwdT1jcHUwLGhvc3Q9d2ViXCAwMSBuPTkwMDcxOTkyNTQ3NDA5OTNpLG5vdGU9InNheSBcImhpXCIsIGE9YlxcIGMiLHVw',
    'PXRydWUsdXNhZ2VfaWRsZT05Ny41IDE3NjcyMjU2MDAwMDAwMDAwMDEKd2VhXCx0aGVyXCBzdGF0aW9uLGxvXD1jPWF0XCxoXCBv',
    'bWUgdGVcIG1wPS0xLjVlLTA3IDE3NjcyMjU2MDA=',
  ].join(''),
  gzip: 'H4sIAAAAAAACA6tWKknNLVCyMjLUM60FAGUF6Q4NAAAA',
  zstd: 'KLUv/QRYaQAAeyJ0ZW1wIjoyMS41fbAxzrU=',
  zstandard: 'KLUv/SANaQAAeyJ0ZW1wIjoyMS41fQ==',
  nodeBirth: [
    'CIDQ6ra3MxILCgViZFNlcSAIWAcSGgoUTm9kZSBDb250cm9sL1JlYmlydGggC3AAEg4KAmk4EAEgAVD7////DxIPCgNpMTYQAiAC',
    'UNT9//8PEg8KA2kzMhADIANQgICAgAgSFAoDaTY0EAQgBFiBgICAgICAgIABEgsKAnU4EAUgBVD6ARINCgN1MTYQBiAGUP//AxIP',
    'CgN1MzIQByAHWP////8PEhQKA3U2NBAIIAhY////////////ARIQCgVmbG9hdBAJIAllZmbKQRIVCgZkb3VibGUQCiAKaZqZmZmZ',
    'mbk/Eg8KB2Jvb2xlYW4QCyALcAESEwoGc3RyaW5nEAwgDHoFZ3LDvG4SEQoEd2hlbhANIA1YgNDqtrczEjAKBHV1aWQQDiAPeiRm',
    'ODFkNGZhZS03ZGVjLTExZDAtYTc2NS0wMGEwYzkxZTZiZjYSEQoFYnl0ZXMQDyARggEDAQL/Eg8KB25vdGhpbmcQECADOAESNAoF',
    'dGFibGUQESAQigEmCAISAWESAWIYAxgMIgkKAggBCgMyAXgiDQoGCP7///8PCgMyAXkSKwoEcHVtcBASIBOSAR4SCgoDcnBtIANQ',
    'hAcSCAoCb24gC3ABIgRQdW1wKAAYAA==',
  ].join(''),
  nodeData: [
    'COjX6ra3MxIKEAEgAVD6////DxIPEAQgBFjW//////////8BEhAQCRiE1+q2tzMgCWUAAMA/EgYQECADUAcSFhAKGKD75ra3MyAK',
    'KAFpAAAAAAAAI0AYAQ==',
  ].join(''),
  deviceBirth: 'CMzY6ra3MxITCgR0ZW1wEGQgCmkAAAAAAIA0QBINCgVjb3VudBBlIAdYARgC',
  deviceData: 'CLDZ6ra3MxINEGQgCmkAAAAAAEA1QBIGEGUgB1gCGAM=',
  deviceDeath: 'CJTa6ra3MxgE',
  nodeDeath: 'CPja6ra3MxILCgViZFNlcSAIWAc=',
  oldDeath: 'CPja6ra3MxILCgViZFNlcSAIWAY=',
} as const;

/** The bytes of a golden payload. */
export function goldenBytes(name: keyof typeof GOLDEN): Buffer {
  return Buffer.from(GOLDEN[name], 'base64');
}
