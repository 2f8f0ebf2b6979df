import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type HarbourOptions, openHarbour } from './testing/harbour.ts';
import { openIsland } from './testing/island.ts';

const CSV = 'timestamp,temp,rpm\n2024-07-01 12:00:00,21.5,900\n2024-07-01 12:00:01,9007199254740993,\n';

/** A recording on disk, a broker, an instance that announces it. */
async function openQuay(text: string, options: HarbourOptions & { readonly name?: string } = {}) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(mkdtempDisposableSync(join(tmpdir(), 'skerry-replay-')));
  const file = join(folder.path, options.name ?? 'press-4.csv');
  writeFileSync(file, text);
  const harbour = stack.use(await openHarbour(options));
  const island = stack.use(await openIsland());
  island.announceMqtt(harbour.port);
  const replay = (flags: string, lineOptions = {}) =>
    island.skerry(['replay', file, ...flags.split(' ').filter((word) => word !== '')], lineOptions);
  return { file, harbour, island, replay, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const withoutId = (text: string): unknown =>
  JSON.parse(text, (key, value) => (key === 'messageId' ? undefined : value));

test('replay publishes every row with its time, exact, and ends with 0 when all are acknowledged', async () => {
  await using quay = await openQuay(CSV);
  const { code, out, err } = await quay.replay(
    '--speed max --project plant --time-zone Europe/Berlin -o json',
  );
  assert.equal(code, 0, err);
  const { arrivals } = quay.harbour;
  assert.deepEqual(new Set(arrivals.map((one) => one.topic)), new Set(['iot/local/plant/press-4/telemetry']));
  assert.deepEqual(withoutId(arrivals[0]?.text ?? ''), {
    timestamp: '2024-07-01T10:00:00.000000Z',
    temp: 21.5,
    rpm: 900,
  });
  assert.match(
    arrivals[1]?.text ?? '',
    /^\{"timestamp":"2024-07-01T10:00:01\.000000Z","messageId":"[0-9a-f]{12}-3","temp":9007199254740993\}$/,
  );
  const { seconds, ...summary } = JSON.parse(out);
  assert.ok(Number.isFinite(seconds));
  assert.deepEqual(summary, { published: 2, acked: 2, refused: 0, resent: 0, reconnects: 0 });
  assert.match(
    err,
    /^Replaying 2 rows of .*press-4\.csv to 127\.0\.0\.1:\d+ as local\/plant, device press-4, as fast/,
  );
  assert.match(err, /Times that name no zone are read in Europe\/Berlin\.\n/);
});

test('replay maps columns, and takes the device of each row from a column', async () => {
  await using quay = await openQuay('ts,unit,t,x\n1700000000,a7,1,2\n1700000001,a8,3,4\n');
  const { code } = await quay.replay('--speed max --device-column unit --columns t=temperature');
  assert.equal(code, 0);
  assert.deepEqual(
    quay.harbour.arrivals.map((one) => [one.topic, withoutId(one.text)]),
    [
      ['iot/local/replay/a7/telemetry', { timestamp: '2023-11-14T22:13:20.000000Z', temperature: 1 }],
      ['iot/local/replay/a8/telemetry', { timestamp: '2023-11-14T22:13:21.000000Z', temperature: 3 }],
    ],
  );
});

test('replay reads JSON lines, and publishes to a topic of the person’s own', async () => {
  await using quay = await openQuay('{"time":1700000000,"v":12345678901234567890,"deep":{"a":[1,2]}}\n', {
    name: 'x.jsonl',
  });
  const { code } = await quay.replay('--speed max --topic my/{project}/{device} --device d');
  assert.equal(code, 0);
  assert.equal(quay.harbour.arrivals[0]?.topic, 'my/replay/d');
  assert.match(quay.harbour.arrivals[0]?.text ?? '', /"v":12345678901234567890,"deep":\{"a":\[1,2\]\}\}$/);
});

test('replay ends with 1 and the figures when not everything was acknowledged', async () => {
  await using refusing = await openQuay(CSV, { answer: (number) => (number === 1 ? 0 : 0x97) });
  const refused = await refusing.replay('--speed max -o json');
  assert.equal(refused.code, 1);
  assert.deepEqual([JSON.parse(refused.out).acked, JSON.parse(refused.out).refused], [1, 1]);
  assert.match(
    refused.err,
    /refused 1 rows with the reason 0x97\.\nNOT complete: 1 rows were acknowledged of 2\.\n$/,
  );
  await using silent = await openQuay(CSV, { answer: (number) => (number === 1 ? 0 : undefined) });
  const given = await silent.replay('--speed max --patience 0.2');
  assert.equal(given.code, 1);
  assert.match(given.err, /Nothing was acknowledged for 0\.2 s; given up\. skerry doctor/);
});

test('replay sends what was cut off again under its message id, and is complete then', async () => {
  let isCut = false;
  await using quay = await openQuay(CSV, {
    answer: () => {
      if (isCut) return 0;
      isCut = true;
      queueMicrotask(() => quay.harbour.cut());
      return undefined;
    },
  });
  const { code, out } = await quay.replay('--speed max -o json');
  assert.equal(code, 0);
  const ids = quay.harbour.arrivals.map((one) => JSON.parse(one.text).messageId as string);
  assert.equal(new Set(ids).size, 2);
  assert.ok(ids.length > 2, 'nothing was sent again');
  assert.deepEqual([JSON.parse(out).acked, JSON.parse(out).reconnects], [2, 1]);
});

test('replay tells what was sent before a bad row, and goes on from it', async () => {
  const text = 'timestamp,v\n2024-01-01 00:00:00,1\n2024-01-01 00:00:01,2\nnoon,3\n';
  await using quay = await openQuay(text);
  const broken = await quay.replay('--speed max -o json');
  assert.equal(broken.code, 6);
  assert.deepEqual([JSON.parse(broken.out).published, JSON.parse(broken.out).acked], [2, 2]);
  assert.match(broken.err, /--from-line 3: those before were sent\.\n.*line 4: found time "noon"/);
  writeFileSync(quay.file, text.replace('noon', '2024-01-01 00:00:02'));
  const rest = await quay.replay('--speed max --from-line 3 -o json');
  assert.equal(rest.code, 0, rest.err);
  assert.deepEqual(
    quay.harbour.arrivals.map((one) => JSON.parse(one.text).v),
    [1, 2, 3],
  );
});

test('replay draws a bar with rate, acknowledged and remaining on a terminal only', async () => {
  await using quay = await openQuay(CSV);
  const terminal = await quay.replay('--speed max', { isTerminal: true });
  assert.ok(terminal.err.includes('\r\u001b[K['));
  assert.match(
    terminal.err,
    /\[#{24}\] 100 % 2 published, 2 acknowledged, 0 remaining, \d+\/s\n\nNext: npx skerry devices /,
  );
  const plain = await quay.replay('--speed max');
  assert.match(plain.err, /\n2 published, 2 acknowledged, 0 remaining, \d+\/s\n$/);
  assert.ok(!plain.err.includes('\u001b') && !plain.err.includes('\r'));
});

test('replay ends with 130 when it is interrupted between two rows', async () => {
  await using quay = await openQuay('timestamp,v\n2024-01-01 00:00:00,1\n2024-01-01 01:00:00,2\n');
  const stop = new AbortController();
  const { code, err } = await quay.replay('--speed 2', {
    signal: stop.signal,
    isTerminal: true,
    onErr: (text: string) => text.includes('1 acknowledged') && stop.abort(),
  });
  assert.equal(code, 130);
  assert.match(err, /NOT complete: 1 rows were acknowledged of 2\.\n$/);
});

test('replay says what is wrong with a recording or a flag, and publishes nothing of it', async () => {
  await using quay = await openQuay(CSV);
  await using binary = await openQuay('\u0000\u0001,\u0002\n');
  await using late = await openQuay('timestamp,v\nnoon,1\n');
  await using deep = await openQuay('timestamp,unit,v\n2024-01-01 00:00:00,a/b,1\n');
  const cases: [string, number, RegExp, typeof quay][] = [
    ['', 6, /line 1: wanted a header line.*\[recording-unreadable\]/, binary],
    ['--speed max', 6, /line 2: found time "noon" in column timestamp, wanted/, late],
    ['--device-column unit', 6, /line 2: found the device "a\/b", wanted an id without/, deep],
    ['--time-column stamp', 6, /found columns timestamp, temp, rpm, wanted a time column/, quay],
    ['--device-column unit', 6, /found columns timestamp, temp, rpm, wanted a device in column unit/, quay],
    ['--columns tmp', 2, /found "tmp", wanted a column of the recording; did you mean temp\?/, quay],
    ['--columns temp=', 2, /--columns: found "temp=", wanted COLUMN or COLUMN=METRIC/, quay],
    ['--speed fast', 2, /--speed: found "fast", wanted a number above 0, or max/, quay],
    [
      '--time-zone Europe/Berlinn',
      2,
      /--time-zone: found "Europe\/Berlinn".*did you mean Europe\/Berlin\?/,
      quay,
    ],
    ['--device a/b', 2, /--device: found "a\/b", wanted an id/, quay],
    ['--topic x/{line}', 2, /--topic: found \{line\}, wanted \{tenant\}/, quay],
    ['--topic x/+', 2, /\[topic-invalid\]/, quay],
    ['--patience 0', 2, /--patience: found 0/, quay],
  ];
  for (const [flags, code, message, where] of cases) {
    const said = await where.replay(flags);
    assert.equal(said.code, code, `${flags}: ${said.err}`);
    assert.match(said.err, message, flags);
  }
  assert.equal([quay, binary, late, deep].flatMap(({ harbour }) => harbour.arrivals).length, 0);
  const missing = await quay.island.skerry('replay /nonexistent.csv');
  assert.equal(missing.code, 6);
  assert.match(missing.err, /Reading \/nonexistent\.csv failed: .*ENOENT/);
});

test('replay says when the configured topics do not take what it publishes', async () => {
  await using quay = await openQuay(CSV);
  quay.island.scene.platform.config = {
    ...quay.island.scene.platform.config,
    values: { routing: { telemetry: ['plant/{tenantId}/{projectId}/{deviceId}'] } },
  };
  const { err } = await quay.replay('--speed max');
  assert.match(err, /no telemetry topic iot\/.*--topic: plant\/\{tenantId\}\/\{projectId\}\/\{deviceId\}\n/);
});

/** A FIFO beside the recording of a quay. */
function aFifo(quay: { readonly file: string }, name: string): string {
  const fifo = join(dirname(quay.file), name);
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  return fifo;
}

for (const [name, text] of [
  ['pipe.csv', CSV],
  ['pipe.jsonl', '{"ts":1700000000,"a":1}\n{"ts":1700000001,"a":2}\n'],
] as const) {
  test(`replay reads the FIFO ${name} once, without a total, and publishes all that its writer wrote`, async () => {
    await using quay = await openQuay(text);
    const fifo = aFifo(quay, name);
    const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', quay.file, fifo], { stdio: 'ignore' });
    const ended = once(writer, 'exit');
    const { code, err } = await quay.island.skerry(['replay', fifo, '--speed', 'max']);
    assert.deepEqual([code, quay.harbour.arrivals.length], [0, 2], err);
    assert.match(err, /^Replaying the rows of .*2 published, 2 acknowledged, 0 remaining/s);
    assert.deepEqual(await ended, [0, null]);
  });
}

test('replay of a FIFO whose writer falls silent ends when it is interrupted, and leaves nothing that blocks', async () => {
  const interrupt = new AbortController();
  const answer = (number: number) => {
    if (number === 1) interrupt.abort();
    return 0;
  };
  await using quay = await openQuay(CSV, { answer });
  const fifo = aFifo(quay, 'silent.csv');
  const script = 'exec 3> "$2"; cat "$1" >&3; read line';
  const writer = spawn('sh', ['-c', script, 'sh', quay.file, fifo], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(writer, 'exit');
  const { code, err } = await quay.island.skerry(['replay', fifo, '--speed', 'max'], {
    signal: interrupt.signal,
  });
  assert.equal(code, 130, err);
  assert.match(err, /NOT complete: \d rows were acknowledged of the 1 read so far/);
  writer.stdin?.end();
  await ended;
});

test('replay says that there was no row in a file with a header alone, or behind --from-line', async () => {
  await using quay = await openQuay('timestamp,temp\n');
  const { code, err } = await quay.replay('--speed max');
  assert.deepEqual([code, quay.harbour.arrivals.length], [0, 0]);
  assert.match(err, /There was no row in .*press-4\.csv, so nothing was published\.\n/);
  await using full = await openQuay(CSV);
  assert.match(
    (await full.replay('--speed max --from-line 9')).err,
    /no row in .* from the row 9 on, so nothing/,
  );
  assert.doesNotMatch((await full.replay('--speed max')).err, /no row/);
});

test('replay says what becomes of rows on a topic of its own that no template takes', async () => {
  await using quay = await openQuay(CSV);
  const configure = (unmatched: string) => {
    const routing = { telemetry: ['iot/{tenantId}/{projectId}/{deviceId}/telemetry'], unmatched };
    quay.island.scene.platform.config = { ...quay.island.scene.platform.config, values: { routing } };
  };
  for (const [unmatched, consequence] of [
    ['messaging', 'delivered to subscribers and not stored'],
    ['refuse', 'refused'],
    ['deadLetter', 'set aside as a dead letter'],
  ] as const) {
    configure(unmatched);
    const { err } = await quay.replay('--speed max --topic foo/{device}');
    const told = `The instance has no telemetry topic foo/{device}, so what is published there is ${consequence};`;
    assert.ok(err.includes(told), err);
  }
  const ours = await quay.replay('--speed max --topic iot/a/{project}/{device}/telemetry');
  assert.doesNotMatch(ours.err, /no telemetry topic/);
});

test('replay ends with 5 when nothing listens for MQTT', async () => {
  await using quay = await openQuay(CSV);
  quay.island.announceMqtt(1);
  const { code, err } = await quay.replay('--speed max');
  assert.equal(code, 5);
  assert.match(err, /Cannot connect to 127\.0\.0\.1 port 1.*\[connect-failed\]/);
});
