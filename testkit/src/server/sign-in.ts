/** A cookie as a browser keeps it. */
export interface SessionCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * The address of the page that signs a user in once, made with the token of the data folder; the first administrator
 * when no user is named. Fails with a plain error unless the server makes the link.
 */
export async function signInLink(url: string, token: string, user?: string): Promise<string> {
  return `${url}/#/sign-in?code=${await codeOf(url, token, user)}`;
}

/** Signs a user in as a link does; the cookie of the session. The first administrator when no user is named. */
export async function sessionCookie(url: string, token: string, user?: string): Promise<SessionCookie> {
  const response = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: await codeOf(url, token, user) }),
  });
  const [, name, value] = /^([^=]+)=([^;]+);/.exec(response.headers.get('set-cookie') ?? '') ?? [];
  if (name === undefined || value === undefined) {
    throw new TypeError(`Signing in answered ${response.status}: ${await response.text()}`);
  }
  return { name, value };
}

async function codeOf(url: string, token: string, user: string | undefined): Promise<string> {
  const response = await fetch(`${url}/api/v1/access/sign-in-links`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(user === undefined ? {} : { user }),
  });
  const answer: unknown = await response.json();
  const code = new Map<string, unknown>(Object.entries(Object(answer))).get('code');
  if (typeof code === 'string') return code;
  throw new TypeError(`Asking for a sign-in link answered ${response.status}: ${JSON.stringify(answer)}`);
}
