import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './loopback.ts';

test('isLoopback knows this machine by every way its names and addresses are written', () => {
  const own = ['127.0.0.1', '127.255.1.9', '::1', '[::1]', 'localhost', 'LOCALHOST', 'localhost.'];
  for (const host of [...own, '::ffff:127.0.0.1', '[::FFFF:127.0.0.1]'])
    assert.equal(isLoopback(host), true, host);
  const others = ['', '0.0.0.0', '::', '128.0.0.1', '127.0.0.256', '127.0.0.1.example', 'localhost.example'];
  for (const host of [...others, '::ffff:10.0.0.1', 'xlocalhost', '10.127.0.0.1', 'localhost..'])
    assert.equal(isLoopback(host), false, host);
});
