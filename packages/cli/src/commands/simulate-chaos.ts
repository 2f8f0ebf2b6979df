import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { Progress } from '../output/progress.ts';
import { outputFormat, printRows } from '../output/rows.ts';
import { lookOverApi } from '../simulation/chaos-look-api.ts';
import { CHAOS_TENANT, chaosInputs, chaosProject, runChaos } from '../simulation/chaos-run.ts';
import { ChaosTally } from '../simulation/chaos-tally.ts';
import { fateText, inputText } from '../simulation/chaos-text.ts';
import { ChaosWitness } from '../simulation/chaos-witness.ts';
import type { MqttTarget } from '../simulation/target.ts';
import { openClient } from './instance.ts';
import type { VerbContext } from './verb.ts';

/** One line of what is printed. */
interface Line {
  readonly input: string;
  readonly expected: string;
  readonly answer: string;
  readonly verdict: 'yes' | 'NOT' | 'unknown';
  readonly detail: string;
}

/**
 * `skerry simulate chaos`: sends every bad input, prints what was answered to each, and resolves with the exit code: 0 when
 * all was answered as expected. What became of what was acknowledged is looked up in the instance; with `--url` that is
 * told to be unknown, and is no fault.
 */
export async function simulateChaos(context: VerbContext, target: MqttTarget): Promise<number> {
  const { flags, signal, stderr } = context;
  const plan = {
    target,
    tenant: flags.tenant === undefined ? CHAOS_TENANT : String(flags.tenant),
    project: chaosProject(nodeRandom()),
  };
  const witness =
    flags.url === undefined
      ? new ChaosWitness(lookOverApi(openClient(context), signal), nodeClock())
      : undefined;
  const total = chaosInputs();
  const { address } = target;
  stderr.write(
    `Sending ${total} bad inputs to ${address.host}:${address.port} as ${plan.tenant}/${plan.project}.\n`,
  );
  const progress = new Progress(stderr, nodeClock().monotonicMs);
  const tally = new ChaosTally();
  for await (const row of runChaos(plan, witness, signal)) {
    tally.add(row);
    progress.show({ done: tally.sent, total, note: inputText(row) });
  }
  progress.end();
  return await conclude(context, tally, total);
}

async function conclude(context: VerbContext, tally: ChaosTally, total: number): Promise<number> {
  const lines: Line[] = tally.rows.map((row) => ({
    input: inputText(row),
    expected: fateText(row.expected),
    answer: fateText(row.answer),
    verdict: row.verdict,
    detail: row.letter?.detail ?? '',
  }));
  await printRows(context, outputFormat(context.flags.output), lines, [
    { title: 'INPUT', cell: ({ input }) => input },
    { title: 'EXPECTED', cell: ({ expected }) => expected },
    { title: 'ANSWER', cell: ({ answer }) => answer },
    {
      title: 'AS EXPECTED',
      cell: ({ verdict }) => verdict,
      tone: ({ verdict }) => (verdict === 'yes' ? 'good' : verdict === 'NOT' ? 'bad' : 'warning'),
    },
    { title: 'DETAIL', isWide: true, cell: ({ detail }) => detail },
  ]);
  const { stderr } = context;
  const unknown = lines.filter(({ verdict }) => verdict === 'unknown').length;
  if (unknown > 0) {
    stderr.write(
      `What became of ${unknown} acknowledged inputs was not looked up: that takes the instance's data folder.\n`,
    );
  }
  if (tally.sent < total) {
    stderr.write(`Interrupted after ${tally.sent} of ${total} inputs.\n`);
    return 130;
  }
  const { wrong } = tally.counts;
  stderr.write(
    wrong === 0
      ? `All ${total} bad inputs were answered as expected.\n`
      : `${wrong} of ${total} bad inputs were NOT answered as expected.\n`,
  );
  return wrong === 0 ? 0 : 1;
}
