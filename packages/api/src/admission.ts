import type { ServerResponse } from 'node:http';
import { ACCESS_LIMITS, type Access, type BegunSession, NOBODY } from '@skerry/access';
import { isLoopback } from '@skerry/access/loopback';
import { EVERYTHING, isAllowed, type Scope, type Subject, scopesOf } from '@skerry/model';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Operation } from './operation.ts';

/** Who asks, by what, and from where. */
export interface Asker {
  readonly subject: Subject;
  /** The session whose cookie came, where one did. */
  readonly session: Pick<BegunSession, 'id' | 'user'> | undefined;
  /** Address of the peer. */
  readonly from: string;
}

/** A header that pages of other sites cannot send without asking first (CORS), and that the page sends with changes. */
export const REQUEST_HEADER = 'x-skerry-request';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Decides who asks, and whether the operation is theirs: before a body is read, and noted in the audit log when not. */
export class Admission implements Disposable {
  readonly #access: Access;
  readonly #watch: Disposable;
  /** Requests that are being answered, which end when their sender loses its rights. */
  readonly #running = new Map<FastifyRequest, AbortController>();
  readonly #askers = new WeakMap<FastifyRequest, Asker>();

  constructor(access: Access) {
    this.#access = access;
    this.#watch = access.watch((name) => this.#recheck(name));
  }

  /** Watches no more. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  /**
   * Admits a request to an operation. Fails with `sign-in-required`, `token-refused`, `origin-refused` (a change by
   * cookie that the page did not send), `not-allowed`, or `not-found` where the device of the path is not to be seen.
   */
  async admit(request: FastifyRequest, id: string, operation: Operation): Promise<void> {
    const from = request.socket.remoteAddress ?? '';
    let subject = NOBODY;
    try {
      const asker = await this.#identify(request, operation, from);
      subject = asker.subject;
      judge(asker.subject, operation, request);
      this.#askers.set(request, asker);
    } catch (fault) {
      const isTold = hasCredentials(request) || !SAFE_METHODS.has(request.method);
      if (fault instanceof ApiError && isTold) {
        const note = {
          author: subject.name,
          action: id,
          target: targetOf(request),
          outcome: 'refused',
          from,
        } as const;
        await this.#access.audit.note({ ...note, detail: fault.code });
      }
      throw fault;
    }
  }

  /** Who sent a request that was admitted. */
  askerOf(request: FastifyRequest): Asker {
    const asker = this.#askers.get(request);
    if (!asker) throw new ApiError('internal', 'the request was not admitted');
    return asker;
  }

  /** Who sends the request now, if it still is who was admitted: a token may be revoked while a stream is open. */
  async isStill(request: FastifyRequest): Promise<boolean> {
    const before = this.askerOf(request).subject;
    try {
      const { subject } = await this.#find(request, '', false);
      return JSON.stringify(subject) === JSON.stringify(before);
    } catch (fault) {
      if (fault instanceof ApiError) return false;
      throw fault;
    }
  }

  /**
   * Fires with `token-refused` as soon as who sent an admitted request no longer is who was admitted: its token was
   * revoked or has ended, its session has ended or its grants have changed. Watched until the answer is closed.
   */
  revocation(request: FastifyRequest, answer: Pick<ServerResponse, 'once'>): AbortSignal {
    const controller = new AbortController();
    this.#running.set(request, controller);
    answer.once('close', () => this.#running.delete(request));
    return controller.signal;
  }

  #recheck(name: string): void {
    for (const [request, running] of this.#running) {
      if (this.askerOf(request).subject.name === name) void this.#endUnlessStill(request, running);
    }
  }

  async #endUnlessStill(request: FastifyRequest, running: AbortController): Promise<void> {
    try {
      if (await this.isStill(request)) return;
    } catch (cause) {
      running.abort(new ApiError('token-refused', 'who asks could not be told any more', {}, cause));
      return;
    }
    const detail = 'the rights of who asks were changed while the answer was under way';
    running.abort(new ApiError('token-refused', detail));
  }

  /** The value of `set-cookie` that begins or (without a secret) ends a session in the browser. */
  cookie({ socket }: FastifyRequest, secret: string | undefined): string {
    const life = secret === undefined ? 0 : ACCESS_LIMITS.sessionSecsMax.value;
    const secure = 'encrypted' in socket && socket.encrypted === true ? '; Secure' : '';
    return `${cookieName(socket.localPort)}=${secret ?? ''}; Path=/; Max-Age=${life}; HttpOnly; SameSite=Strict${secure}`;
  }

  async #identify(request: FastifyRequest, operation: Operation, from: string): Promise<Asker> {
    if (operation.may !== 'open') return await this.#find(request, from);
    // what is open is so for bad credentials too
    return { subject: NOBODY, session: undefined, from };
  }

  async #find(request: FastifyRequest, from: string, isUse = true): Promise<Asker> {
    const { authenticator } = this.#access;
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const given = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      const subject = given === undefined ? undefined : await authenticator.bearer(given);
      if (subject) return { subject, session: undefined, from };
      throw new ApiError('token-refused', 'the bearer token is unknown, revoked or expired');
    }
    const cookie = this.#cookieIn(request);
    const found = cookie === undefined ? undefined : await authenticator.session(cookie, isUse);
    if (!found) return { subject: NOBODY, session: undefined, from };
    if (!SAFE_METHODS.has(request.method)) checkPageSent(request);
    return { subject: found.subject, session: { id: found.id, user: found.user }, from };
  }

  #cookieIn(request: FastifyRequest): string | undefined {
    const prefix = `${cookieName(request.socket.localPort)}=`;
    const parts = (request.headers.cookie ?? '').split(';').map((part) => part.trim());
    const value = parts.find((part) => part.startsWith(prefix))?.slice(prefix.length);
    return value === '' ? undefined : value;
  }
}

/** Whether the subject may ask the operation at all, and about the device or project that its path names. */
function judge(subject: Subject, operation: Operation, request: FastifyRequest): void {
  const { may } = operation;
  const isOwn = isLoopback(request.socket.localAddress ?? '');
  if (may === 'open') return;
  if (subject.kind === 'anonymous') {
    if (operation.isOpenOnLoopback && isOwn) return;
    throw new ApiError('sign-in-required', 'the request carries no session and no token that is known');
  }
  if (may === 'signed-in') return;
  if (scopesOf(subject, may).length === 0) {
    throw new ApiError('not-allowed', `${subject.name} has no right ${may} anywhere`);
  }
  if (operation.isOfAll && !isAllowed(subject, may, EVERYTHING)) {
    throw new ApiError(
      'not-allowed',
      `the answer is of the whole node, of which ${subject.name} may see a part only`,
    );
  }
  const scope = scopeInPath(request);
  if (!scope || isAllowed(subject, may, scope)) return;
  if (SAFE_METHODS.has(request.method))
    throw new ApiError('not-found', 'the address names nothing that can be seen');
  throw new ApiError(
    'not-allowed',
    `${subject.name} has no right ${may} for ${Object.values(scope).join('/')}`,
  );
}

/** The tenant, project and device that a path names, by either of the names its parameters have. */
function scopeInPath(request: FastifyRequest): Scope | undefined {
  const params = request.params as Readonly<Record<string, string | undefined>>; // the router's, decoded
  const tenant = params.tenant ?? params.tenantId;
  if (tenant === undefined) return undefined;
  const project = params.project ?? params.projectId;
  const device = params.device ?? params.deviceId;
  return {
    tenant,
    ...(project === undefined ? {} : { project }),
    ...(device === undefined ? {} : { device }),
  };
}

/** A change by cookie must come from the page itself (the cookie alone may be sent by another). */
function checkPageSent(request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site, [REQUEST_HEADER]: mark } = request.headers;
  // guardRequest has refused every other origin
  const isOwn = origin !== undefined || site === 'same-origin';
  if (isOwn && mark === '1') return;
  throw new ApiError(
    'origin-refused',
    `a change by session wants the header ${REQUEST_HEADER}: 1 and an Origin or Sec-Fetch-Site of this page`,
  );
}

/** Named by the port: browsers keep the cookies of all ports of a host together. */
function cookieName(port: number | undefined): string {
  return `skerry_session_${port}`;
}

function hasCredentials({ headers }: FastifyRequest): boolean {
  return headers.authorization !== undefined || headers.cookie !== undefined;
}

/** Method and path, without the query: it may hold what people typed. */
function targetOf({ method, url }: FastifyRequest): string {
  return `${method} ${url.replace(/[?#].*$/s, '').slice(0, LIMITS.auditTargetCharsMax.value)}`;
}
