import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { httpListeners } from './http-listeners.ts';

test('httpListeners logs a warning where HTTP without TLS listens beyond this machine, and only there', () => {
  const hostWith = (flags: Readonly<Record<string, string>>) => {
    const lines: string[] = [];
    const { config } = loadConfig({ file: undefined, environment: { HOME: '/home/somebody' }, flags });
    const { host } = httpListeners(config, { log: (level, message) => lines.push(`${level} ${message}`) });
    return { host, lines };
  };
  assert.deepEqual(hostWith({}), { host: '127.0.0.1', lines: [] });
  const open = { 'access-insecure-listeners': 'true' };
  assert.deepEqual(hostWith({ ...open, 'mqtt-host': '0.0.0.0' }).lines, []);
  const { host, lines } = hostWith({ ...open, 'http-host': '0.0.0.0' });
  assert.equal(host, '0.0.0.0');
  assert.match(String(lines), /^warn HTTP without TLS listens beyond this machine/);
});
