import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { rowsOf, skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

/** One series. */
export interface SeriesName {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly metric: string;
}

/** One point as the API tells it. */
export interface ToldPoint {
  readonly time: string;
  readonly value: number | string | boolean;
  readonly type?: 'integer';
}

/** The accounts of the ledger. */
export type Accounts = Readonly<
  Record<
    | 'received'
    | 'stored'
    | 'deduplicated'
    | 'deadLettered'
    | 'discarded'
    | 'expired'
    | 'pending'
    | 'filtered',
    number
  >
>;

/** A dead letter as the API lists it. */
export interface ToldLetter {
  readonly offset: number;
  readonly topic: string;
  readonly device: string;
  readonly reason: string;
  readonly detail: string;
  readonly state: string;
  readonly author: string;
  readonly payloadBytes: number;
}

/** Every point of a series over the API, oldest first. */
export async function pointsOf(
  server: ServerProcess,
  series: SeriesName,
  from = '2000-01-01',
): Promise<ToldPoint[]> {
  const query = new URLSearchParams({ ...series, from, to: '2100-01-01', format: 'ndjson' });
  const response = await server.ask(`/api/v1/telemetry?${query}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return rowsOf(text) as unknown as ToldPoint[];
}

/** All dead letters in one state, oldest first. */
export async function lettersOf(server: ServerProcess, state = 'open'): Promise<ToldLetter[]> {
  const page = await server.get(`/api/v1/dead-letters?state=${state}&limit=1000`);
  return (page as { items: ToldLetter[] }).items;
}

/** The accounts over all projects. */
export async function accountsOf(server: ServerProcess): Promise<Accounts> {
  return ((await server.get('/api/v1/ledger')) as { totals: Accounts }).totals;
}

/**
 * A client of good manners is served: its message is acknowledged, becomes visible with its value, and when nothing is
 * pending the ledger balances.
 */
export async function assertServes(server: ServerProcess): Promise<void> {
  const device = `healthy-${randomBytes(4).toString('hex')}`;
  const value = randomBytes(3).readUIntBE(0, 3) / 100;
  using client = await WireClient.join(server.mqttPort, device);
  assert.equal(await client.accepted(`iot/proof/health/${device}/telemetry`, JSON.stringify({ value })), 0);
  const series = { tenant: 'proof', project: 'health', device, metric: 'value' };
  const points = await until('the point of the healthy client', async () => {
    const found = await pointsOf(server, series, 'now-1d').catch((cause: unknown) => {
      if (String(cause).includes('404')) return [];
      throw cause;
    });
    return found.length > 0 && found;
  });
  assert.deepEqual(
    points.map((point) => point.value),
    [value],
  );
  const ledger = await server.quiet();
  assert.equal(ledger.isBalanced, true);
}

/** `skerry ledger --audit` recounts journal and store and finds nothing. */
export async function assertAuditClean(server: ServerProcess): Promise<void> {
  const audit = await skerry('ledger --audit -o json', { dataDir: server.dataDir });
  assert.equal(audit.code, 0, `${audit.out}${audit.err}`);
  const report = JSON.parse(audit.out) as { balanced: boolean; findings: unknown[]; records: number };
  assert.equal(report.balanced, true, audit.out);
  assert.deepEqual(report.findings, []);
  assert.ok(report.records > 0, 'something was recounted');
}
