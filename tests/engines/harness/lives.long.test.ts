import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRunning, startMosquitto, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertGone } from './gone.ts';

const HOLDER = fileURLToPath(new URL('holder.ts', import.meta.url));

/** A process that holds engines; what it says of them. */
async function aHolder(...words: string[]) {
  const child = spawn(process.execPath, [HOLDER, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const { pids, folder }: { pids: number[]; folder: string } = JSON.parse(line);
    return { child, pids, folder };
  }
  throw new TypeError('The holder of engines said nothing');
}

test('engines are gone when the process that started them is killed, and the next one removes their files', async () => {
  const { child, pids, folder } = await aHolder();
  assert.ok(pids.length > 4 && pids.every(isRunning));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until('the end of every engine', () => !pids.some(isRunning));
  assert.ok(existsSync(folder));
  const next = await aHolder();
  assert.equal(existsSync(folder), false);
  next.child.stdin.end('end');
  await once(next.child, 'exit');
  assertGone(next.pids);
  assert.equal(existsSync(next.folder), false);
});

test('what stood frozen when its process was killed is gone when the next engine starts', async () => {
  const { child, pids } = await aHolder('frozen');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until('the end of what could end', () => pids.filter(isRunning).length < pids.length - 1);
  assert.ok(pids.some(isRunning));
  const next = await aHolder();
  next.child.stdin.end('end');
  await until('the end of every engine', () => !pids.some(isRunning));
  await once(next.child, 'exit');
});

test('an engine that does not start says so with the end of its log', async () => {
  await assert.rejects(
    startMosquitto({ lines: ['no_such_setting true'] }),
    /^TypeError: mosquitto ended before it was ready[\s\S]*Unknown configuration variable "no_such_setting"/,
  );
  await assert.rejects(
    startPostgres({ settings: { no_such_setting: 'on' } }),
    /^TypeError: PostgreSQL \(primary\) ended before it was ready[\s\S]*"no_such_setting"/,
  );
});

test('ports of engines lie below those of outgoing connections', async () => {
  await using broker = await startMosquitto();
  const [lowest] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').split('\t').map(Number);
  assert.ok(broker.port >= 20_000 && broker.port < Number(lowest));
});
