import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from './errors.ts';
import { SECURITY_HEADERS } from './guard.ts';
import { LIMITS } from './limits.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';

/** What the HTTP parser says of a request it refused. */
export interface ParserFault {
  readonly code?: string | undefined;
  /** The bytes it was given last. */
  readonly rawPacket?: Uint8Array | undefined;
}

/**
 * Answers a request that the HTTP parser refused, so that nothing else can: a problem body with the headers of every
 * answer, then the end of the connection. Where an answer has begun on the connection already, it is only cut.
 */
export function answerBroken(fault: ParserFault, socket: Duplex, answer: ServerResponse | undefined): void {
  const isAnswering = answer?.headersSent === true && !answer.writableFinished;
  if (fault.code === 'ECONNRESET' || !socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const problem = problemOf(errorOf(fault), 'unparsed');
  const body = JSON.stringify(problem);
  const headers = {
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}

function errorOf(fault: ParserFault): ApiError {
  switch (fault.code) {
    case 'HPE_HEADER_OVERFLOW': {
      if (hasLongUrl(fault.rawPacket)) {
        return new ApiError('url-too-long', `the URL is longer than ${LIMITS.urlBytesMax.value} bytes`);
      }
      const detail = `request line and headers are larger than ${LIMITS.headerBytesMax.value} bytes`;
      return new ApiError('headers-too-large', detail);
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError(
        'request-timeout',
        `the headers had not arrived after ${LIMITS.headersTimeoutMs.value} ms, or the request not whole after ${LIMITS.requestTimeoutMs.value} ms`,
      );
    default:
      return new ApiError('invalid-request', 'what came is not a request of HTTP/1.1');
  }
}

/** Whether the request line alone goes beyond the limit, as far as the bytes given last show it. */
function hasLongUrl(packet: Uint8Array | undefined): boolean {
  const line = Buffer.from(packet ?? [])
    .toString('latin1')
    .split('\n', 1)[0];
  const url = /^[A-Z]+ (\S+)/.exec(line ?? '')?.[1];
  return url !== undefined && url.length > LIMITS.urlBytesMax.value;
}
