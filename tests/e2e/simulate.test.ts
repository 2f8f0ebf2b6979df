import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { rowsOf, type Said, skerry } from './skerry-line.ts';

const folder = memoryFolder('simulate');
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const simulate = (line: string): Promise<Said> =>
  skerry(`simulate ${line} -o json`, { dataDir: server.dataDir });

test('simulate publishes a world: every message is stored, and the same seed and start give the same messages', async () => {
  const words = 'traffic --devices 5 --start 2026-05-01T07:00:00Z --duration 2m --speed max --seed 5';
  const first = await simulate(`${words} --project one`);
  assert.equal(first.code, 0, first.err);
  const summary = JSON.parse(first.out);
  assert.equal(summary.published, 600);
  assert.equal(summary.acked, 600);
  assert.equal(summary.until, '2026-05-01T07:02:00Z');
  await server.quiet();
  const again = JSON.parse((await simulate(`${words} --project one`)).out);
  assert.equal(again.digest, summary.digest);
  const other = JSON.parse((await simulate(words.replace('seed 5', 'seed 6'))).out);
  assert.notEqual(other.digest, summary.digest);
  await server.quiet();
  const ledger = JSON.parse((await skerry('ledger -o json', { dataDir: server.dataDir })).out);
  const one = ledger.projects.find(({ project }: { project: string }) => project === 'one');
  assert.deepEqual([one.received, one.stored, one.deduplicated, one.deadLettered], [1_200, 600, 600, 0]);
  const query = 'telemetry query --tenant demo --project one --device crossing-1 --metric arrived';
  const said = await skerry(
    `${query.replace('crossing-1', 'crossing-01')} --from 2026-05-01 --to 2026-05-02 -o ndjson`,
    { dataDir: server.dataDir },
  );
  assert.equal(rowsOf(said.out).length, 120);
});

test('simulate over --url reaches an instance by its address alone, and says what is wrong with flags', async () => {
  const url = `mqtt://127.0.0.1:${server.mqttPort}`;
  const said = await skerry(`simulate wind-farm --devices 2 --duration 5s --speed max --url ${url} -o json`);
  assert.equal(said.code, 0, said.err);
  assert.equal(JSON.parse(said.out).acked, 10);
  const wrong: [string, RegExp][] = [
    ['windfarm', /did you mean wind-farm\?/],
    ['factory --devices 0', /--devices: found 0, wanted a whole number from 1 to 100000/],
    ['factory --rate 0', /--rate: found 0, wanted a number above 0/],
    ['factory --speed fast', /--speed: found "fast", wanted a number above 0, or max/],
    ['factory --duration 5', /--duration: found "5", wanted a duration/],
    ['factory --start 2099-01-01', /--start: found "2099-01-01", wanted a moment from 2000 to now/],
    ['factory --url http://x', /--url: found "http:\/\/x", wanted mqtt:\/\/HOST/],
    ['factory --url mqtt://u:p@x', /--url: found a password, wanted it in a file/],
  ];
  for (const [words, message] of wrong) {
    const { code, err } = await skerry(`simulate ${words}`, { dataDir: server.dataDir });
    assert.equal(code, 2, words);
    assert.match(err, message);
  }
});

test('simulate chaos: every bad input is answered as expected, and the ledger balances after it', async () => {
  const said = await skerry('simulate chaos -o json', { dataDir: server.dataDir, mostMs: 90_000 });
  const rows = JSON.parse(said.out) as { input: string; verdict: string; detail: string }[];
  assert.deepEqual(
    rows.filter(({ verdict }) => verdict !== 'yes'),
    [],
  );
  assert.equal(said.code, 0);
  assert.ok(rows.length > 40);
  assert.match(said.err, /All \d+ bad inputs were answered as expected/);
  const ledger = JSON.parse((await skerry('ledger -o json', { dataDir: server.dataDir })).out);
  assert.equal(ledger.balanced, true);
  const run = await chaosOverApi();
  const project = /as chaos\/([0-9a-f]+)/.exec(said.err)?.[1];
  assert.deepEqual(await lettersOf(run.project), await lettersOf(String(project)));
  assert.deepEqual(
    run.rows.map(({ verdict, detail }) => ({ verdict, detail: withoutProject(detail, run.project) })),
    rows.map(({ verdict, detail }) => ({ verdict, detail: withoutProject(detail, String(project)) })),
  );
  const { stored, deadLettered, refused, closed, wrong } = run.counts;
  assert.deepEqual([run.state, run.sent, wrong], ['done', run.inputs, 0]);
  assert.equal(stored + deadLettered + refused + closed, run.inputs);
});

interface ChaosRun {
  readonly id: string;
  readonly project: string;
  readonly state: string;
  readonly sent: number;
  readonly inputs: number;
  readonly counts: Readonly<Record<'stored' | 'deadLettered' | 'refused' | 'closed' | 'wrong', number>>;
  readonly rows: readonly { readonly verdict: string; readonly detail: string }[];
}

/** Runs chaos as the button of the page does. */
async function chaosOverApi(): Promise<ChaosRun> {
  const headers = { 'content-type': 'application/json' };
  const started = await server.ask('/api/v1/chaos', { method: 'POST', body: '{}', headers });
  assert.equal(started.status, 200, await started.clone().text());
  const { id } = (await started.json()) as ChaosRun;
  const second = await server.ask('/api/v1/chaos', { method: 'POST', body: '{}', headers });
  assert.equal(second.status, 409, await second.text());
  const newest = async () => {
    const { items } = (await server.get('/api/v1/chaos')) as { items: ChaosRun[] };
    return items.find((run) => run.id === id);
  };
  await until('the end of the run', async () => (await newest())?.state !== 'running', 90_000);
  const run = await newest();
  assert.ok(run);
  return run;
}

/** What every dead letter of a run's devices says of itself, with those whose topic named none. */
async function lettersOf(project: string): Promise<string[]> {
  interface Letter {
    readonly client: string;
    readonly device: string;
    readonly reason: string;
    readonly detail: string;
    readonly payloadBytes: number;
  }
  const { items } = (await server.get('/api/v1/dead-letters?limit=1000')) as { items: Letter[] };
  const ours = items.filter(({ client }) => client.startsWith(`skerry-chaos-${project}-`));
  assert.ok(ours.length > 15, `${ours.length} dead letters`);
  return ours.map(({ device, reason, detail, payloadBytes }) =>
    JSON.stringify([device, reason, withoutProject(detail, project), payloadBytes]),
  );
}

const withoutProject = (text: string, project: string) => text.replaceAll(project, 'project');

test('a simulation that is started over the API publishes as devices do, begins anew, and ends', async () => {
  const ask = async (path: string, method: string, body?: unknown) => {
    const response = await server.ask(`/api/v1/simulations${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()) as { id: string; seed: number; started: string; published: number };
  };
  const made = await ask('', 'POST', { world: 'traffic', devices: 5, seed: 4, rate: 2, project: 'button' });
  const storedOf = async () => {
    const { accounts } = (await server.get('/api/v1/devices/demo/button/crossing-01')) as {
      accounts: { stored: number };
    };
    return accounts.stored;
  };
  await until('messages', async () => {
    const response = await server.ask('/api/v1/devices/demo/button/crossing-01');
    await response.arrayBuffer();
    return response.status === 200 && (await storedOf()) >= 3;
  });
  const again = await ask(`/${made.id}/restart`, 'POST', { seed: 5 });
  assert.equal(again.seed, 5);
  assert.ok(again.started > made.started);
  const before = await storedOf();
  await until('messages of the new course', async () => (await storedOf()) > before + 1);
  await ask(`/${made.id}`, 'DELETE');
  const { items } = (await server.get('/api/v1/simulations')) as { items: unknown[] };
  assert.deepEqual(items, []);
  await server.quiet();
  const device = (await server.get('/api/v1/devices/demo/button/crossing-01')) as {
    seqResets: number;
    gaps: number;
    accounts: { deduplicated: number };
  };
  // the new course has an epoch of its own: nothing of it is taken for what came before
  assert.deepEqual([device.seqResets, device.gaps, device.accounts.deduplicated], [1, 0, 0]);
});

test('demo reset says that there is no demo where none runs', async () => {
  const said = await skerry('demo reset', { dataDir: server.dataDir });
  assert.equal(said.code, 5);
  assert.match(said.err, /No demo runs here.*skerry simulate wind-farm.*\[not-running\]/);
});

test('demo reset begins the demo anew under the seed it is given', async () => {
  await using island = await ServerProcess.start({
    dataDir: join(folder.path, 'demo'),
    env: { SKERRY_DEMO: 'true' },
  });
  const said = await skerry('demo reset --seed 77 -o json', { dataDir: island.dataDir });
  assert.equal(said.code, 0, said.err);
  assert.equal(JSON.parse(said.out).seed, 77);
  assert.match(said.err, /stays stored until it ages out/);
  const { items } = (await island.get('/api/v1/simulations')) as { items: { id: string; seed: number }[] };
  assert.deepEqual(
    items.map(({ id, seed }) => [id, seed]),
    [['demo', 77]],
  );
});
