import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIsland } from './testing/island.ts';

test('backfill reads times as every verb does: with their zone, in UTC, or back from now', async () => {
  await using island = await openIsland();
  const told = async (range: string) => {
    const { code, err } = await island.skerry(`backfill --sink none ${range}`);
    assert.notEqual(code, 0);
    return err;
  };
  for (const bad of ['5', '2026-05-01T10:00:00', 'May 2026', '2026-02-30'])
    for (const flag of ['from', 'to'])
      assert.ok(
        (await told(`--${flag}=${bad.replace(' ', '_')}`)).includes(
          `--${flag}: found "${bad.replace(' ', '_')}", wanted a date`,
        ),
        bad,
      );
  const ends = /The range ends before it begins/;
  assert.match(await told('--from 2026-05-01T10:00:00+02:00 --to 2026-05-01T08:00:00Z'), ends);
  assert.match(await told('--from 2026-05-01 --to 2026-05-01T00:00:00Z'), ends);
  assert.match(await told('--from now-1h --to now-2h'), ends);
  const good = await told('--from 2026-05-01T10:00:00+02:00 --to 2026-05-01T08:00:00.000001Z');
  assert.match(good, /--sink: found "none", wanted one of the sinks/);
});
