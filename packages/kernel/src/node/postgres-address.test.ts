import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerCertificate } from 'node:tls';
import { postgresAddress, postgresUrls } from './postgres-address.ts';

const of = (url: string, password?: string, authority?: string) =>
  postgresAddress({ url, password, authority }).connectionString;

test('postgresAddress: a password beside the URL stands in it, over one that it has', () => {
  assert.equal(of('postgres://ann@db:5/iot', 'p@ s/%'), 'postgres://ann:p%40%20s%2F%25@db:5/iot');
  assert.equal(of('postgres://ann:old@db/iot?password=older&a=b', 'new'), 'postgres://ann:new@db/iot?a=b');
  assert.equal(of('postgres:///iot', 'new'), 'postgres://:new@/iot');
  assert.equal(of('postgres://a%40b@[::1]:5/iot', 'n'), 'postgres://a%40b:n@[::1]:5/iot');
  for (const url of ['postgres://ann:old@db/iot?sslmode=verify-full', 'socket:/tmp?db=iot'])
    assert.deepEqual(postgresAddress({ url }), { connectionString: url });
});

test('postgresUrls: an address for each host, with all that stands around them', () => {
  const words = '?target_session_attrs=read-write&a=b';
  assert.deepEqual(postgresUrls(`postgres://ann:s%40@a:1,[::1],b/iot${words}`), [
    `postgres://ann:s%40@a:1/iot${words}`,
    `postgres://ann:s%40@[::1]/iot${words}`,
    `postgres://ann:s%40@b/iot${words}`,
  ]);
  assert.deepEqual(postgresUrls('postgres://a,b'), ['postgres://a', 'postgres://b']);
  for (const one of ['postgres://ann@a:1/iot', 'postgres:///iot', 'socket:/a,b'])
    assert.deepEqual(postgresUrls(one), [one]);
});

test('postgresAddress: authorities are what TLS goes by, whatever the URL says, and the host is checked', () => {
  const words = '?sslmode=disable&ssl=0&sslrootcert=/nowhere&application_name=x';
  const { connectionString, ssl } = postgresAddress({
    url: `postgres://ann@db:5/iot${words}`,
    authority: 'PEM',
  });
  assert.equal(connectionString, 'postgres://ann@db:5/iot?application_name=x');
  assert.equal(ssl?.ca, 'PEM');
  const isFor = (url: string, subjectaltname: string) => {
    const peer = { subject: {}, subjectaltname } as unknown as PeerCertificate; // no more of it is looked at
    return (
      postgresAddress({ url, authority: 'PEM' }).ssl?.checkServerIdentity?.('localhost', peer) === undefined
    );
  };
  assert.equal(isFor('postgres://db:5/iot', 'DNS:db'), true);
  assert.equal(isFor('postgres://db:5/iot', 'DNS:localhost'), false);
  assert.equal(isFor('postgres://10.0.0.7:5/iot', 'IP Address:10.0.0.7'), true);
  assert.equal(isFor('postgres://10.0.0.7/iot', 'IP Address:10.0.0.8, DNS:localhost'), false);
  assert.equal(isFor('postgres://[fe80::1]:5/iot', 'IP Address:FE80:0:0:0:0:0:0:1'), true);
});
