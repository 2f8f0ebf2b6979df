import type { ServerProcess } from '@skerry/testkit';

/** What `POST /api/v1/telemetry/…` answers when records are durable. */
export interface Taken {
  readonly records: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly isRepeated: boolean;
}

/** Sends a body of telemetry to a real server with the token of its data folder. */
export function sendTo(
  server: ServerProcess,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.httpPort}/api/v1/telemetry/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(15_000),
  });
}

/** The same, for a body that must be taken; fails with a plain error and the answer otherwise. */
export async function taken(
  server: ServerProcess,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Taken> {
  const response = await sendTo(server, path, body, headers);
  const text = await response.text();
  if (response.status !== 200) throw new TypeError(`POST answered ${response.status}: ${text}`);
  return JSON.parse(text) as Taken;
}
