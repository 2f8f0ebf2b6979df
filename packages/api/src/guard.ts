import { isLoopback } from '@skerry/access/loopback';
import { ApiError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** What the guard looks at in a request. */
export interface GuardedRequest {
  readonly url: string;
  /** Names and values as they came, in turn: a second Host is in no other place. */
  readonly raw: { readonly rawHeaders: readonly string[] };
  readonly headers: {
    readonly host?: string | undefined;
    readonly origin?: string | undefined;
    readonly 'sec-fetch-site'?: string | string[] | undefined;
  };
}

/** Headers that every answer carries. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

const HSTS = { 'strict-transport-security': 'max-age=31536000' } as const;

/**
 * What an answer over TLS carries besides: browsers come by TLS only for a year (RFC 6797). Not under the names of
 * loopback, where plain HTTP is served on another port, nor to addresses, for which it means nothing.
 */
export function tlsHeaders(isEncrypted: boolean, host: string | undefined): Readonly<Record<string, string>> {
  const name = (host ?? '').replace(/:\d*$/, '');
  return isEncrypted && name !== '' && !isLoopback(name) && !isAddress(name) ? HSTS : {};
}

/** Host names a loopback listener serves unless told otherwise. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests whose Host is missing or names somebody else (DNS rebinding; beyond loopback any address is taken), whose Origin is another page, whose
 * URL is too long, and under /api those that the browser says another site made it send (Fetch Metadata: an image of
 * another page carries no Origin). Fails with `host-refused`, `origin-refused`, `url-too-long`, or `invalid-request`
 * for more than one Host (RFC 9112, 3.2).
 */
export function guardRequest(
  request: GuardedRequest,
  hosts: ReadonlySet<string>,
  isBeyondLoopback = false,
): void {
  if (Buffer.byteLength(request.url) > LIMITS.urlBytesMax.value) {
    throw new ApiError('url-too-long', `the URL is longer than ${LIMITS.urlBytesMax.value} bytes`);
  }
  const hostHeaders = request.raw.rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'host',
  );
  if (hostHeaders.length > 1) {
    throw new ApiError('invalid-request', `found ${hostHeaders.length} Host headers, wanted one`);
  }
  const host = (request.headers.host ?? '').toLowerCase();
  const name = host.replace(/:\d*$/, '');
  if (!hosts.has(name) && !(isBeyondLoopback && isAddress(name))) {
    throw new ApiError('host-refused', `the host ${JSON.stringify(name)} is not served here`);
  }
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && isOfApi(request.url)) {
    throw new ApiError('origin-refused', `a page of another site (${String(site)}) may not ask the API`);
  }
  const origin = request.headers.origin;
  if (origin !== undefined && hostOf(origin) !== host) {
    throw new ApiError(
      'origin-refused',
      `a page of ${JSON.stringify(origin)} may not ask ${JSON.stringify(host)}`,
    );
  }
}

/** Whether a host is an address, which no name of somebody else's can lead to. */
function isAddress(name: string): boolean {
  return /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/.test(name);
}

/** Whether the router may take the path for one of the API: it decodes percent-encoding before it compares. */
function isOfApi(url: string): boolean {
  const path = url.replace(/[?#].*$/s, '').replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  return /^\/api(\/|$)/i.test(path);
}

function hostOf(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1];
}
