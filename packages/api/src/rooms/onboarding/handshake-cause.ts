/** Why a connection did not get through the handshakes of TLS and WebSocket. */
export interface HandshakeCause {
  /** A stable word. */
  readonly reason: string;
  /** A sentence for whoever connects a device. */
  readonly why: string;
}

/** Words of OpenSSL, and what they mean for whoever connects. */
const MEANINGS: readonly (readonly [words: RegExp, reason: string])[] = [
  [
    /alert (unknown ca|bad certificate|certificate (unknown|expired|revoked)|unsupported certificate)/i,
    'untrusted',
  ],
  [/wrong version number|http request|packet length too long|unexpected message|record/i, 'not-tls'],
  [/unsupported protocol|no shared cipher|version too low/i, 'old-tls'],
  [/ECONNRESET|EPIPE|disconnected|hang up/i, 'left'],
];

const SENTENCES: Readonly<Record<string, (name: string) => string>> = {
  untrusted: () =>
    'It does not trust the certificate of this server, or not for the name that it was given: it needs the file of the authority.',
  'not-tls': (name) => `It does not speak TLS, which this port (${name}) wants.`,
  'old-tls': () => 'It speaks no version and cipher of TLS that is taken here: TLS 1.2 or 1.3 is wanted.',
  left: () => 'It left before the handshake was over, as those do that trust no certificate here.',
  timeout: () => 'The handshake took too long: perhaps it waits for something else than TLS or WebSocket.',
  'not-http': () => 'It does not speak WebSocket, which this port wants; plain MQTT has a port of its own.',
};

/**
 * The cause of a failed handshake of a listener (`mqtts`, `wss`, `ws`, `https`) in words that help, from the reason and
 * the text that the adapter told. What is not known keeps its text.
 */
export function handshakeCause(
  name: string,
  { reason, why }: { readonly reason: string; readonly why: string },
): HandshakeCause {
  const found = reason === 'refused' ? meaningOf(name, why) : reason;
  return { reason: found, why: SENTENCES[found]?.(name) ?? why };
}

function meaningOf(name: string, why: string): string {
  // what is not encrypted, or got through TLS, was broken off by the reader of HTTP
  if (/^parse error/i.test(why)) return 'not-http';
  return MEANINGS.find(([words]) => name !== 'ws' && words.test(why))?.[1] ?? 'refused';
}
