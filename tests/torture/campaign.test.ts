import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAILPOINTS } from '@skerry/kernel';
import { whyNoLoopDisk } from '@skerry/testkit';
import { runCuts } from './cuts.ts';
import { planKills } from './kill-plan.ts';
import { type CampaignNeeds, runKills } from './kills.ts';
import { Tally } from './tally.ts';

const main = fileURLToPath(new URL('./stand-in.ts', import.meta.url));

function aCampaign(env = {}): CampaignNeeds & { readonly lines: string[] } {
  const lines: string[] = [];
  const say = (line: string): number => lines.push(line);
  return { tally: new Tally(say), seed: 3, say, isOver: () => false, other: { main, env }, lines };
}

test('planKills gives every failpoint five visits in 200 kills, more than half of the kills unthrottled, the same for the same seed', () => {
  const plans = planKills(200, 9);
  for (const name of FAILPOINTS)
    assert.ok(plans.filter(({ failpoint }) => failpoint?.name === name).length >= 5, name);
  assert.equal(plans.filter(({ isUnthrottled }) => isUnthrottled).length, 133);
  assert.deepEqual(plans, planKills(200, 9));
  assert.notDeepEqual(plans, planKills(200, 10));
});

test('Tally fails a campaign that ended early unless every failpoint had five visits, and half of the kills were under load', () => {
  const lines: string[] = [];
  const tally = new Tally((line) => lines.push(line));
  tally.kills = 3;
  tally.killsUnderLoad = 3;
  tally.checkVisits(3);
  assert.equal(tally.failed, 0, 'three kills that were all wanted');
  tally.checkVisits(200, true);
  assert.equal(tally.failed, 1);
  assert.match(String(lines[0]), /^Visited fewer than 5 times: .*\(0\)/);
  for (const name of FAILPOINTS) for (let visit = 0; visit < 5; visit++) tally.visited(name);
  tally.checkVisits(200, true);
  assert.equal(tally.failed, 1, 'all had their visits');
  tally.killsUnderLoad = 1;
  tally.checkVisits(200, true);
  assert.equal(tally.failed, 2);
});

test('runKills kills a server at failpoints and at random and finds nothing wrong with a sound one', async () => {
  const campaign = aCampaign();
  await runKills(5, campaign);
  const { kills, passed, failed, killsUnderLoad } = campaign.tally;
  assert.deepEqual([kills, passed, failed], [5, 5, 0], campaign.lines.join('\n'));
  assert.ok(killsUnderLoad >= 2, campaign.lines.join('\n'));
});

test('runCuts finds what a server that does not sync has lost, and nothing wrong with one that does', async () => {
  assert.equal(
    whyNoLoopDisk(),
    undefined,
    'the suite needs loop devices; its runner says so where there are none',
  );
  const sound = aCampaign();
  await runCuts(3, sound);
  assert.deepEqual([sound.tally.cuts, sound.tally.failed], [3, 0], sound.lines.join('\n'));
  const faulty = aCampaign({ STAND_IN_FAULT: 'no-sync' });
  await runCuts(1, faulty);
  assert.ok(faulty.tally.failed > 0, faulty.lines.join('\n'));
});
