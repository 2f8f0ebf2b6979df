// `npm run stack`: the data plane in roles on real engines, on this machine. Shows the fixture, or the recordings of the folder
// SKERRY_RECORDINGS, on their way while a gateway and a writer are killed, then stays until it is asked to end; with `--once`
// it ends by itself, with exit code 1 unless all of it was stored once and the ledger balances.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chosenRecordings, showRecordings, startStack, watchStack } from '@skerry/testkit/stack';
import { provide } from './needs.ts';

/** Time that a recording takes on its way into the broker. */
const SHOW_SECS = 15;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { env, missing } = provide(
  ['kafka', 'postgres', 'mosquitto', 'mosquitto-clients', 'prometheus', 'alertmanager'],
  say,
);
Object.assign(process.env, env);
for (const [name, why] of missing) say(`Missing: ${name} (${why})`);
if (missing.size > 0) process.exit(1);
const folder = mkdtempSync(join(tmpdir(), 'skerry-stack-'));
const asked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
try {
  say('Starting Kafka, PostgreSQL and mosquitto, two gateways, two writers and a cloud…');
  await using stack = await startStack({ folder, say });
  await using monitors = await watchStack(stack);
  const { prometheus, alertmanager } = monitors;
  say(`Prometheus ${prometheus.url}; Alertmanager ${alertmanager.url}`);
  const { faults, ledger, rows, values } = await showRecordings(stack, {
    recordings: chosenRecordings(),
    secs: SHOW_SECS,
    say,
  });
  say(ledger);
  for (const fault of faults.slice(0, 20)) say(`NOT as it was recorded: ${fault}`);
  if (faults.length === 0)
    say(`${rows} rows with ${values} values are in PostgreSQL, each once, and the ledger balances.`);
  process.exitCode = faults.length === 0 ? 0 : 1;
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
  if (!process.argv.includes('--once')) await asked;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
