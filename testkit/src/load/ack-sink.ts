import { createServer, type Socket } from 'node:net';

/** What a sink does beside acknowledging; for tests of the generator. */
export interface AckSinkOptions {
  /** Answer of each PUBLISH by its payload; 0 when absent. For 3.1.1 it is left out. */
  readonly reasonOf?: (payload: Buffer) => number;
  /** Hears of each PUBLISH; views are good for the time of the call. */
  readonly onPublish?: (packetId: number, payload: Buffer) => void;
  /** Receive Maximum told to clients of MQTT 5. */
  readonly receiveMaximum?: number;
  /** Answers go out when it resolves, in order; the copies are the callee's. */
  readonly keep?: (
    publications: readonly { readonly topic: string; readonly payload: Buffer }[],
  ) => Promise<void>;
  /** False leaves a PUBLISH unanswered. */
  readonly answers?: (payload: Buffer) => boolean;
}

/** A server that acknowledges whatever is published to it and keeps nothing. */
export interface AckSink extends AsyncDisposable {
  readonly port: number;
  /** PUBLISH packets that came. */
  readonly count: number;
  /** Cuts every connection with a reset. */
  reset(): void;
}

/** Opens a sink on a free port. */
export async function openAckSink(options: AckSinkOptions = {}): Promise<AckSink> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    serve(socket, options, () => {
      count += 1;
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get count() {
      return count;
    },
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function serve(socket: Socket, options: AckSinkOptions, onCount: () => void): void {
  let kept: Buffer = Buffer.alloc(0);
  let level = 4;
  let answered = Promise.resolve();
  socket.on('data', (chunk: Buffer) => {
    const bytes = kept.byteLength > 0 ? Buffer.concat([kept, chunk]) : chunk;
    const answers = Buffer.allocUnsafe(bytes.byteLength + 16);
    const publications: { topic: string; payload: Buffer }[] = [];
    let filled = 0;
    let at = 0;
    for (;;) {
      const body = bodyAt(bytes, at);
      if (!body) break;
      const type = Number(bytes[at]) >> 4;
      if (type === 1) {
        level = Number(bytes[body.start + 6]);
        filled += connack(level, options.receiveMaximum).copy(answers, filled);
      } else if (type === 3) {
        onCount();
        const idAt = body.start + 2 + bytes.readUInt16BE(body.start);
        const packetId = bytes.readUInt16BE(idAt);
        const payload = bytes.subarray(idAt + (level === 5 ? 3 : 2), body.end);
        options.onPublish?.(packetId, payload);
        if (options.keep)
          publications.push({
            topic: bytes.toString('utf8', body.start + 2, idAt),
            payload: Buffer.from(payload),
          });
        if (options.answers?.(payload) !== false)
          filled = puback(answers, filled, packetId, level === 5 ? (options.reasonOf?.(payload) ?? 0) : 0);
      }
      at = body.end;
    }
    kept = Buffer.from(bytes.subarray(at));
    const ready = answers.subarray(0, filled);
    if (filled === 0) return;
    if (options.keep === undefined || publications.length === 0) socket.write(ready);
    else {
      const kept = options.keep(publications);
      answered = answered.then(() => kept).then(() => void socket.write(ready));
    }
  });
}

function puback(into: Buffer, at: number, packetId: number, reason: number): number {
  into[at] = 0x40;
  into[at + 1] = reason === 0 ? 2 : 3;
  into.writeUInt16BE(packetId, at + 2);
  if (reason === 0) return at + 4;
  into[at + 4] = reason;
  return at + 5;
}

function connack(level: number, receiveMaximum: number | undefined): Buffer {
  if (level !== 5) return Buffer.from([0x20, 2, 0, 0]);
  if (receiveMaximum === undefined) return Buffer.from([0x20, 3, 0, 0, 0]);
  return Buffer.from([0x20, 6, 0, 0, 3, 0x21, receiveMaximum >> 8, receiveMaximum & 255]);
}

function bodyAt(bytes: Buffer, at: number): { start: number; end: number } | undefined {
  let length = 0;
  for (let i = 0; i < 4 && at + 1 + i < bytes.byteLength; i++) {
    const byte = Number(bytes[at + 1 + i]);
    length += (byte & 127) * 128 ** i;
    if (byte >= 128) continue;
    const start = at + 2 + i;
    return start + length <= bytes.byteLength ? { start, end: start + length } : undefined;
  }
  return undefined;
}
