import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { skerry } from '../../e2e/skerry-line.ts';

/** One line of `skerry doctor`. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'fault';
  readonly found: string;
  readonly advice: string;
}

/** Runs `skerry doctor` with a configuration and further words, whose file and data stand in `folder`; findings by check, the last of each. */
export async function runDoctor(
  folder: string,
  config: object,
  words: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly findings: Map<string, Finding> }> {
  const path = join(folder, `${randomUUID()}.yaml`);
  const whole = { dataDir: join(folder, randomUUID()), http: { port: 0 }, mqtt: { port: 0 }, ...config };
  writeFileSync(path, JSON.stringify(whole));
  const { code, out, err } = await skerry(['doctor', '-o', 'json', '--config', path, ...words]);
  assert.notEqual(out, '', err);
  const findings = JSON.parse(out) as Finding[]; // as doctor prints it
  for (const { verdict, advice, check } of findings) assert.equal(advice === '', verdict === 'ok', check);
  return { code, findings: new Map(findings.map((one) => [one.check, one])) };
}
