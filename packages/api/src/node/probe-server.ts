import type { ServerResponse } from 'node:http';
import { type Meter, type MetricFamily, renderPrometheus } from '@skerry/kernel';
import { SECURITY_HEADERS } from '../guard.ts';
import { HttpMeters } from '../http-meters.ts';
import type { ReadinessReason } from '../platform.ts';

// imported, it would load all of Node's fetch for names that nobody here uses: 6 MB of each role's memory
const { createServer } = process.getBuiltinModule('node:http');

/** What a process tells of itself. */
export interface Probed {
  /** Why it cannot do its work, the whole or a part of it; none: it can. */
  readiness(): readonly ReadinessReason[];
  metrics(): Promise<readonly MetricFamily[]>;
  /** Where answered requests are counted; nowhere when absent. */
  readonly meter?: Meter;
}

/** A listener of `openProbes`; disposing it closes it and its connections. */
export interface Probes extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number };
}

const HEADERS = { ...SECURITY_HEADERS, 'cache-control': 'no-store' };
const PATHS: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);
const JSON_TYPE = 'application/json; charset=utf-8';
const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves `/health`, `/ready` (503 with the reasons while there are some) and `/metrics` of a process without an API. It
 * tells counts and states, nothing that a device has said, and asks nobody for a name. Fails with the error of the bind.
 */
export async function openProbes(
  { host, port }: { readonly host: string; readonly port: number },
  probed: Probed,
): Promise<Probes> {
  const meters = probed.meter && new HttpMeters(probed.meter);
  const server = createServer((request, response) => {
    const startedMs = performance.now();
    const path = new URL(request.url ?? '/', 'http://probe').pathname;
    response.once('close', () =>
      meters?.answered({
        method: String(request.method),
        route: PATHS.has(path) ? path : undefined,
        status: response.statusCode,
        seconds: (performance.now() - startedMs) / 1_000,
        isStream: false,
      }),
    );
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      answer(response, 405, JSON_TYPE, JSON.stringify({ detail: `found ${request.method}, wanted GET` }));
      return;
    }
    answerPath(path, probed).then(
      ([status, type, body]) => answer(response, status, type, body),
      (fault: unknown) => answer(response, 500, JSON_TYPE, JSON.stringify({ detail: String(fault) })),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port }, resolve);
  await promise;
  const bound = server.address();
  return {
    address: { host, port: bound !== null && typeof bound === 'object' ? bound.port : port },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

async function answerPath(path: string, probed: Probed): Promise<readonly [number, string, string]> {
  if (path === '/health') return [200, JSON_TYPE, JSON.stringify({ status: 'ok' })];
  if (path === '/ready') {
    const reasons = probed.readiness();
    const ready = reasons.length === 0;
    return [ready ? 200 : 503, JSON_TYPE, JSON.stringify({ ready, reasons })];
  }
  if (path === '/metrics') return [200, PROMETHEUS_TYPE, renderPrometheus(await probed.metrics())];
  return [404, JSON_TYPE, JSON.stringify({ detail: `found ${path}, wanted /health, /ready or /metrics` })];
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
