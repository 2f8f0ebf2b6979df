import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIsland } from './testing/island.ts';

test('what was not found is answered with the command that lists such things, by the verb', async () => {
  await using island = await openIsland();
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'telemetry query --tenant t --project p --device d --metric m',
      /npx skerry devices has those that were seen/,
    ],
    ['dlq show 7', /npx skerry dlq list --state all has those that exist/],
    ['pipeline get nothing', /npx skerry pipeline list has those in force/],
    ['user remove nobody', /npx skerry user list has those that you can see/],
    ['token revoke nothing', /npx skerry token list has those that you can see/],
  ];
  for (const [line, help] of cases) {
    const said = await island.skerry(line);
    assert.equal(said.code, 9, `${line}: ${said.err}`);
    assert.match(said.err, /\[not-found\]\n$/, line);
    assert.match(said.err, help, line);
    if (!line.startsWith('telemetry')) assert.doesNotMatch(said.err, /skerry devices/, line);
  }
});
