import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands before a real server and answers some requests in its place. */
export interface Answering extends AsyncDisposable {
  readonly url: string;
  /** Requests that came, by path. */
  readonly seen: string[];
}

/** How a request is answered: undefined or false hands it on to the real server. */
export type Answer = (
  path: string,
  n: number,
) => { status: number; headers?: Record<string, string>; text?: string } | false | undefined;

/** Starts it before the server at `url`. */
export async function answerBefore(url: string, answer: Answer): Promise<Answering> {
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const path = String(incoming.url);
    seen.push(path);
    const own = answer(path, seen.length);
    if (own) {
      incoming.resume();
      outgoing.writeHead(own.status, own.headers).end(own.text ?? `{"error":"said ${own.status}"}`);
      return;
    }
    handOn(url, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function handOn(url: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const on = request(
    `${url}${incoming.url}`,
    { method: String(incoming.method), headers: { ...incoming.headers } },
    (answer) => {
      outgoing.writeHead(Number(answer.statusCode), answer.headers);
      answer.pipe(outgoing);
    },
  );
  on.on('error', () => outgoing.destroy());
  incoming.pipe(on);
}
