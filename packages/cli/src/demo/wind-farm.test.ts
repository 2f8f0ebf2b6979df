import assert from 'node:assert/strict';
import { test } from 'node:test';
import { powerKw, WindFarm } from './wind-farm.ts';

const OPTIONS = { seed: 7, turbines: 3, tenant: 'demo', project: 'wind-farm', epoch: 1 };

test('powerKw is 0 below cut-in and above cut-out, rated in between, and rises with the wind', () => {
  assert.equal(powerKw(2.9), 0);
  assert.equal(powerKw(25), 0);
  assert.equal(powerKw(12), 3_000);
  assert.equal(powerKw(20), 3_000);
  for (let wind = 3; wind < 12; wind += 0.5) assert.ok(powerKw(wind + 0.5) > powerKw(wind));
});

test('WindFarm gives the same messages for the same seed and others for another', () => {
  const run = (seed: number) => {
    const farm = new WindFarm({ ...OPTIONS, seed });
    return Array.from({ length: 50 }, (_, i) => farm.step(1_700_000_000_000_000 + i * 1_000_000, 1));
  };
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
});

test('WindFarm stays within physical bounds over a simulated day', () => {
  const farm = new WindFarm(OPTIONS);
  let powerMax = 0;
  for (let second = 0; second < 86_400; second += 10) {
    for (const { topic, payload } of farm.step(1_700_000_000_000_000 + second * 1_000_000, 10)) {
      assert.match(topic, /^mtic\/msg\/client\/realtime\/demo\/wind-farm\/(turbine-0[1-3]|met-mast)$/);
      const values = JSON.parse(payload) as Record<string, number>;
      assert.ok(Object.values(values).every((value) => typeof value === 'boolean' || Number.isFinite(value)));
      if (values.power === undefined) continue;
      assert.ok(values.power >= 0 && values.power <= 3_000);
      assert.ok(Number(values.gearboxTemperature) > 0 && Number(values.gearboxTemperature) < 100);
      powerMax = Math.max(powerMax, values.power);
    }
  }
  assert.ok(powerMax > 500, `the farm produced at most ${powerMax} kW in a day`);
});
