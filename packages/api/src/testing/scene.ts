import { request } from 'node:http';
import { connect } from 'node:net';
import { type AccessScene, LOCAL_TOKEN, openAccessScene } from '@skerry/access/testing';
import { createMeter, type LogEntry, loggerTo, type Meter } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import type { Model } from '../schemas.ts';
import { type Api, type ApiOptions, openApi } from '../server.ts';
import { MemoryPlatform } from './memory-platform.ts';

/** A server over a platform in memory, on a free port. */
export interface Scene extends AsyncDisposable {
  readonly api: Api;
  readonly platform: MemoryPlatform;
  readonly clock: FakeClock;
  readonly meter: Meter;
  readonly log: readonly LogEntry[];
  /** Who may ask; the scene itself asks with the token of the data folder. */
  readonly access: AccessScene;
  /** GET of a path with the token of the data folder, unless the headers say otherwise; JSON by default. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** GET whose JSON answer is of the type the test states. */
  json<T>(path: string): Promise<T>;
  /** POST of JSON with the token, or another one, or none (`null`). */
  post(path: string, body?: unknown, token?: string | null): Promise<Response>;
}

/** Wall time at the beginning of a scene: 2026-05-01T12:00:00Z. */
const START_MICROS = 1_777_636_800_000_000;

/** The token of the scene's server. */
export const TOKEN = LOCAL_TOKEN;

/** Opens a scene. */
export async function openScene(
  options: Partial<ApiOptions> & { readonly liveBatchesMax?: number; readonly token?: string } = {},
): Promise<Scene> {
  const { liveBatchesMax = 1_000, token: localToken = TOKEN, ...rest } = options;
  const clock = new FakeClock(START_MICROS);
  const platform = new MemoryPlatform(clock, { liveBatchesMax });
  const meter = createMeter();
  const log: LogEntry[] = [];
  await using stack = new AsyncDisposableStack();
  const access = stack.use(await openAccessScene({ clock, localToken }));
  const logger = loggerTo((entry) => log.push(entry));
  const needs = { platform, clock, meter, logger, access: access.access };
  const api = stack.use(await openApi({ host: '127.0.0.1', port: 0, ...rest }, needs));
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(api.url + path, { headers: { authorization: `Bearer ${localToken}`, ...headers } });
  const owned = stack.move();
  return {
    api,
    platform,
    clock,
    meter,
    log,
    access,
    get,
    json: async <T>(path: string) => (await (await get(path)).json()) as T, // the test states what it expects
    post: (path, body, token = localToken) =>
      fetch(api.url + path, {
        method: 'POST',
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The code of a problem answer. */
export async function problemIn(response: Response): Promise<Model<'Problem'>> {
  return (await response.json()) as Model<'Problem'>; // callers check its members
}

/** A request with headers that `fetch` does not let one set; resolves with status and body. */
export function rawRequest(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, method, agent: false }, (response) => {
      let body = '';
      const status = response.statusCode ?? 0;
      if (response.headers['content-type']?.startsWith('text/event-stream')) {
        // a stream has no end to wait for
        resolve({ status, body });
        sent.destroy();
        return;
      }
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => resolve({ status, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/**
 * Writes text on a connection of its own as it is, then `more` once `mark` was received; resolves with what came until
 * the other side closed the connection.
 */
export function exchange(
  port: number,
  text: string,
  mark?: string,
  more = '',
): Promise<{ readonly head: string; readonly body: string }> {
  return new Promise((resolve, reject) => {
    let received = '';
    let awaited = mark;
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      received += piece;
      if (awaited === undefined || !received.includes(awaited)) return;
      awaited = undefined;
      socket.write(more);
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const end = received.indexOf('\r\n\r\n');
      resolve({ head: received.slice(0, end + 2), body: received.slice(end + 4) });
    });
  });
}
