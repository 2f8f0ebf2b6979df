import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import { LIMITS } from '@skerry/pipeline';
import { migrate, requireSchema, SCHEMA_VERSION, schemaSql } from '@skerry/series/postgres';
import {
  aDeadLetter,
  aSeal,
  hasCode,
  NOON,
  type SamplePoint,
  StepClock,
  someSeries,
  workAll,
} from '@skerry/series/testing';
import { startPostgres } from '@skerry/testkit/engines';
import { aPool, aSchema, aStore, olderSchema } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

const DAY = 86_400_000_000;
const MINUTE = 60_000_000;

test('openPostgresStore: a schema of a newer version is refused and left as it is', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  await server.sql(`INSERT INTO "${schema}".schema_versions(version) VALUES (99)`);
  await assert.rejects(aStore(pool), (fault) => {
    assert.match(String(fault), /its version is 99, and this build knows \d+; start the newer build/);
    return hasCode('store-schema-newer')(fault);
  });
  assert.equal(await server.sql(`SELECT epoch FROM "${schema}".sources`), '1');
});

test('requireSchema: a database or a schema without tables of Skerry is told as that, and not as damage', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await assert.rejects(requireSchema(pool), (fault) => {
    assert.match(
      String(fault),
      /database skerry: .*in the schema skerry_\w+; .*postgres\.url.*postgres\.schema/,
    );
    return hasCode('store-not-opened')(fault);
  });
  await using store = await aStore(pool);
  await requireSchema(pool);
  assert.equal((await store.load()).sealNumber, 0);
});

test('openPostgresStore: a source beyond the numbers of a schema is refused with a code of its own, one that is known is not', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using known = await aStore(pool);
  await server.sql(`INSERT INTO "${schema}".sources(id, journal_id, label, epoch, owner, opened)
    SELECT i, 'gone ' || i, 'iot.gone/0', 1, 'test', now() FROM generate_series(1, 4094) i`);
  await using last = await aStore(pool, { journalId: 'aa'.repeat(16) });
  const beyond = aStore(pool, { journalId: 'bb'.repeat(16) });
  await assert.rejects(beyond, hasCode('store-sources-full'));
  await using again = await aStore(pool);
  for (const store of [last, again]) assert.equal((await store.load()).sealNumber, 0);
  await assert.rejects(known.load(), hasCode('store-fenced'));
});

test('openPostgresStore: several that start at once bring an empty database to its version once', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema, { connectionsMax: 6 });
  const journals = ['aa', 'bb', 'cc', 'dd'].map((two) => two.repeat(16));
  const stores = await Promise.all(journals.map((journalId) => aStore(pool, { journalId })));
  const versions = await server.sql(`SELECT version FROM "${schema}".schema_versions ORDER BY version`);
  assert.deepEqual(
    versions.split('\n').map(Number),
    Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1),
  );
  assert.equal(
    await server.sql(`SELECT string_agg(id::text, ',' ORDER BY id) FROM "${schema}".sources`),
    '0,1,2,3',
  );
  for (const store of stores) await store[Symbol.asyncDispose]();
});

test('migrate: a statement that takes longer than those of the pool may is waited for', async () => {
  const database = `slow_${process.pid}`;
  await server.sql(`CREATE DATABASE ${database}`);
  await server.sql(
    `CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); END $$;
     CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION slow()`,
    database,
  );
  await using pool = aPool(server.url(database), 'skerry', { statementMs: 1_000 });
  await migrate(pool, silentLogger);
  const made = await server.sql('SELECT max(version) FROM skerry.schema_versions', database);
  assert.equal(made, String(SCHEMA_VERSION));
});

test('migrate: a schema of every earlier version keeps its points, and is written on', async () => {
  for (let version = 1; version < SCHEMA_VERSION; version++) {
    await using pool = aPool(server.url(), aSchema());
    await olderSchema(pool, version, false);
    await migrate(pool, silentLogger);
    await using store = await aStore(pool);
    await store.load();
    await store.seal(aSeal(1, [{ series: 0, time: NOON, value: 1_000, offset: 200, ordinal: 0 }]));
    assert.equal(
      await server.sql(`SELECT count(*), sum(value) FROM ${pool.schema}.telemetry`),
      '101|6050',
      `from version ${version}`,
    );
  }
});

test("openPostgresStore: the earlier system's table stays readable under its name, with what came since", async () => {
  const database = `earlier_${process.pid}`;
  await server.sql(`CREATE DATABASE ${database}`);
  const sql = (text: string) => server.sql(text, database);
  await sql(`CREATE TABLE iot_messages(time timestamptz NOT NULL, tenant_id text NOT NULL, project_id text NOT NULL,
    mqtt_topic text, payload text, created_at timestamptz DEFAULT now(), PRIMARY KEY (time, tenant_id, project_id))`);
  await sql('CREATE INDEX idx_tenant_time ON iot_messages(tenant_id, time DESC)');
  await sql(`INSERT INTO iot_messages VALUES ('2025-11-28T05:48:10Z', '1900000000000000001', '1900000000000000003',
    'mtic/msg/client/realtime/1900000000000000001/1900000000000000003', '{}')`);
  await using pool = aPool(server.url(database), 'skerry');
  await using store = await aStore(pool);
  await store.load();
  const key = { tenant: '1900000000000000001', project: '1900000000000000003', device: 'sensor-001' };
  const at = (series: number, value: number): SamplePoint => ({
    series,
    time: NOON,
    value,
    offset: 7,
    ordinal: series,
  });
  await store.seal(
    aSeal(1, [at(0, 25.3), at(1, 65.2)], {
      series: [
        { id: 0, ...key, metric: 'temperature' },
        { id: 1, ...key, metric: 'humidity' },
      ],
    }),
  );
  const rows = await sql(`SELECT time AT TIME ZONE 'UTC', tenant_id, project_id, payload FROM iot_messages
    WHERE tenant_id = '1900000000000000001' ORDER BY time`);
  assert.deepEqual(rows.split('\n'), [
    '2025-11-28 05:48:10|1900000000000000001|1900000000000000003|{}',
    '2026-11-24 10:00:00|1900000000000000001|1900000000000000003|{"deviceId": "sensor-001", "humidity": 65.2, "temperature": 25.3}',
  ]);
  const names = await sql(`SELECT string_agg(column_name, ',' ORDER BY ordinal_position)
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'iot_messages'`);
  assert.equal(names, 'time,tenant_id,project_id,mqtt_topic,payload,created_at');
  await using again = await aStore(pool, { owner: 'again' });
  assert.equal((await again.load()).sealNumber, 1);
});

test("openPostgresStore: roles and consumers of the earlier system's table go on with the view in its place", async () => {
  const database = `users_${process.pid}`;
  await server.sql(`CREATE DATABASE ${database}`);
  const sql = (text: string) => server.sql(text, database);
  const as = (role: string, text: string) => sql(`SET ROLE ${role}; ${text}`);
  await sql(`CREATE ROLE bridge LOGIN; CREATE ROLE dashboard NOLOGIN; CREATE ROLE clerk NOLOGIN;
    CREATE ROLE stranger NOLOGIN; CREATE SCHEMA AUTHORIZATION bridge; GRANT CREATE ON SCHEMA public TO bridge`);
  // what only its owner may: the earlier consumer's own user made it
  await as(
    'bridge',
    `CREATE TABLE public.iot_messages(time timestamptz NOT NULL, tenant_id text NOT NULL,
      project_id text NOT NULL, mqtt_topic text, payload text, created_at timestamptz DEFAULT now(),
      PRIMARY KEY (time, tenant_id, project_id));
    GRANT SELECT ON public.iot_messages TO dashboard;
    GRANT SELECT (time, tenant_id) ON public.iot_messages TO clerk;
    INSERT INTO public.iot_messages VALUES ('2025-11-28T05:48:10Z', 't1', 'p', 'a/b', '{}')`,
  );
  await using pool = aPool(server.url(database), 'skerry');
  await using store = await aStore(pool);
  await store.load();
  await store.seal(
    aSeal(1, [{ series: 0, time: NOON, value: 25.3, offset: 7, ordinal: 0 }], {
      series: [{ id: 0, tenant: 't2', project: 'p', device: 'd', metric: 'm' }],
    }),
  );
  const rows = `SELECT string_agg(tenant_id, ' ' ORDER BY time) FROM public.iot_messages`;
  assert.equal(await as('dashboard', rows), 't1 t2');
  assert.equal(await as('bridge', rows), 't1 t2');
  assert.equal(await as('clerk', rows), 't1 t2');
  await assert.rejects(as('clerk', 'SELECT payload FROM public.iot_messages'), /permission denied/);
  await assert.rejects(as('stranger', rows), /permission denied/);
  const ofTenant = `SELECT count(*) FROM skerry.iot_messages`;
  assert.equal(await as('skerry_reader', ofTenant), '0');
  assert.equal(await as('skerry_reader', `SET skerry.tenant = 't1'; ${ofTenant}`), '1');

  const put = (at: string, rest = '') =>
    `INSERT INTO public.iot_messages(time, tenant_id, project_id) VALUES ('${at}', 't3', 'p') ${rest}`;
  await assert.rejects(as('dashboard', put('2025-11-28T06:00:00Z')), /permission denied/);
  await as('bridge', put('2025-11-28T06:00:00Z'));
  await as('bridge', put('2025-11-28T06:00:00Z', 'ON CONFLICT DO NOTHING'));
  await as('bridge', put('2025-11-28T07:00:00Z', 'ON CONFLICT DO NOTHING'));
  const kept = `SELECT tenant_id, count(*), count(created_at) FROM public.iot_messages_earlier GROUP BY 1 ORDER BY 1`;
  assert.equal(await sql(kept), 't1|1|1\nt3|2|2');
  assert.equal(await as('dashboard', rows), 't1 t3 t3 t2');
  await assert.rejects(
    as('bridge', put('2025-11-28T07:00:00Z', 'ON CONFLICT (time, tenant_id, project_id) DO NOTHING')),
    /no unique or exclusion constraint matching/,
  );
});

test('openPostgresStore: a schema made for integers of 20 digits takes longer ones, and every view and right is there again', async () => {
  const schema = aSchema();
  const place = { schema: `"${schema}"`, isTimescale: false, earlier: undefined, hasRoles: true };
  await server.sql('CREATE ROLE analyst NOLOGIN; CREATE ROLE chief NOLOGIN');
  // with the views as the last version has them
  const made = [1, 2, 3, 4, 5, 6, 8, 11].map((version) => schemaSql(version, place)).join('\n');
  const before = made.replaceAll('exact numeric', 'exact numeric(20)');
  assert.notEqual(before, made);
  await server.sql(`CREATE SCHEMA "${schema}"; SET search_path = "${schema}", pg_catalog, public;
    ${before}
    CREATE TABLE schema_versions(version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());
    INSERT INTO schema_versions SELECT generate_series(1, 6);
    SELECT make_day('2026-11-24');
    CREATE VIEW own AS SELECT device, exact AS counted FROM telemetry;
    CREATE VIEW ours AS SELECT max(counted) AS most FROM own;
    COMMENT ON VIEW ours IS 'who''s first';
    GRANT SELECT ON own, telemetry TO analyst WITH GRANT OPTION; GRANT SELECT ON ours TO PUBLIC;
    ALTER VIEW own OWNER TO chief; GRANT SELECT ON telemetry TO chief; GRANT USAGE ON SCHEMA "${schema}" TO chief`);
  const told = `SELECT c.relname, c.relowner::regrole, c.reloptions, obj_description(c.oid), pg_get_viewdef(c.oid),
      (SELECT string_agg(one::text, ' ' ORDER BY one::text) FROM unnest(c.relacl) one)
    FROM pg_class c WHERE c.relnamespace = '"${schema}"'::regnamespace AND c.relkind = 'v' ORDER BY 1`;
  const views = await server.sql(told);
  assert.match(views, /iot_messages_new.*ours.*own.*telemetry_latest/s);
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  await store.seal(aSeal(1, [{ series: 1, time: NOON, value: 2n ** 70n, offset: 1, ordinal: 0 }]));
  await workAll(store);
  assert.equal(await server.sql(told), views);
  assert.equal(await server.sql(`SELECT most FROM "${schema}".ours`), String(2n ** 70n));
  assert.equal(await server.sql(`SELECT exact FROM "${schema}".telemetry_latest`), String(2n ** 70n));
});

test('openPostgresStore: two stores of two sources fill one pool at once, each with its own numbers', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema, { connectionsMax: 4 });
  const ids = ['aa'.repeat(16), 'bb'.repeat(16)];
  const stores = await Promise.all(ids.map((journalId) => aStore(pool, { journalId })));
  await Promise.all(
    stores.map(async (store, of) => {
      await store.load();
      for (let number = 1; number <= 30; number++) {
        // the same names under other local ids, in the other order
        const series = number === 1 ? someSeries(of === 0 ? [1, 2, 3] : [3, 2, 1, 9]) : [];
        const id = 1 + (number % 3);
        const points = [
          { series: id, time: NOON + number, value: of * 1000 + number, offset: number, ordinal: 0 },
        ];
        await store.seal(aSeal(number, points, { journalId: String(ids[of]), series }));
        if (number % 5 === 0) await workAll(store);
      }
    }),
  );
  assert.equal(
    await server.sql(`SELECT source, count(*) FROM "${schema}".points GROUP BY 1 ORDER BY 1`),
    '0|30\n1|30',
  );
  assert.equal(await server.sql(`SELECT count(*) FROM "${schema}".series`), '4');
  const shape = { kind: 'raw', after: undefined, limit: 100, newestFirst: false } as const;
  for (const [of, store] of stores.entries()) {
    const page = await store.query(
      { series: 2, fromMicros: 0, toMicros: 2 * NOON, shape, deadlineMs: 1e6 },
      [],
    );
    assert.ok(page.kind === 'points');
    assert.equal(page.values.length, 10);
    assert.ok(page.values.every((value) => Number(value) >= of * 1000 && Number(value) <= of * 1000 + 30));
    assert.equal((await store.load()).sealNumber, 30);
    await store[Symbol.asyncDispose]();
  }
});

/** Text that no server makes shorter, `bytes` long where it is stored; now and then U+F8F0, which takes four. */
function dense(seed: string, bytes: number): string {
  let text = '';
  let size = 0;
  for (let i = 0; ; i++) {
    const digest = createHash('sha512').update(`${seed} ${i}`).digest();
    for (let at = 0; at + 1 < digest.length; at += 2) {
      const pick = digest.readUInt16LE(at);
      const one = pick % 8 === 0 ? '\uf8f0' : String.fromCharCode(0x4e00 + (pick % 20_000));
      const width = one === '\uf8f0' ? 4 : 3;
      if (size + width > bytes) return text + 'x'.repeat(bytes - size);
      text += one;
      size += width;
    }
  }
}

test('openPostgresStore: the longest texts that the pipeline lets through fit every key and index', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  const { idCharsMax, metricNameCharsMax, groupKeyBytesMax, documentKeyBytesMax, sessionNameBytesMax } =
    LIMITS;
  const [tenant, project, device] = ['t', 'p', 'd'].map((one) => dense(one, 4 * idCharsMax.value));
  const names = { tenant: String(tenant), project: String(project), device: String(device) };
  const metric = dense('m', 4 * metricNameCharsMax.value);
  const part = dense('part', groupKeyBytesMax.value);
  const [client, user] = ['c', 'u'].map((one) => dense(one, (4 * sessionNameBytesMax.value) / 3));
  // percent-encoded: one byte a character
  const pipeline = Buffer.from(dense('key', documentKeyBytesMax.value))
    .toString('base64url')
    .slice(0, documentKeyBytesMax.value);
  const event = { client: String(client), user: String(user), offset: 3, timeMicros: NOON } as const;
  const way = { reason: 'network', remote: '', protocol: '', listener: '', isEncrypted: true } as const;
  const connected = { ...event, ...way, kind: 'connected' } as const;
  const account = { stored: 1, deduplicated: 0, filtered: 0, deadLettered: 1, discarded: 0, expired: 0 };
  await store.seal(
    aSeal(1, [{ series: 1, time: NOON, value: 1, offset: 1, ordinal: 0 }], {
      series: [{ id: 1, ...names, metric }],
      accounts: [{ ...names, ...account, timeCorrected: 0, seqResets: 0, lastSeenMicros: NOON }],
      deadLetters: [aDeadLetter(2, names)],
      stages: [{ pipeline, part, body: 'x' }],
      sessions: {
        events: [connected],
        clients: [{ ...connected, scopes: '[]', day: 1, kept: 1, leftOut: 0 }],
        gone: [],
        devices: [{ ...names, clients: [] }],
      },
    }),
  );
  await workAll(store);
  assert.deepEqual((await store.load()).stages, [{ pipeline, part, body: 'x' }]);
  const sizes = `SELECT octet_length(pipeline) + octet_length(part) FROM "${schema}".stage_rows`;
  assert.equal(await server.sql(sizes), String(documentKeyBytesMax.value + groupKeyBytesMax.value));
  const rest = `SELECT (SELECT count(*) FROM "${schema}".series), (SELECT count(*) FROM "${schema}".dead_letters),
    (SELECT count(*) FROM "${schema}".session_events), (SELECT count(*) FROM "${schema}".session_clients),
    (SELECT count(*) FROM "${schema}".device_clients), (SELECT count(*) FROM "${schema}".devices)`;
  assert.equal(await server.sql(rest), '1|1|1|1|1|1');
});

test('openPostgresStore: retention drops days by the log time, rollups answer for them as raw points did, and a clock that jumps drops nothing', async () => {
  const schema = aSchema();
  const clock = new StepClock();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool, { clock });
  await store.load();
  const days = async () => await server.sql(`SELECT count(DISTINCT tableoid) FROM "${schema}".points`);
  const buckets = async (stepMicros: number) =>
    await store.query(
      {
        series: 1,
        fromMicros: NOON,
        toMicros: NOON + 9 * DAY,
        shape: { kind: 'buckets', stepMicros },
        deadlineMs: 1e6,
      },
      [],
    );
  for (let day = 0; day < 6; day++) {
    const at = (i: number): SamplePoint => ({
      series: 1,
      time: NOON + day * DAY + i * 7_000_000,
      value: day + i / 4,
      offset: day * 100 + i,
      ordinal: 0,
    });
    const points = Array.from({ length: 20 }, (_, i) => at(i));
    await store.seal(aSeal(day + 1, points, { logTimeMicros: NOON + day * DAY }));
    await workAll(store);
  }
  clock.jump(20 * 365 * 86_400_000);
  clock.advance(120_000);
  await workAll(store);
  assert.equal(await days(), '6');
  clock.jump(-20 * 365 * 86_400_000);
  const before = [await buckets(MINUTE), await buckets(3_600_000_000), await buckets(DAY)];
  for (let hour = 0; hour < 6; hour++) {
    clock.advance(3_600_000);
    await store.seal(aSeal(7 + hour, [], { logTimeMicros: NOON + 5 * DAY + hour }));
    await workAll(store);
  }
  assert.equal(await days(), '4');
  const after = [await buckets(MINUTE), await buckets(3_600_000_000), await buckets(DAY)];
  for (const [at, answer] of after.entries()) {
    assert.ok(answer.kind === 'buckets' && before[at]?.kind === 'buckets');
    assert.deepEqual(answer.buckets, before[at].buckets);
    assert.equal(answer.resolutionMicros, [MINUTE, 3_600_000_000, DAY][at]);
  }
  const kept = await server.sql(`SELECT count(*) FROM "${schema}".latest`);
  assert.equal(kept, '1');
});

test('openPostgresStore: sums of a window over the end of a month stand in the partition of their month of receipt', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool, { foldMs: 1e9 });
  await using folding = await aStore(pool, { owner: 'folding' });
  const end = Date.UTC(2026, 11, 1) * 1000;
  await folding.load();
  for (let number = 1; number <= 6; number++) {
    const points = [{ series: 1, time: end, value: number, offset: number, ordinal: 0 }];
    await folding.seal(aSeal(number, points, { logTimeMicros: end + (number - 4) * 1000 }));
  }
  await workAll(folding);
  const sums = `SELECT month, count, sum FROM "${schema}".rollups WHERE step = 60 ORDER BY month`;
  assert.equal(await server.sql(sums), '2026-11-01|3|6\n2026-12-01|3|15');
  await assert.rejects(store.load(), hasCode('store-fenced'));
});

test('openPostgresStore: sums that were made on the way are those of the points themselves, late ones and those of all types', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  const [summed, read] = ['aa', 'bb'].map((one) => one.repeat(16));
  const ids = [1, 2, 3, 4];
  // of two hours, out of order, several of one time; numbers, exact integers, and what has no sums
  const pointsOf = (number: number): SamplePoint[] =>
    Array.from({ length: 60 }, (_, i) => {
      const at = number * 60 + i;
      const values = [Math.sin(at), BigInt(at * 7), at % 2 === 0, `text ${at}`, -at / 8];
      return {
        series: 1 + (at % 4),
        time: NOON + ((at * 37) % 120) * MINUTE + ((at * 11) % 3) * 500_000,
        value: values[at % 5] ?? 0,
        offset: at >> 1,
        ordinal: at & 1,
      };
    });
  const filled = async (journalId: string | undefined) => {
    const store = await aStore(pool, { journalId: String(journalId) });
    await store.load();
    for (let number = 1; number <= 8; number++) {
      const series = number === 1 ? someSeries(ids) : [];
      await store.seal(aSeal(number, pointsOf(number), { journalId: String(journalId), series }));
      // some seals at a time
      if (number % 3 === 0 && journalId === summed) await workAll(store);
    }
    return store;
  };
  await using onTheWay = await filled(summed);
  await workAll(onTheWay);
  await (await filled(read))[Symbol.asyncDispose]();
  await using afterwards = await aStore(pool, { journalId: String(read) });
  await afterwards.load();
  await workAll(afterwards);
  const of = (source: number) =>
    server.sql(
      `SELECT series_id, step, start, month, count, min, max, round(sum::numeric, 9), head, tail
       FROM "${schema}".rollups WHERE source = ${source} ORDER BY 1, 2, 3`,
    );
  const rows = (await of(0)).split('\n');
  assert.ok(rows.length > 60);
  assert.deepEqual(rows, (await of(1)).split('\n'));
});
