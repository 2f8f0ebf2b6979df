import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import type { VerbContext } from '../commands/verb.ts';
import { Progress } from '../output/progress.ts';
import { outputFormat, printRows } from '../output/rows.ts';
import { type ChaosCase, chaosCases } from './chaos-cases.ts';
import { type ChaosAnswer, ChaosClient } from './chaos-client.ts';
import { type ChaosRow, rowOf } from './chaos-row.ts';
import type { ChaosWitness } from './chaos-witness.ts';
import type { MqttTarget } from './target.ts';

const TENANT = 'chaos';
const ANSWER_MS = 10_000;

/** One case that was sent. */
interface SentCase {
  readonly chaosCase: ChaosCase;
  readonly device: string;
  readonly clientId: string;
  readonly answer: ChaosAnswer;
}

/**
 * Sends every bad input of `chaosCases`, each as a device of its own, prints what was answered to each, and resolves with
 * the exit code: 0 when all was answered as expected. `witness` looks up what became of what was acknowledged; without
 * one that is told to be unknown, and is no fault.
 */
export async function runChaos(
  context: VerbContext,
  target: MqttTarget,
  witness: ChaosWitness | undefined,
): Promise<number> {
  const run = Buffer.from(nodeRandom().bytes(3)).toString('hex');
  const cases = chaosCases();
  const { address } = target;
  context.stderr.write(
    `Sending ${cases.length} bad inputs to ${address.host}:${address.port} as ${TENANT}/${run}.\n`,
  );
  const progress = new Progress(context.stderr, nodeClock().monotonicMs);
  const rows: ChaosRow[] = [];
  let sentCount = 0;
  for (const [at, chaosCase] of cases.entries()) {
    progress.show({ done: at, total: cases.length, note: chaosCase.name });
    const sent = await send(chaosCase, run, at, target, context.signal);
    if (context.signal.aborted) break;
    const { device, clientId } = sent;
    const fate = await witness?.fateOf(
      chaosCase,
      { tenant: TENANT, project: run, device, clientId },
      sent.answer,
    );
    sentCount += 1;
    addRow(rows, rowOf(chaosCase, sent.answer, fate));
  }
  progress.end();
  return await conclude(context, rows, sentCount, cases.length);
}

/** Variants of one input that were answered alike are one row. */
function addRow(rows: ChaosRow[], row: ChaosRow): void {
  if (
    !rows.some((one) => one.input === row.input && one.answer === row.answer && one.verdict === row.verdict)
  )
    rows.push(row);
}

async function send(
  chaosCase: ChaosCase,
  run: string,
  at: number,
  target: MqttTarget,
  signal: AbortSignal,
): Promise<SentCase> {
  const device = `case-${String(at + 1).padStart(3, '0')}`;
  const clientId = `skerry-chaos-${run}-${at + 1}`;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  using client = await ChaosClient.open(target, chaosCase.level, inTime);
  if (chaosCase.joins) {
    const reason = await client.join(clientId, target, inTime);
    if (reason !== 0)
      return { chaosCase, device, clientId, answer: { ...client.answer, reason, answeredBy: 'connack' } };
  }
  const parts = chaosCase.bytes({ topic: `iot/${TENANT}/${run}/${device}/telemetry`, tenant: TENANT });
  client.send(parts);
  if (chaosCase.isCut) client.cut();
  await client.until(({ isClosed, accepted, answeredBy }) => {
    if (chaosCase.expected.kind === 'closed') return isClosed;
    if (chaosCase.expected.kind === 'refused') return answeredBy !== undefined;
    return isClosed || accepted >= parts.length;
  }, inTime);
  return { chaosCase, device, clientId, answer: client.answer };
}

async function conclude(
  context: VerbContext,
  rows: readonly ChaosRow[],
  sentCount: number,
  total: number,
): Promise<number> {
  const wrong = rows.filter(({ verdict }) => verdict === 'NOT').length;
  const unknown = rows.filter(({ verdict }) => verdict === 'unknown').length;
  const format = outputFormat(context.flags.output);
  await printRows(context, format, rows, [
    { title: 'INPUT', cell: (row) => row.input },
    { title: 'EXPECTED', cell: (row) => row.expected },
    { title: 'ANSWER', cell: (row) => row.answer },
    {
      title: 'AS EXPECTED',
      cell: (row) => row.verdict,
      tone: ({ verdict }) => (verdict === 'yes' ? 'good' : verdict === 'NOT' ? 'bad' : 'warning'),
    },
    { title: 'DETAIL', isWide: true, cell: (row) => row.detail },
  ]);
  if (unknown > 0) {
    context.stderr.write(
      `What became of ${unknown} acknowledged inputs was not looked up: that takes the instance's data folder.\n`,
    );
  }
  if (sentCount < total) {
    context.stderr.write(`Interrupted after ${sentCount} of ${total} inputs.\n`);
    return 130;
  }
  context.stderr.write(
    wrong === 0
      ? `All ${total} bad inputs were answered as expected.\n`
      : `${wrong} of ${total} bad inputs were NOT answered as expected.\n`,
  );
  return wrong === 0 ? 0 : 1;
}
