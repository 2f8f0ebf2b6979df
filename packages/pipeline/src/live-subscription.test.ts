import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PipelineError } from './errors.ts';
import type { LivePull } from './live-subscription.ts';
import { Rig, until } from './testing/rig.ts';

const valuesOf = (pull: LivePull) =>
  pull.devices.flatMap((one) => one.points.map((point) => [one.device, point.metric, point.value]));

test('LiveSubscription gives points from now on, those it was asked for only', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append({ payload: '{"v":0}' });
  await until(() => pipeline.position === 1);
  using live = pipeline.subscribe([{ device: 'd', metric: 'v' }, { tenant: 't2' }], undefined);
  rig.journal.append(
    { payload: '{"v":1,"w":2}' },
    { topic: 'iot/t/p/e/telemetry' },
    { topic: 'iot/t2/p/f/telemetry', tenant: 't2' },
  );
  await until(() => pipeline.position === 4);
  assert.deepEqual(valuesOf(live.pull()), [
    ['d', 'v', 1],
    ['f', 'v', 1],
  ]);
  assert.deepEqual(valuesOf(live.pull()), []);
});

test('LiveSubscription resumes without gap or duplicate at any cut, also after a kill', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(4), fc.constantFrom('pull', 'resume', 'kill', 'flush')), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, rowsMax) => {
        const rig = new Rig();
        let pipeline = await rig.open();
        let live = pipeline.subscribe([{}], undefined);
        let { cursor } = live.pull();
        const got: unknown[] = [];
        let sent = 0;
        const take = () => {
          const pull = live.pull(rowsMax);
          assert.equal(pull.gap, undefined);
          cursor = pull.cursor;
          got.push(...valuesOf(pull).map((one) => one[2]));
          return pull.hasMore;
        };
        for (const [count, step] of steps) {
          for (let i = 0; i < count; i++)
            rig.journal.append({ payload: `[{"v":${sent++}},{"v":${sent++}}]` });
          await until(() => pipeline.position === rig.journal.end);
          if (step === 'pull') take();
          // a head that was sealed is not in the feed after a restart, so everything is taken before
          if (step === 'flush') while (take());
          if (step === 'flush') await pipeline.flush();
          if (step === 'kill') {
            await rig.kill(pipeline);
            pipeline = await rig.open();
          }
          if (step === 'resume' || step === 'kill') live = pipeline.subscribe([{}], cursor);
        }
        await until(() => pipeline.position === rig.journal.end);
        while (take());
        assert.deepEqual(
          got,
          Array.from({ length: sent }, (_, i) => i),
        );
        await pipeline[Symbol.asyncDispose]();
      },
    ),
    { numRuns: 60 },
  );
});

test('LiveSubscription tells of a gap with its bounds when rows were overwritten', async () => {
  const rig = new Rig({ liveRowsMax: 4 });
  await using pipeline = await rig.open();
  using live = pipeline.subscribe([{}], undefined);
  const { cursor } = live.pull();
  rig.journal.append(...Array.from({ length: 10 }, (_, v) => ({ payload: `{"v":${v}}` })));
  await until(() => pipeline.position === 10);
  for (const feed of [live, pipeline.subscribe([{}], cursor)]) {
    const pull = feed.pull();
    assert.deepEqual(pull.gap, { after: cursor, until: `v1.${rig.journal.id}.5.0`, reason: 'overwritten' });
    assert.deepEqual(
      valuesOf(pull).map((one) => one[2]),
      [6, 7, 8, 9],
    );
    assert.equal(feed.pull().gap, undefined);
  }
});

test('LiveSubscription tells of a gap for what was sealed before a restart, for another journal and a cursor ahead', async () => {
  const rig = new Rig();
  const first = await rig.open();
  const { cursor } = first.subscribe([{}], undefined).pull();
  rig.journal.append({}, {});
  await first.flush();
  await first[Symbol.asyncDispose]();
  await using second = await rig.open();
  assert.equal(second.subscribe([{}], cursor).pull().gap?.reason, 'restarted');
  assert.equal(second.subscribe([{}], `v1.${'c'.repeat(32)}.1.0`).pull().gap?.reason, 'other-journal');
  assert.equal(second.subscribe([{}], `v1.${rig.journal.id}.7.0`).pull().gap?.reason, 'ahead-of-journal');
  assert.throws(
    () => second.subscribe([{}], 'v0.x'),
    (fault) => fault instanceof PipelineError && fault.code === 'cursor-invalid',
  );
});
