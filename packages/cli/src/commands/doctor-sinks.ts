import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { CodedError } from '@skerry/kernel';
import { InfluxApi, prepareDatabase } from '@skerry/series/influx';
import type { SinkConfig } from '../config/role-schema.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { readNamed } from '../processes/role.ts';
import { tracingHeaders } from '../processes/tracing.ts';
import { sinkPlace } from '../processes/writer/configured-sinks.ts';
import type { Finding } from './doctor.ts';

const ANSWER_MS = 8_000;
const SKEW_SECS_MAX = 60;
/** A line of line protocol without a point: who may not write is told so, and nothing is written. */
const NO_POINT = new TextEncoder().encode('# skerry doctor\n');
const PATH = '/v1/traces';

/** Whether a sink is there, takes what its user writes, has a clock like ours, and keeps points as long as configured. */
export async function sinkFindings(sink: SinkConfig): Promise<Finding[]> {
  const check = `sink ${sink.name}`;
  const fault = (found: string, advice: string): Finding[] => [{ check, verdict: 'fault', found, advice }];
  const mend = `Start the server, or mend kind, url, database, username, passwordFile and tokenFile of the sink ${sink.name}.`;
  try {
    const place = sinkPlace(sink);
    const api = new InfluxApi(place);
    const signal = AbortSignal.timeout(ANSWER_MS);
    const { version, skewSecs } = await ping(sink.url, signal);
    const answer = await api.write(NO_POINT, undefined, signal);
    const found = `${version} at ${sink.url}`;
    if (answer.is === 'failed') {
      if (answer.fault.code === 'sink-not-found' && place.version === 1 && sink.retentionHours > 0)
        return [ok(check, `${found}; the writer that starts first makes ${sink.database}`)];
      return fault(`${answer.fault.message} (${answer.fault.code})`, mend);
    }
    const written = ok(check, `${found}, and ${sink.database} may be written`);
    return [written, ...skewFindings(check, skewSecs), ...(await retentionFinding(sink, api, signal))];
  } catch (cause) {
    if (cause instanceof CodedError) return fault(`${cause.message} (${cause.code})`, mend);
    return fault(`${sink.url}: ${wordsOf(cause)}`, mend);
  }
}

/** What a server says of itself where it is asked whether it lives; the clock of its answer is good to a second. */
async function ping(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly skewSecs: number | undefined }> {
  const response = await fetch(`${url.replace(/\/$/, '')}/ping`, { redirect: 'manual', signal });
  await response.arrayBuffer();
  const version = response.headers.get('x-influxdb-version');
  const date = response.headers.get('date');
  return {
    version: version === null ? 'a server that tells no version' : `InfluxDB ${version.replace(/^v/, '')}`,
    skewSecs: date === null ? undefined : Math.abs(Date.now() - Date.parse(date)) / 1_000,
  };
}

function skewFindings(check: string, skewSecs: number | undefined): Finding[] {
  if (skewSecs === undefined || skewSecs <= SKEW_SECS_MAX) return [];
  return [
    {
      check: `${check} clock`,
      verdict: 'warning',
      found: `about ${skewSecs.toFixed(0)} s apart from this machine`,
      advice: 'Set both clocks by NTP: its retention follows its own.',
    },
  ];
}

/** Only InfluxDB 1 says how long it keeps points, and only to who may ask. */
async function retentionFinding(
  { name, kind, database, retentionHours }: SinkConfig,
  api: InfluxApi,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (kind !== 'influxdb1' || retentionHours === 0) return [];
  const check = `sink ${name} retention`;
  try {
    const differs = await prepareDatabase(api, { database, retentionHours }, signal); // it is there: it was written to
    if (differs === undefined) return [ok(check, `${database} keeps points for ${retentionHours} h`)];
    const [found = '', advice = ''] = differs.split(': ');
    return [{ check, verdict: 'warning', found, advice: `${advice}, or change sinks.retentionHours.` }];
  } catch (cause) {
    if (!(cause instanceof CodedError) || cause.code !== 'sink-not-allowed') throw cause;
    return [ok(check, 'its user may write and not ask, so it is not known')];
  }
}

/** Whether the collector of traces takes what comes with the configured header fields; without one spans are lost, and nothing else. */
export async function collectorFindings({ tracing }: Pick<SkerryConfig, 'tracing'>): Promise<Finding[]> {
  const check = 'tracing';
  const url = new URL(tracing.otlpUrl);
  if (url.pathname === '/') url.pathname = PATH;
  const warn = (found: string, advice: string): Finding[] => [{ check, verdict: 'warning', found, advice }];
  const lost = 'spans are lost until then, and nothing else.';
  try {
    const authority = readNamed('tracing.caFile', tracing.caFile);
    const { status, server } = await postNothing(url, tracingHeaders(tracing), authority);
    if (status >= 200 && status < 300) return [ok(check, `a collector at ${url}${server}`)];
    const found = `${url}: it answered ${status}, wanted 200`;
    if (status === 401 || status === 403)
      return warn(found, `Correct the header fields of tracing.headersFile; ${lost}`);
    return warn(found, `Correct tracing.otlpUrl: wanted OTLP over HTTP that takes JSON; ${lost}`);
  } catch (cause) {
    return warn(`${url}: ${wordsOf(cause)}`, `Start the collector, or mend tracing.otlpUrl; ${lost}`);
  }
}

/** A request of OTLP without a span in it. */
function postNothing(
  url: URL,
  fields: Readonly<Record<string, string>>,
  ca: string | undefined,
): Promise<{ readonly status: number; readonly server: string }> {
  const headers = { ...fields, 'content-type': 'application/json' };
  const options = { method: 'POST', headers, timeout: ANSWER_MS };
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage) => {
      response.resume();
      const { server } = response.headers;
      resolve({ status: response.statusCode ?? 0, server: server === undefined ? '' : `, ${server}` });
    };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, ...(ca === undefined ? {} : { ca }) }, answered)
        : requestHttp(url, options, answered);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS / 1_000} s`)));
    request.on('error', reject);
    request.end('{"resourceSpans":[]}');
  });
}

function ok(check: string, found: string): Finding {
  return { check, verdict: 'ok', found, advice: '' };
}

/** `fetch failed` has its reason inside. */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause;
  const code = Reflect.get(inner instanceof Error ? inner : cause, 'code');
  const words = inner instanceof Error && inner.message !== '' ? inner.message : cause.message;
  return words === '' ? String(code) : words;
}
