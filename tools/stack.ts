// `npm run stack`: the data plane in roles on real engines, on this machine. Shows the fixture, or the recordings of the folder
// SKERRY_RECORDINGS, on their way while a gateway and a writer are killed, then stays until it is asked to end; with `--once`
// it ends by itself, with exit code 1 unless both were killed, all of it was stored once and the ledger balances.
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chosenRecordings,
  type Recording,
  readRecordings,
  type Stack,
  showRecordings,
  startStack,
  watchStack,
} from '@skerry/testkit/stack';
import { provide } from './needs.ts';

/** Time that a recording takes on its way into the broker. */
const SHOW_SECS = 15;
const INTERRUPTED = 130;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  const recordings = readChosen();
  if (recordings === undefined) return 1;
  const { env, missing } = provide(
    ['kafka', 'postgres', 'mosquitto', 'mosquitto-clients', 'prometheus', 'alertmanager'],
    say,
  );
  Object.assign(process.env, env);
  for (const [name, why] of missing) say(`Missing: ${name} (${why})`);
  if (missing.size > 0) return 1;
  const asked = endOnSignals();
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-stack-'));
  say('Starting Kafka, PostgreSQL and mosquitto, two gateways, two writers and a cloud…');
  await using stack = await startStack({ folder: folder.path, say });
  if (asked.aborted) return INTERRUPTED;
  await using monitors = await watchStack(stack);
  const { prometheus, alertmanager } = monitors;
  say(`Prometheus ${prometheus.url}; Alertmanager ${alertmanager.url}`);
  const code = await show(stack, recordings, asked);
  if (asked.aborted) return INTERRUPTED;
  tellWhere(stack, folder.path);
  if (!process.argv.includes('--once') && !asked.aborted)
    await new Promise((resolve) => asked.addEventListener('abort', resolve, { once: true }));
  return code;
}

/** What is to be shown; undefined, once it is said why, where it cannot be. */
function readChosen(): Recording[] | undefined {
  try {
    return readRecordings(chosenRecordings());
  } catch (cause) {
    say(cause instanceof Error ? cause.message : String(cause));
    return undefined;
  }
}

function endOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (!controller.signal.aborted) say('Ending all of it; what is just starting is waited for.');
      controller.abort();
    });
  return controller.signal;
}

/** Shows recordings and says what became of them; the exit code. */
async function show(stack: Stack, recordings: readonly Recording[], signal: AbortSignal): Promise<number> {
  try {
    const { faults, ledger, rows, values } = await showRecordings(stack, {
      recordings,
      secs: SHOW_SECS,
      say,
      signal,
    });
    say(ledger);
    for (const fault of faults) say(`NOT as it was meant: ${fault}`);
    if (faults.length > 0) return 1;
    say(
      `${rows} rows with ${values} values are in PostgreSQL as in the files, each once; the ledger balances.`,
    );
    return 0;
  } catch (cause) {
    if (!signal.aborted) throw cause;
    say('The recordings were not shown to their end.');
    return INTERRUPTED;
  }
}

function tellWhere(stack: Stack, folder: string): void {
  const { port } = stack.mosquitto;
  const link = /http:\S+#\/sign-in\?code=\S+/.exec(stack.cloud.text)?.[0];
  say(`\nSend something:
  mosquitto_pub -p ${port} -q 1 -t mtic/msg/client/realtime/acme/plant/pump-1 -m '{"temperature": 21.5}'
See it:
  ${link ?? stack.cloud.url}
  psql ${stack.postgres.url()} -c 'select * from skerry.telemetry order by time desc limit 10'
What the roles print, and their data, until the end:
  ${folder}
Ctrl+C ends all of it.`);
}
