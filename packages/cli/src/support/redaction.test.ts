import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor } from './redaction.ts';

const SECRET = 'wQyrn-7/s@x';

/** Lines of logs and shells with a password or token in them. */
const LEAKS: readonly string[] = [
  `The user admin was made; its password is told this once: ${SECRET}`,
  `the new token of line-4, shown this once: ${SECRET}`,
  `PGPASSWORD=${SECRET} psql -h db`,
  `PGPASSWORD="${SECRET} ${SECRET}" psql`,
  `password: '${SECRET}, ${SECRET}'`,
  `{"msg":"x","passphrase":"${SECRET}","level":"info"}`,
  `{"line":"{\\"password\\":\\"${SECRET} ${SECRET}\\"}"}`,
  `x-api-key: ${SECRET}`,
  `curl -u ann:${SECRET} http://h/`,
  `curl -uann:${SECRET} http://h/`,
  `curl --user "ann:${SECRET} ${SECRET}" http://h/`,
  `mosquitto_pub -u ann -P ${SECRET} -t x`,
  `mosquitto_pub -u ann -P '${SECRET} ${SECRET}' -t x`,
  `mosquitto_pub --pw ${SECRET} -t x`,
  `mysql --password ${SECRET}`,
  `mysql --password=${SECRET}`,
  `run --db-token ${SECRET}`,
  `postgres://ann:${SECRET}@db:5432/x`,
  `https://${SECRET}@host/`,
  `see http://127.0.0.1:1/#/sign-in?code=${SECRET}`,
];

test('Redactor takes passwords and tokens out of what people and programs write', () => {
  for (const line of LEAKS) {
    const told = new Redactor([]).text(`${line}\nthe next line stays`);
    assert.ok(!told.includes('wQyrn') && !told.includes('s@x'), told);
    assert.match(told, /\[redacted\][\s\S]*\nthe next line stays$/, line);
  }
});

test('Redactor leaves what helps and is no secret', () => {
  const lines = [
    '{"level":"warn","code":"journal-damaged","message":"a token was revoked","name":"line-4"}',
    'Error: listen EADDRINUSE: address already in use 127.0.0.1:8080',
    'http://127.0.0.1:8080/ready answered 503',
    'skerry context set plant --token-file plant.token',
    'iot_access_sign_ins_total{outcome="wrong-password"} 5',
  ];
  for (const line of lines) assert.equal(new Redactor([]).text(line), line);
});
