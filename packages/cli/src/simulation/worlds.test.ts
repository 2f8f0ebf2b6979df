import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Factory } from './factory.ts';
import { WORLDS } from './open-world.ts';
import { SeededRandom } from './seeded-random.ts';
import { demandShare, Traffic } from './traffic.ts';
import { powerKw, WindFarm, weibullMps } from './wind-farm.ts';
import { type SimulatedMessage, WORLD_NAMES, type World, type WorldName } from './world.ts';

const START = 1_700_000_000_000_000;
const OPTIONS = { seed: 7, devices: 10, tenant: 'demo', project: 'p', epoch: 1, startMicros: START };

type Values = Readonly<Record<string, string | number | boolean>>;

const valuesOf = ({ payload }: SimulatedMessage): Values => JSON.parse(payload);
const deviceOf = ({ topic }: SimulatedMessage): string => String(topic.split('/').at(-1));

/** Moves a world on and judges the values of every message. */
function watch(
  world: World,
  steps: number,
  stepSecs: number,
  judge: (device: string, values: Values, second: number) => void,
): void {
  for (let step = 1; step <= steps; step++) {
    for (const message of world.step(START + step * stepSecs * 1e6, stepSecs))
      judge(deviceOf(message), valuesOf(message), step * stepSecs);
  }
}

function digestOf(name: WorldName, seed: number): string {
  const world = WORLDS[name].open({ ...OPTIONS, seed });
  const hash = createHash('sha256');
  for (let step = 1; step <= 500; step++) {
    for (const { topic, payload } of world.step(START + step * 1e6, 1)) hash.update(`${topic}\n${payload}\n`);
  }
  return hash.digest('hex');
}

for (const name of WORLD_NAMES) {
  test(`${name}: the same seed gives the same messages, another seed others`, () => {
    assert.equal(digestOf(name, 7), digestOf(name, 7));
    assert.notEqual(digestOf(name, 7), digestOf(name, 8));
  });

  test(`${name}: any number of devices send one numbered message a step each, of finite values`, () => {
    for (const devices of [1, 2, 5, 37]) {
      const world = WORLDS[name].open({ ...OPTIONS, devices });
      assert.equal(world.devices.length, devices);
      for (const seq of [1, 2, 3]) {
        const messages = world.step(START + seq * 5e6, 5);
        assert.deepEqual(messages.map(deviceOf), world.devices);
        for (const message of messages) {
          const values = valuesOf(message);
          assert.equal(values.seq, seq);
          assert.equal(values.epoch, 1);
          assert.equal(values.timestamp, (START + seq * 5e6) / 1e3);
          assert.ok(Object.values(values).every((one) => typeof one !== 'number' || Number.isFinite(one)));
        }
      }
    }
  });
}

test('SeededRandom is uniform, normal and Poisson enough', () => {
  const random = new SeededRandom(1);
  const mean = (draw: () => number) => Array.from({ length: 20_000 }, draw).reduce((a, b) => a + b) / 20_000;
  assert.ok(Math.abs(mean(() => random.uniform()) - 0.5) < 0.01);
  assert.ok(Math.abs(mean(() => random.normal())) < 0.03);
  assert.ok(Math.abs(mean(() => random.normal() ** 2) - 1) < 0.05);
  assert.ok(Math.abs(mean(() => random.poisson(2.5)) - 2.5) < 0.05);
  assert.ok(Math.abs(mean(() => random.exponential(3)) - 3) < 0.1);
});

test('powerKw is 0 below cut-in and above cut-out, rated in between, and rises with the wind', () => {
  assert.equal(powerKw(2.9), 0);
  assert.equal(powerKw(25), 0);
  assert.equal(powerKw(12), 3_000);
  assert.equal(powerKw(20), 3_000);
  for (let wind = 3; wind < 12; wind += 0.5) assert.ok(powerKw(wind + 0.5) > powerKw(wind));
});

test('weibullMps gives the quantiles of a Weibull distribution', () => {
  assert.ok(Math.abs(weibullMps(0) - 9.4 * Math.sqrt(Math.LN2)) < 0.001); // the median
  assert.ok(weibullMps(-6) >= 0 && weibullMps(-6) < 0.01);
  assert.ok(weibullMps(9) < 40);
  for (let place = -3; place < 3; place += 0.25) assert.ok(weibullMps(place + 0.25) > weibullMps(place));
});

test('WindFarm stays within physical bounds over three weeks, with all of its states', () => {
  const states = new Map<string, number>();
  const faults = new Set<unknown>();
  let sum = 0;
  let count = 0;
  const energy = new Map<string, number>();
  watch(new WindFarm({ ...OPTIONS, seed: 3 }), 21 * 1_440, 60, (device, values) => {
    if (device === 'met-mast') {
      sum += Number(values.windSpeed);
      count += 1;
      return;
    }
    states.set(String(values.state), (states.get(String(values.state)) ?? 0) + 1);
    faults.add(values.fault);
    const { power, gearboxTemperature, generatorTemperature, rotorSpeed, yaw, wear } = values;
    assert.ok(Number(power) >= 0 && Number(power) <= 3_000);
    assert.equal(values.running, values.state === 'running');
    assert.equal(values.state === 'fault', values.fault !== '');
    if (values.state !== 'running') assert.equal(power, 0);
    assert.ok(Number(gearboxTemperature) > 0 && Number(gearboxTemperature) < 100);
    assert.ok(Number(generatorTemperature) > 0 && Number(generatorTemperature) < 130);
    assert.ok(Number(rotorSpeed) >= 0 && Number(rotorSpeed) <= 15.6);
    assert.ok(Number(yaw) >= 0 && Number(yaw) <= 360);
    assert.ok(Number(wear) >= 0 && Number(wear) <= 1);
    assert.ok(Number(values.energy) >= (energy.get(device) ?? 0));
    energy.set(device, Number(values.energy));
  });
  const mean = sum / count;
  assert.ok(mean > 6 && mean < 11, `the wind is ${mean} m/s in the mean`);
  for (const state of ['running', 'idle', 'fault']) assert.ok(Number(states.get(state)) > 0, state);
  assert.ok(Number(states.get('running')) > Number(states.get('fault')) * 5);
  assert.ok(faults.size > 3);
  assert.ok([...energy.values()].every((kwh) => kwh > 21 * 24 * 300 && kwh < 21 * 24 * 3_000));
});

test('WindFarm has gusts that remember: neighbouring seconds are alike, minutes apart are not', () => {
  const winds: number[] = [];
  watch(new WindFarm(OPTIONS), 4_000, 1, (device, values) => {
    if (device === 'turbine-01') winds.push(Number(values.windSpeed));
  });
  const near = meanStep(winds, 1);
  const far = meanStep(winds, 60);
  assert.ok(near > 0.05 && near * 1.8 < far, `${near} after a second, ${far} after a minute`);
});

function meanStep(values: readonly number[], by: number): number {
  const steps = values.slice(by).map((value, at) => Math.abs(value - Number(values[at])));
  return steps.reduce((sum, step) => sum + step, 0) / steps.length;
}

test('Factory: no two vehicles share a block, batteries never run empty, every part is somewhere', () => {
  for (const [devices, hours] of [
    [5, 1],
    [15, 5],
    [60, 1],
  ] as const) {
    const factory = new Factory({ ...OPTIONS, devices });
    const states = new Set<unknown>();
    const trips = new Map<string, number>();
    let blocks = new Set<unknown>();
    let at = 0;
    watch(factory, hours * 3_600, 1, (device, values, second) => {
      if (second !== at) {
        blocks = new Set();
        at = second;
        const { made, found } = factory.account();
        assert.equal(found, made, `second ${second}`);
      }
      if (!device.startsWith('agv')) return;
      states.add(values.state);
      trips.set(device, Number(values.trips));
      assert.ok(
        Number(values.battery) > 1 && Number(values.battery) <= 100,
        `${device}: ${values.battery} %`,
      );
      if (values.block === -1) return;
      assert.ok(!blocks.has(values.block), `block ${values.block} at second ${second}`);
      blocks.add(values.block);
    });
    for (const state of hours < 5 ? ['moving', 'loading', 'unloading'] : ['blocked', 'charging', 'fault'])
      assert.ok(states.has(state), state);
    assert.ok([...trips.values()].some((count) => count > 1));
  }
});

test('Factory: OEE is the product of its parts, cycles only grow, stations stand still and break', () => {
  const cycles = new Map<string, number>();
  const states = new Set<unknown>();
  let product = 0;
  watch(new Factory({ ...OPTIONS, devices: 12 }), 5_000, 5, (device, values) => {
    if (!device.startsWith('station')) return;
    states.add(values.state);
    product = Number(values.availability) * Number(values.performance) * Number(values.quality);
    assert.ok(Math.abs(Number(values.oee) - product) < 0.000_3);
    assert.ok(Number(values.oee) >= 0 && Number(values.oee) <= 1);
    assert.ok(Number(values.cycles) >= (cycles.get(device) ?? 0));
    cycles.set(device, Number(values.cycles));
  });
  assert.ok(
    [...cycles.values()].every((count) => count > 50),
    JSON.stringify([...cycles]),
  );
  for (const state of ['running', 'starved', 'down']) assert.ok(states.has(state), state);
});

test('Traffic: lights never conflict, amber stands between green and red, vehicles are accounted for', () => {
  const before = new Map<string, Values>();
  const phases = new Set<unknown>();
  watch(new Traffic(OPTIONS), 20_000, 1, (device, values) => {
    if (!device.startsWith('crossing')) return;
    phases.add(values.phase);
    const goes = [values.northSouth !== 'red', values.eastWest !== 'red', values.pedestrians === 'walk'];
    assert.ok(goes.filter(Boolean).length <= 1, JSON.stringify(values));
    for (const road of ['northSouth', 'eastWest']) {
      const was = before.get(device)?.[road];
      if (values[road] === 'red') assert.notEqual(was, 'green');
      if (values[road] === 'green') assert.notEqual(was, 'amber');
    }
    const queued = ['North', 'East', 'South', 'West'].reduce(
      (sum, side) => sum + Number(values[`queue${side}`]),
      0,
    );
    assert.equal(Number(values.arrived), Number(values.passed) + queued);
    before.set(device, values);
  });
  assert.equal(phases.size, 8);
});

test('Traffic: the day has its rush hours, and the air and the queues follow', () => {
  assert.ok(demandShare(8) > 1.5 * demandShare(11) && demandShare(17.5) > 0.9 && demandShare(3) < 0.1);
  const no2 = new Map<number, number[]>();
  watch(new Traffic({ ...OPTIONS, devices: 20 }), 1_440, 60, (device, values, second) => {
    if (!device.startsWith('air')) return;
    const hour = Math.floor(((START / 1e6 + second) / 3_600) % 24);
    no2.set(hour, [...(no2.get(hour) ?? []), Number(values.no2)]);
  });
  const mean = (hour: number) => {
    const values = no2.get(hour) ?? [];
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  assert.ok(mean(18) > 1.5 * mean(4), `${mean(18)} at 18, ${mean(4)} at 4`);
});
