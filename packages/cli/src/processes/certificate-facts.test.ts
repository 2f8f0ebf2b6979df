import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfSigned } from '@skerry/kernel/testing';
import { CertificateBook } from './certificate-book.ts';
import { certificateFacts, isTrusted, nameFault } from './certificate-facts.ts';

test('certificateFacts tells names, and that nobody vouches for what signs itself', async () => {
  const credentials = selfSigned();
  const facts = await certificateFacts(credentials);
  assert.deepEqual(facts.names, ['localhost', '127.0.0.1']);
  assert.deepEqual([facts.isWhole, facts.isSystemTrusted], [true, false]);
  assert.equal(facts.chain.trim(), credentials.certificate.trim());
});

test('isTrusted is decided by a handshake with those authorities alone', async () => {
  const credentials = selfSigned('one');
  assert.equal(await isTrusted(credentials, [credentials.certificate]), true);
  assert.equal(await isTrusted(credentials, [selfSigned('other').certificate]), false);
  assert.equal(await isTrusted(credentials, []), false);
});

test('nameFault says which hosts a certificate lacks, and is quiet about loopback and foreign names', () => {
  const { certificate } = selfSigned();
  assert.equal(nameFault(certificate, ['127.0.0.1']), undefined);
  assert.match(
    String(nameFault(certificate, ['192.0.2.7'])),
    /^is for localhost, 127\.0\.0\.1, not for 192\.0\.2\.7: /,
  );
  assert.match(String(nameFault('', ['192.0.2.7'])), /^has no subjectAltName/);
});

test('CertificateBook shows what was noted last of each listener', async () => {
  const book = new CertificateBook();
  assert.deepEqual(book.shown, {});
  await book.note('mqtt', selfSigned('before'));
  const next = selfSigned('next');
  await book.note('mqtt', next);
  assert.equal(book.shown.mqtt?.chain.trim(), next.certificate.trim());
  assert.equal(book.shown.http, undefined);
});
