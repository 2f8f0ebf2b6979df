import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelError, type LogEntry, loggerTo, noFailpoints } from '@skerry/kernel';
import { FakeClock, hasCode, SeededRandom, SimulatedDisk } from '@skerry/kernel/testing';
import type { RouteConfig, RouteEra } from '@skerry/pipeline';
import { MemoryStore } from '@skerry/series/memory';
import { aSeal } from '@skerry/series/testing';
import { LIMITS } from '../limits.ts';
import { keepingRoutes, RouteHistory, type RouteHistoryOptions } from './route-history.ts';

const FOLDER = '/journal';
const PATH = `${FOLDER}/routes.json`;
const A: RouteConfig = {
  templates: ['a/{tenantId}/{projectId}', 'ä/{tenantId}/{projectId}'],
  unmatched: 'messaging',
};
const B: RouteConfig = { templates: ['b/{tenantId}/{projectId}'], unmatched: 'messaging' };

/** A folder over the lives of processes. */
class Lives {
  disk = new SimulatedDisk({ folders: [FOLDER] });
  readonly log: LogEntry[] = [];

  open(position: number, routes: RouteConfig, changes: Partial<RouteHistoryOptions> = {}): RouteHistory {
    const journal = { id: 'a'.repeat(32), start: 0 };
    const options = { folder: FOLDER, journal, position, routes, isReadOnly: false, ...changes };
    return new RouteHistory(options, { disk: this.disk, logger: loggerTo((entry) => this.log.push(entry)) });
  }

  /** A process that seals something. */
  seal(
    position: number,
    routes: RouteConfig,
    changes: Partial<RouteHistoryOptions> = {},
  ): readonly RouteEra[] {
    const history = this.open(position, routes, changes);
    history.keep();
    return history.eras;
  }

  get bytes(): Uint8Array {
    const file = this.disk.open(PATH, 'read');
    const bytes = new Uint8Array(file.size());
    file.read(bytes, 0);
    file.close();
    return bytes;
  }

  overwrite(bytes: Uint8Array): void {
    this.disk.remove(PATH);
    const file = this.disk.open(PATH, 'create');
    file.write(bytes, 0);
    file.close();
  }
}

const briefly = (eras: readonly RouteEra[]) =>
  eras.map(({ from, routes }) => [from, routes.templates[0]?.[0]]);

test('RouteHistory that is missing though records have verdicts begins anew at the position, with a warning', () => {
  const lives = new Lives();
  assert.deepEqual(lives.seal(7, A), [{ from: 7, routes: A }]);
  assert.deepEqual(
    lives.log.map(({ level, fields }) => [level, fields.reason, fields.position]),
    [['warn', 'there is none', 7]],
  );
});

test('RouteHistory begins at 0 in a new folder, and adds an era at the position when the routes differ', () => {
  const lives = new Lives();
  assert.deepEqual(lives.seal(0, A), [{ from: 0, routes: A }]);
  assert.deepEqual(lives.seal(9, A), [{ from: 0, routes: A }]);
  assert.deepEqual(lives.seal(12, B), [
    { from: 0, routes: A },
    { from: 12, routes: B },
  ]);
  assert.deepEqual(briefly(lives.seal(20, { ...B, unmatched: 'refuse' })), [
    [0, 'a'],
    [12, 'b'],
    [20, 'b'],
  ]);
  assert.deepEqual(lives.log, []);
});

test('RouteHistory writes the bytes of docs/formats/routes.md, and only when its eras are not in the file', () => {
  const lives = new Lives();
  lives.seal(0, B);
  assert.equal(
    new TextDecoder().decode(lives.bytes),
    `{"version":1,"checksum":738648947,"state":{"journalId":"${'a'.repeat(32)}","eras":[{"from":0,"routes":{"templates":["b/{tenantId}/{projectId}"],"unmatched":"messaging"}}]}}\n`,
  );
  const written: string[] = [];
  lives.disk.setFaults(({ kind, path }) => {
    if (kind === 'rename' || kind === 'write') written.push(path);
    return undefined;
  });
  const same = lives.open(5, B);
  same.keep();
  lives.open(5, A, { isReadOnly: true }).keep();
  assert.deepEqual(written, []);
  const other = lives.open(5, A);
  other.keep();
  other.keep();
  assert.equal(written.filter((path) => path === `${PATH}.unfinished`).length, 2);
});

test('RouteHistory leaves out the era of a process that gave no durable verdict', () => {
  const lives = new Lives();
  lives.seal(0, A);
  lives.seal(5, B);
  assert.deepEqual(briefly(lives.seal(5, A)), [[0, 'a']]);
  assert.deepEqual(briefly(lives.open(6, A).eras), [[0, 'a']]);
  lives.open(6, B);
  assert.deepEqual(briefly(lives.seal(8, B)), [
    [0, 'a'],
    [8, 'b'],
  ]);
});

test('RouteHistory survives a power cut once it is kept, and is whole at every cut before', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const lives = new Lives();
    const random = new SeededRandom(seed);
    lives.seal(0, A);
    let left = seed % 8;
    lives.disk.setFaults(() => (left-- > 0 ? undefined : { kind: 'fail', code: 'disk-failed' }));
    let isKept = true;
    try {
      lives.seal(5, B);
    } catch (fault) {
      assert.ok(fault instanceof KernelError);
      isKept = false;
    }
    lives.disk.setFaults(() => undefined);
    lives.disk = lives.disk.powerCut(random);
    const { eras } = lives.open(9, B);
    const from = eras.at(-1)?.from;
    assert.ok(from === 5 || (!isKept && from === 9), `seed ${seed}: ${from}`);
    assert.deepEqual([eras.length, lives.log], [2, []]);
  }
});

test('RouteHistory begins anew at the position, with a warning, when any byte of the file is flipped or cut off', () => {
  const lives = new Lives();
  lives.seal(0, A);
  lives.seal(5, B);
  const whole = lives.bytes;
  const assertAnew = (bytes: Uint8Array, what: string) => {
    lives.overwrite(bytes);
    lives.log.length = 0;
    assert.deepEqual(lives.open(9, B).eras, [{ from: 9, routes: B }], what);
    assert.deepEqual([lives.log.length, lives.log[0]?.level, lives.log[0]?.fields.position], [1, 'warn', 9]);
  };
  for (let at = 0; at < whole.length - 1; at++) {
    const broken = whole.slice();
    broken[at] = Number(broken[at]) ^ 1;
    assertAnew(broken, `byte ${at}`);
    assertAnew(whole.subarray(0, at), `cut at ${at}`);
  }
  for (const text of ['null', '7', '[]', '{"version":1}', '{"version":2,"checksum":0,"state":{}}'])
    assertAnew(new TextEncoder().encode(text), text);
  assert.deepEqual(briefly(lives.seal(11, A)), [[11, 'a']]);
});

test('RouteHistory begins anew when the file belongs to another journal', () => {
  const lives = new Lives();
  lives.seal(0, A);
  const journal = { id: 'b'.repeat(32), start: 0 };
  assert.deepEqual(briefly(lives.seal(0, B, { journal })), [[0, 'b']]);
  assert.match(String(lives.log[0]?.fields.reason), /journal a{32}$/);
});

test('RouteHistory drops eras that ended at or below the start of the journal', () => {
  const lives = new Lives();
  lives.seal(0, A);
  lives.seal(5, B);
  lives.seal(9, A);
  const at = (start: number) => lives.open(20, A, { journal: { id: 'a'.repeat(32), start } }).eras;
  assert.deepEqual(
    [0, 4, 5, 8, 9, 15].map((start) => at(start)[0]?.from),
    [0, 0, 5, 5, 9, 9],
  );
});

test('RouteHistory forgets the oldest of more eras than the limit', () => {
  const lives = new Lives();
  const most = LIMITS.routeErasMax.value;
  for (let at = 0; at < most + 3; at++) lives.seal(at, at % 2 === 0 ? A : B);
  const { eras } = lives.open(most + 3, A);
  assert.deepEqual([eras.length, eras[0]?.from, eras.at(-1)?.from], [most, 3, most + 2]);
});

test('keepingRoutes seals nothing before the history is durable, and goes on when the disk has room again', async () => {
  const lives = new Lives();
  const clock = new FakeClock();
  const inner = new MemoryStore({ failpoint: noFailpoints, clock, breathe: async () => undefined });
  const store = keepingRoutes(inner, (position) => lives.open(position, A));
  await store.load();
  assert.deepEqual(store.eras, [{ from: 0, routes: A }]);
  lives.disk.setCapacity(0);
  await assert.rejects(store.seal(aSeal(1, [])), hasCode('disk-full'));
  assert.equal((await inner.load()).position, 0);
  lives.disk.setCapacity(1_000_000);
  await store.seal(aSeal(1, []));
  const { position } = await inner.load();
  assert.ok(position > 0);
  lives.disk = lives.disk.powerCut(new SeededRandom(1));
  assert.deepEqual(lives.open(position, B).eras, [
    { from: 0, routes: A },
    { from: position, routes: B },
  ]);
});
