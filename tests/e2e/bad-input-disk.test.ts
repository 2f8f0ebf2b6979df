import assert from 'node:assert/strict';

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { REASON } from '@skerry/mqtt';
import { LoopDisk, memoryFolder, program, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { assertAuditClean, assertServes, pointsOf } from './proof.ts';
import { skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const QUICK = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
/** With a ballast of 1 MiB, so that a copy of the folder is small. */
const SMALL = { ...QUICK, SKERRY_JOURNAL_BYTES_MAX: String(32 * 2 ** 20) };
const SERIES = { tenant: 'acme', project: 'plant', device: 'pump', metric: 'n' };
const TOPIC = 'iot/acme/plant/pump/telemetry';

const folder = memoryFolder('bad-disk');
const sound = join(folder.path, 'sound');

before(async () => {
  // a folder with a journal of several batches and a store, to be damaged in copies
  await using server = await ServerProcess.start({ dataDir: sound, env: SMALL });
  using client = await WireClient.join(server.mqttPort, 'pump');
  for (let i = 0; i < 300; i++) {
    client.publish(TOPIC, `{"n":${i}}`);
    if (i % 50 === 49) await client.answered();
  }
  await server.quiet();
});

after(() => folder[Symbol.dispose]());

/** A copy of the sound folder. */
function aCopy(name: string): string {
  const path = join(folder.path, name);
  cpSync(sound, path, { recursive: true });
  return path;
}

/** Writes zeros, or random-looking bytes, over a part of a file. */
function spoil(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

const up = (dataDir: string) => skerry('up --no-demo --http-port 0 --mqtt-port 0', { dataDir, env: SMALL });

/** With its sound files back, a folder serves, everything is there, and the audit agrees. */
async function assertRecovers(dataDir: string, count = 300): Promise<void> {
  await using server = await ServerProcess.start({ dataDir, env: SMALL });
  await server.quiet();
  const points = await pointsOf(server, SERIES);
  assert.deepEqual(
    points.map((point) => point.value),
    Array.from({ length: count }, (_, i) => i),
  );
  await assertServes(server);
  await assertAuditClean(server);
}

test('a damaged segment stops the start with 77, the file and the byte; nothing is changed, and the sound file serves', async () => {
  const dataDir = aCopy('segment');
  const journal = join(dataDir, 'journal');
  const name = String(readdirSync(journal).find((one) => one.endsWith('.seg')));
  const path = join(journal, name);
  const whole = readFileSync(path);
  const at = whole.indexOf('{"n":120}');
  assert.ok(at > 0);
  spoil(path, at, new TextEncoder().encode('{"n":999}'));
  const spoilt = readFileSync(path);
  const said = await up(dataDir);
  assert.equal(said.code, 77, said.err);
  assert.match(said.err, /\[journal-damaged\]/);
  assert.ok(said.err.includes(name), said.err);
  const byte = Number(/byte (\d+)/.exec(said.err)?.[1]);
  assert.ok(byte <= at && byte > at - 20_000, `byte ${byte} is where the batch of byte ${at} begins`);
  assert.equal(existsSync(join(dataDir, 'crashes.jsonl')), false, 'it is not tried again');
  assert.deepEqual(readFileSync(path), spoilt);
  writeFileSync(path, whole);
  await assertRecovers(dataDir);
});

test('a segment cut off in what was known to be durable is damage, not a torn tail', async () => {
  const dataDir = aCopy('cut');
  const journal = join(dataDir, 'journal');
  const path = join(journal, String(readdirSync(journal).find((one) => one.endsWith('.seg'))));
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.indexOf('{"n":250}')));
  const said = await up(dataDir);
  assert.equal(said.code, 77, said.err);
  assert.match(said.err, /\[(journal-damaged|store-ahead)\]/);
  writeFileSync(path, whole);
  await assertRecovers(dataDir);
});

test('a damaged SQLite file stops the start with 77 and its name, and the sound file serves', async () => {
  const dataDir = aCopy('sqlite');
  const store = join(dataDir, 'series', 'default');
  const name = String(readdirSync(store).find((one) => /^\d{4}-\d\d-\d\d\.db$/.test(one)));
  const path = join(store, name);
  const whole = readFileSync(path);
  const noise = Uint8Array.from({ length: 65_536 }, (_, i) => (i * 151 + 7) & 0xff);
  const ways: readonly [what: string, damage: () => void][] = [
    ['its header', () => spoil(path, 0, noise.subarray(0, 100))],
    ['all pages behind the first', () => spoil(path, 8_192, Buffer.alloc(whole.length - 8_192, 0xa5))],
    ['its length', () => writeFileSync(path, whole.subarray(0, 8_192))],
    ['everything', () => writeFileSync(path, 'this is no database')],
  ];
  for (const [what, damage] of ways) {
    damage();
    const said = await up(dataDir);
    assert.equal(said.code, 77, `${what}: ${said.err}`);
    assert.match(said.err, /\[store-damaged\]/, what);
    assert.ok(said.err.includes(name), `${what}: ${said.err}`);
    rmSync(`${path}-wal`, { force: true });
    rmSync(`${path}-shm`, { force: true });
    writeFileSync(path, whole);
  }
  await assertRecovers(dataDir);
});

test('a folder of another journal beside the store is refused, and so is a store without its journal', async () => {
  const dataDir = aCopy('foreign');
  rmSync(join(dataDir, 'journal'), { recursive: true });
  const said = await up(dataDir);
  assert.equal(said.code, 77, said.err);
  assert.match(said.err, /\[(store-ahead|journal-foreign|journal-changed)\]/);
});

test('a data folder that cannot be written is refused with 4, its name and what to do', async () => {
  using disk = LoopDisk.create(folder.path, 'read-only', 32);
  const dataDir = join(disk.path, 'store');
  cpSync(sound, dataDir, { recursive: true });
  assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk.path]).status, 0);
  const said = await up(dataDir);
  assert.equal(said.code, 4, said.err);
  assert.match(said.err, /data folder .*SKERRY_DATA_DIR.*\[data-folder-unusable\]/);
  assert.ok(said.err.includes(dataDir));
  const file = await up(join(sound, 'token'));
  assert.equal(file.code, 4, file.err);
  assert.equal(spawnSync('mount', ['-o', 'remount,rw', disk.path]).status, 0);
  await assertRecovers(dataDir);
});

/** Fills a disk to the last byte. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let size = 1 << 20; size > 0; ) {
      try {
        if (writeSync(file, Buffer.alloc(size, 0x5a)) < size) size >>= 1;
      } catch (cause) {
        if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC')) throw cause;
        size >>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Whether the server says that it takes messages, and why not. */
async function readinessOf(server: ServerProcess): Promise<{ ready: boolean; codes: string[] }> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/ready`);
  const { ready, reasons } = (await response.json()) as { ready: boolean; reasons: { code: string }[] };
  assert.equal(response.status, ready ? 200 : 503);
  return { ready, codes: reasons.map(({ code }) => code) };
}

test('on a full disk acknowledgements stop, reads and /health work, and it heals by itself without losing anything', async () => {
  using disk = LoopDisk.create(folder.path, 'full', 64);
  const dataDir = join(disk.path, 'store');
  await using server = await ServerProcess.start({ dataDir, env: QUICK });
  using client = await WireClient.join(server.mqttPort, 'pump', 4);
  let sent = 0;
  const send = (count: number): void => {
    const pad = 'x'.repeat(2_000);
    for (let i = 0; i < count; i++) client.publish(TOPIC, `{"n":${sent++},"pad":"${pad}"}`);
  };
  send(500);
  await client.answered();
  await server.quiet();
  const ballast = join(disk.path, 'neighbour');
  fill(ballast);
  // the client goes on until nothing is acknowledged any more
  await until('no acknowledgement', async () => {
    if (client.unanswered < 1_000) send(500);
    const { ready } = await readinessOf(server);
    return !ready && client.unanswered > 0;
  });
  const { codes } = await readinessOf(server);
  assert.ok(
    codes.some((code) => code === 'disk-full' || code === 'journal-full'),
    codes.join(),
  );
  const acked = sent - client.unanswered;
  // reads and health go on, and MQTT 5 is told
  assert.deepEqual(await server.get('/health'), { status: 'ok' });
  assert.equal((await pointsOf(server, SERIES)).length >= 500, true);
  assert.equal((await server.ledger()).isBalanced, true);
  assert.equal((await skerry('devices -o ndjson', { dataDir })).code, 0);
  using modern = await WireClient.join(server.mqttPort, 'modern', 5);
  assert.equal(await modern.accepted('iot/acme/plant/modern/telemetry', '{"n":1}'), REASON.quotaExceeded);
  assert.equal(sent - client.unanswered, acked, 'nothing was acknowledged meanwhile');
  rmSync(ballast);
  await client.answered(60_000);
  await until('readiness', async () => (await readinessOf(server)).ready);
  send(100);
  await client.answered();
  await server.quiet();
  const points = await pointsOf(server, SERIES);
  assert.deepEqual(
    points.map((point) => point.value),
    Array.from({ length: sent }, (_, i) => i),
  );
  assert.equal(existsSync(join(dataDir, 'crashes.jsonl')), false, 'no process has ended over it');
  await assertServes(server);
  await assertAuditClean(server);
});

/** Resolves when a server that was just started on the folder answers, ready or not; gives where its API is. */
function risen(dataDir: string, isNew: (run: { pid: number; childPid: number }) => boolean): Promise<string> {
  return until('a start on the full disk', async () => {
    const path = join(dataDir, 'run.json');
    if (!existsSync(path)) return undefined;
    const run = JSON.parse(readFileSync(path, 'utf8'));
    if (!isNew(run)) return undefined;
    const url = `http://127.0.0.1:${run.http.port}`;
    // a run.json that is told before its server listens would be a fault of its own
    assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: 'ok' });
    return url;
  });
}

/** On the full disk everything acknowledged can be read, and nothing is taken in. */
async function assertHoldsStill(dataDir: string, acked: number): Promise<void> {
  const run = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8'));
  const told = await until('what was acknowledged', async () => {
    const said = await skerry(
      'telemetry query --tenant acme --project plant --device pump --metric n --from 2000-01-01 -o ndjson',
      { dataDir },
    );
    assert.equal(said.code, 0, said.err);
    const lines = said.out.split('\n').filter((line) => line !== '');
    return lines.length >= acked && lines;
  });
  assert.ok(told.length >= acked);
  using modern = await WireClient.join(run.mqtt.port, 'modern', 5);
  assert.equal(await modern.accepted('iot/acme/plant/modern/telemetry', '{"n":1}'), REASON.quotaExceeded);
}

/** Starts on a full disk, sees that what was acknowledged is read and nothing taken in, makes room, and sees it heal. */
async function startOnFullDisk(dataDir: string, neighbour: string, acked: number): Promise<void> {
  await using stack = new AsyncDisposableStack();
  fill(neighbour);
  const run = join(dataDir, 'run.json');
  const before = existsSync(run) ? readFileSync(run, 'utf8') : '';
  const starting = ServerProcess.start({ dataDir, env: QUICK });
  stack.defer(async () => (await starting)[Symbol.asyncDispose]());
  stack.defer(() => rmSync(neighbour, { force: true }));
  await Promise.race([
    starting,
    risen(dataDir, ({ childPid }) => !before.includes(`"childPid":${childPid},`)),
  ]);
  fill(neighbour);
  await assertHoldsStill(dataDir, acked);
  rmSync(neighbour);
  const server = await starting;
  await until('readiness', async () => (await readinessOf(server)).ready);
  await server.quiet();
  const values = (await pointsOf(server, SERIES)).map((point) => Number(point.value));
  assert.deepEqual(
    values.slice(0, acked),
    Array.from({ length: acked }, (_, i) => i),
  );
  assert.equal(server.hasCrashed, false);
  await assertServes(server);
  await assertAuditClean(server);
}

test('a kill on a full disk, and starts on it, lose nothing, and the server heals by itself when room is made', async () => {
  using disk = LoopDisk.create(folder.path, 'full-kill', 64);
  const dataDir = join(disk.path, 'store');
  const neighbour = join(disk.path, 'neighbour');
  await using first = await ServerProcess.start({ dataDir, env: QUICK });
  using client = await WireClient.join(first.mqttPort, 'pump', 4);
  for (let i = 0; i < 400; i++) client.publish(TOPIC, `{"n":${i}}`);
  await client.answered();
  fill(neighbour);
  for (let i = 400; i < 4_000; i++) client.publish(TOPIC, `{"n":${i},"pad":"${'y'.repeat(3_000)}"}`);
  await until('no readiness', async () => !(await readinessOf(first)).ready);
  const acked = client.all('puback').length;
  assert.ok(acked < 4_000, 'the disk was full before the end');
  fill(neighbour);
  const { server: killed } = first.pids;
  await first.killServer(); // its supervisor stays, and starts the next one
  await risen(dataDir, (run) => run.childPid !== killed);
  fill(neighbour);
  await assertHoldsStill(dataDir, acked);
  await first.kill();
  await startOnFullDisk(dataDir, neighbour, acked);
  assert.equal(existsSync(join(dataDir, 'run.json')), false, 'it has ended in an orderly way');
  await startOnFullDisk(dataDir, neighbour, acked);
});

test('a start on a new folder waits for room on a full disk, and works when it is made', async () => {
  using disk = LoopDisk.create(folder.path, 'full-new', 64);
  const neighbour = join(disk.path, 'neighbour');
  for (const name of ['made', 'not-made']) {
    const dataDir = join(disk.path, name);
    if (name === 'made') mkdirSync(dataDir);
    fill(neighbour);
    const child = spawn(
      process.execPath,
      [program(), ...'up --no-demo --http-port 0 --mqtt-port 0'.split(' ')],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'], // the last one ends it with this process
        env: { PATH: process.env.PATH, SKERRY_PARENT_FD: '3', SKERRY_DATA_DIR: dataDir, ...SMALL },
      },
    );
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const ended = once(child, 'close');
    try {
      await until(
        'two tries',
        () => err.split('[disk-full]').length > 2,
        60_000,
        () => err,
      );
      rmSync(neighbour);
      await until(
        'a start',
        () => out.includes('is running'),
        60_000,
        () => err,
      );
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
    await assertRecovers(dataDir, 0);
  }
});

test('doctor warns of a disk whose blocks are smaller than a page of memory', async () => {
  using disk = LoopDisk.create(folder.path, 'small-blocks', 64, 1_024);
  const said = await skerry('doctor --http-port 0 --mqtt-port 0 -o json', { dataDir: disk.path });
  const findings = JSON.parse(said.out) as {
    check: string;
    verdict: string;
    found: string;
    advice: string;
  }[];
  const { found, advice } = findings.find(({ check }) => check === 'disk') ?? {};
  assert.match(String(found), /in blocks of 1024 bytes$/);
  assert.match(String(advice), /SIGBUS/);
});

test('doctor on a full disk tells of it in rows of their own, and leaves nothing on it', async () => {
  using disk = LoopDisk.create(folder.path, 'full-doctor', 16);
  fill(join(disk.path, 'neighbour'));
  const said = await skerry('doctor --http-port 0 --mqtt-port 0 -o json', { dataDir: disk.path });
  assert.equal(said.code, 1, said.err);
  const findings = JSON.parse(said.out) as {
    check: string;
    verdict: string;
    found: string;
    advice: string;
  }[];
  const of = (check: string) => findings.find((one) => one.check === check);
  assert.equal(of('data folder')?.verdict, 'ok');
  for (const check of ['disk', 'fsync']) {
    assert.equal(of(check)?.verdict, 'fault', check);
    assert.match(String(of(check)?.advice), /^Free room on this disk/);
  }
  assert.match(String(of('disk')?.found), /^full: 0 /);
  for (const name of ['.probe', '.sync-probe']) assert.equal(existsSync(join(disk.path, name)), false, name);
});
