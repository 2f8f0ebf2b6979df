// `npm run stack`: the data plane in roles on real engines, on this machine, until it is asked to end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@skerry/testkit/stack';
import { provide } from './needs.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { env, missing } = provide(['kafka', 'postgres', 'mosquitto', 'mosquitto-clients'], say);
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
  const { port } = stack.mosquitto;
  const link = /http:\S+#\/sign-in\?code=\S+/.exec(stack.cloud.text)?.[0];
  say(`\nSend something:
  mosquitto_pub -p ${port} -q 1 -t mtic/msg/client/realtime/acme/plant/pump-1 -m '{"temperature": 21.5}'
See it:
  ${link ?? stack.cloud.url}
  psql ${stack.postgres.url()} -c 'select * from skerry.telemetry order by time desc limit 10'
Ctrl+C ends all of it.`);
  await asked;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
