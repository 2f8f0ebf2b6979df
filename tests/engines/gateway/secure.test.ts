// Encryption and credentials of `skerry gateway` at the real servers: MQTT, Kafka, PostgreSQL.
import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { startKafka, startMosquitto, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { GatewayProcess } from './gateway-process.ts';
import { readTopic } from './kafka-truth.ts';
import { BUSY, siteOf } from './scene.ts';

test('skerry gateway: TLS with a client certificate, SASL and verify-full work, and wrong credentials are told in words', async () => {
  const sasl = { skerry: 'geheim' };
  await using kafka = await startKafka({ tls: true, sasl });
  await using mosquitto = await startMosquitto({ lines: BUSY, tls: 'mutual', users: { plant: 'wort' } });
  await using postgres = await startPostgres({ tls: true, password: 'pass' });
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-secrets-'));
  const secret = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    return path;
  };
  const mqttPassword = secret('mqtt', 'wrong');
  const kafkaPassword = secret('kafka', 'wrong');
  const postgresPassword = secret('postgres', 'wrong');
  const tls = mosquitto.tls;
  assert.ok(tls && kafka.tls && postgres.tls);
  const certificate = secret('certificate', 'none');
  const kafkaAuthority = secret('kafka-authority', readFileSync(tls.authority, 'utf8'));
  const postgresAuthority = secret('authority', readFileSync(tls.authority, 'utf8'));
  const source = {
    url: `mqtts://localhost:${mosquitto.port}`,
    username: 'plant',
    passwordFile: mqttPassword,
    caFile: tls.authority,
    certFile: certificate,
    keyFile: tls.clientKey,
    share: 'skerry',
  };
  const config = siteOf(mosquitto, kafka, {
    source,
    gateway: { ordinal: -1 },
    kafka: {
      tls: { enabled: true, caFile: kafkaAuthority },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'skerry', passwordFile: kafkaPassword },
    },
    postgres: {
      url: postgres.url().replace(':pass@', '@').replace('127.0.0.1', 'localhost'),
      passwordFile: postgresPassword,
      caFile: postgresAuthority,
    },
  });
  await using gateway = await GatewayProcess.start({ config });
  await gateway.tells(/^leases: .*(verify|signature|self-signed)/); // another authority has signed
  writeFileSync(postgresAuthority, readFileSync(postgres.tls.authority));
  assert.match(
    await gateway.tells(/^leases: .*password/),
    /password authentication failed for user "skerry"/,
  );
  writeFileSync(postgresPassword, 'pass\n');
  await gateway.tells(/^kafka-denied: .*the certificate or the TLS handshake was refused/);
  writeFileSync(kafkaAuthority, readFileSync(kafka.tls.authority));
  await gateway.tells(/^kafka-denied: .*refused the credentials/);
  await gateway.tells(/^source: plant: .*(certificate|PEM|credentials)/i);
  writeFileSync(certificate, readFileSync(tls.clientCert)); // renewed while the gateway runs
  assert.match(
    await gateway.tells(/^source: plant: .*(refuse|authori)/i),
    /0x8[67]|not authori|credentials/i,
  );
  writeFileSync(mqttPassword, 'wort\n');
  writeFileSync(kafkaPassword, 'geheim\n');
  await gateway.isReady();
  assert.doesNotMatch(gateway.stderr, /starting it again/, 'it ended over credentials');
  const words = [
    ...['-X', 'security.protocol=SASL_SSL', '-X', `ssl.ca.location=${kafka.tls.authority}`],
    ...['-X', 'sasl.mechanisms=PLAIN', '-X', 'sasl.username=skerry', '-X', 'sasl.password=geheim'],
  ];
  await publishOnce(mosquitto.port, tls);
  const [record] = await until('the message', async () => {
    const records = await readTopic(kafka, 'iot.telemetry', words);
    return records.length > 0 && records;
  });
  assert.equal(record?.value, '{"t":1}');
});

/** Publishes one message at QoS 1 over TLS, as bytes of MQTT 3.1.1, and waits for its PUBACK. */
async function publishOnce(
  port: number,
  files: { authority: string; clientCert: string; clientKey: string },
) {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  };
  const packet = (first: number, body: Buffer): Buffer =>
    Buffer.concat([Buffer.from([first, body.length]), body]);
  const hello = Buffer.concat([
    text('MQTT'),
    Buffer.from([4, 0xc2, 0, 30]),
    text('sensor'),
    text('plant'),
    text('wort'),
  ]);
  const message = Buffer.concat([
    text('mtic/msg/client/realtime/t/p'),
    Buffer.from([0, 1]),
    Buffer.from('{"t":1}'),
  ]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({
    port,
    host: 'localhost',
    ca: readFileSync(files.authority),
    cert: readFileSync(files.clientCert),
    key: readFileSync(files.clientKey),
  });
  socket.once('error', reject);
  socket.on('data', (bytes) => {
    if (bytes[0] === 0x20) socket.write(packet(0x32, message));
    else if (Buffer.from(bytes).includes(0x40)) resolve();
  });
  socket.write(packet(0x10, hello));
  await promise;
  socket.destroy();
}
