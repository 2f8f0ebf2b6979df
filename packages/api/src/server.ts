import type { ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Access } from '@skerry/access';
import { isLoopback } from '@skerry/access/loopback';
import {
  type Clock,
  CodedError,
  type LimitTable,
  type Logger,
  type Meter,
  type TlsCredentials,
} from '@skerry/kernel';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify';
import { Admission } from './admission.ts';
import { finishAnswer } from './answer-finish.ts';
import { answerNeeds } from './answer-needs.ts';
import { answerBroken } from './broken-request.ts';
import type { Call, Handler } from './call.ts';
import { ConnectionTable } from './connection-table.ts';
import { ApiError } from './errors.ts';
import { guardRequest, LOOPBACK_HOSTS, SECURITY_HEADERS, tlsHeaders } from './guard.ts';
import { createHandlers } from './handlers.ts';
import { HttpMeters } from './http-meters.ts';
import { KNOWN_METHODS } from './known-methods.ts';
import { LIMITS } from './limits.ts';
import { methodsOf, shadowedMethods } from './methods.ts';
import { loadStaticFolder, type StaticFile } from './node/static-folder.ts';
import { createTlsServer, headerTerms, listenTls, renewTls } from './node/tls-server.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS, type OperationId } from './operations.ts';
import { type FaultMeaning, faultPage, pathOf, sendStatic } from './page.ts';
import type { Platform } from './platform.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';
import { type RateBounds, RateLimiter } from './rate-limiter.ts';
import { serveDocuments } from './rooms/documents/documents.ts';
import { TelemetryIntake } from './rooms/ingest/telemetry-intake.ts';
import { EventStreams } from './rooms/live/stream.ts';
import { handshakeCause } from './rooms/onboarding/handshake-cause.ts';
import { refusedTelemetry } from './rooms/onboarding/refused-telemetry.ts';
import { OverviewSampler } from './rooms/overview/overview-sampler.ts';
import { type Schema, text } from './schema-kit.ts';
import { SCHEMAS } from './schemas.ts';

/** Where HTTPS listens beside HTTP, and what it shows. */
export interface TlsOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly credentials: TlsCredentials;
}

/** How the server listens. */
export interface ApiOptions {
  /** Address to bind. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly tls?: TlsOptions;
  /** Host names that are served beside those of loopback and `host`, without port. */
  readonly allowedHosts?: readonly string[];
  /** Folder of the built page; without it `/` says that there is none. */
  readonly staticFolder?: string;
  /** Fault codes of other packages, for the pages at `/errors/<code>`. */
  readonly faults?: Readonly<Record<string, FaultMeaning>>;
  /** Limits of the packages that the process is made of, for `/api/v1/limits`; those of the API are always told. */
  readonly limits?: Readonly<Record<string, LimitTable>>;
  /** Other bounds than those of `LIMITS`. */
  readonly bounds?: Partial<ApiBounds>;
}

/** Bounds that may be set per server. */
export interface ApiBounds {
  readonly connectionsMax: number;
  readonly connectionsAddressMax: number;
  readonly headersTimeoutMs: number;
  readonly streamsMax: number;
  readonly streamBufferBytesMax: number;
  readonly queriesMax: number;
  readonly requests: Partial<RateBounds>;
  readonly drainMs: number;
}

/** What the server works with. */
export interface ApiNeeds {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Who may ask. */
  readonly access: Access;
}

/**
 * A running HTTP server. Disposing refuses new work (`/ready` says so), ends event streams, lets requests under way
 * finish within the grace period, then closes what is left.
 */
export interface Api extends AsyncDisposable {
  /** The address in force, with the port that was picked. */
  readonly address: { readonly host: string; readonly port: number };
  /** `http://…` without a slash at the end. */
  readonly url: string;
  /** Where HTTPS listens, where it does. */
  readonly encrypted?: { readonly host: string; readonly port: number; readonly url: string };
  /** Shows new connections another certificate. Fails with `tls-credentials-invalid`. */
  renewTls(credentials: TlsCredentials): void;
}

/** What every part of one server shares. */
interface Context {
  readonly options: ApiOptions;
  readonly needs: ApiNeeds;
  readonly hosts: ReadonlySet<string>;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly root: AbortController;
  readonly admission: Admission;
  /** Served to other machines, which know this one by its address. */
  readonly isBeyondLoopback: boolean;
  readonly limiter: RateLimiter;
  readonly connections: ConnectionTable;
}

/** Opens the HTTP API. Resolves when the port is bound; fails with the error of the bind (`EADDRINUSE` for instance). */
export async function openApi(options: ApiOptions, needs: ApiNeeds): Promise<Api> {
  await using stack = new AsyncDisposableStack();
  const admission = stack.use(new Admission(needs.access));
  const context: Context = {
    admission,
    limiter: new RateLimiter(
      needs.clock,
      needs.meter.counter(
        'iot_api_requests_limited_total',
        'Requests refused because their subject made too many.',
      ),
      options.bounds?.requests,
    ),
    connections: connectionsOf(options, needs),
    options,
    needs,
    hosts: new Set([...LOOPBACK_HOSTS, bracketed(options.host), ...(options.allowedHosts ?? [])]),
    isBeyondLoopback: [options.host, ...(options.tls ? [options.tls.host] : [])].some(
      (host) => !isLoopback(host),
    ),
    files: options.staticFolder ? loadStaticFolder(options.staticFolder) : new Map(),
    root: new AbortController(),
  };
  const sampler = stack.use(new OverviewSampler(needs.platform, needs.clock, needs.logger));
  const bounds = {
    streamsMax: options.bounds?.streamsMax ?? LIMITS.streamsMax.value,
    bufferBytesMax: options.bounds?.streamBufferBytesMax ?? LIMITS.streamBufferBytesMax.value,
  };
  const streams = stack.use(new EventStreams({ ...needs, sampler, admission }, bounds));
  const server = createServer(context);
  const isEnding = () => context.root.signal.aborted;
  const intake = new TelemetryIntake(needs);
  const limits = { api: LIMITS, ...options.limits };
  register(
    server,
    context,
    createHandlers({
      ...needs,
      admission,
      sampler,
      streams,
      ...answerNeeds(options.bounds?.queriesMax, needs),
      intake,
      limits,
      isEnding,
    }),
  );
  const encrypted = options.tls && encryptedServer(server, options.tls, context);
  stack.defer(() => closeServer(server, encrypted, context, streams));
  await server.listen({ host: options.host, port: options.port });
  const { tls } = options;
  const tlsPort = tls && encrypted ? await listenTls(encrypted, tls.host, tls.port) : undefined;
  const owned = stack.move();
  const bound = server.server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.port;
  return {
    address: { host: options.host, port },
    url: `http://${bracketed(options.host)}:${port}`,
    ...(tls && tlsPort !== undefined
      ? { encrypted: { host: tls.host, port: tlsPort, url: `https://${bracketed(tls.host)}:${tlsPort}` } }
      : {}),
    renewTls: (credentials) => {
      if (encrypted) renewTls(encrypted, credentials);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function connectionsOf({ bounds }: ApiOptions, { meter }: ApiNeeds): ConnectionTable {
  const gauge = meter.gauge('iot_api_connections', 'HTTP connections that are open.');
  return new ConnectionTable(
    {
      max: bounds?.connectionsMax ?? LIMITS.connectionsMax.value,
      addressMax: bounds?.connectionsAddressMax ?? LIMITS.connectionsAddressMax.value,
    },
    (open) => gauge.set(open),
  );
}

function headersTimeoutOf({ bounds }: ApiOptions): number {
  return bounds?.headersTimeoutMs ?? LIMITS.headersTimeoutMs.value;
}

/** Requests over TLS are served by the same router, under the same limits and hooks. */
function encryptedServer(
  server: FastifyInstance,
  { credentials }: TlsOptions,
  { connections, options, needs: { platform, clock } }: Context,
): TlsServer {
  return createTlsServer({
    onHandshakeFailed: (why, remote) =>
      platform.refusals.note({
        ...{ atMicros: clock.nowMicros(), kind: 'handshake', client: '', user: '', topic: '', remote },
        ...handshakeCause('https', { reason: 'refused', why }),
      }),
    credentials,
    headersTimeoutMs: headersTimeoutOf(options),
    onConnection: (socket) => connections.enter(socket),
    serve: (request, response) => {
      connections.begin(request.socket, request, response);
      server.routing(request, response);
    },
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host.toLowerCase();
}

function createServer({ options, needs, connections }: Context): FastifyInstance {
  const answers = new WeakMap<Duplex, ServerResponse>();
  const server = fastify({
    bodyLimit: LIMITS.bodyBytesMax.value,
    requestTimeout: LIMITS.requestTimeoutMs.value,
    keepAliveTimeout: LIMITS.keepAliveTimeoutMs.value,
    exposeHeadRoutes: true,
    forceCloseConnections: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: LIMITS.urlBytesMax.value },
    // a request without Host is refused like one with a strange Host, in `guardRequest`
    http: {
      maxHeaderSize: LIMITS.headerBytesMax.value,
      requireHostHeader: false,
      ...headerTerms(headersTimeoutOf(options)),
    },
    clientErrorHandler: ({ code, rawPacket }, socket) => {
      const packet = rawPacket as unknown as Uint8Array | undefined; // Node gives a buffer or none; the type is of its JSON
      answerBroken({ code, rawPacket: packet }, socket, answers.get(socket));
    },
    frameworkErrors: (error, request, reply) => answerProblem(error, request, reply, needs.logger),
  });
  const http = server.server;
  http.on('connection', (socket) => connections.enter(socket));
  http.on('request', (request, response) => {
    answers.set(request.socket, response);
    connections.begin(request.socket, request, response);
  });
  return server;
}

function register(
  server: FastifyInstance,
  context: Context,
  handlers: { readonly [Id in OperationId]: Handler<Id> },
): void {
  const { options, needs, hosts } = context;
  const meters = new HttpMeters(needs.meter);
  server.addHook('onRequest', async (request, reply) => {
    const isEncrypted = 'encrypted' in request.socket && request.socket.encrypted === true;
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    reply.headers(tlsHeaders(isEncrypted, request.headers.host));
    guardRequest(request, hosts, context.isBeyondLoopback);
    if (!KNOWN_METHODS.has(request.method)) answerUnknown(request, reply, context);
  });
  server.addHook('onResponse', async ({ method, routeOptions }, reply) =>
    meters.answered({
      method,
      route: routeOptions.url,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
      isStream: String(reply.getHeader('content-type')).startsWith('text/event-stream'),
    }),
  );
  server.addHook('onSend', async (request, reply, payload) => {
    if (context.root.signal.aborted) reply.header('connection', 'close'); // else the client keeps it open for a minute
    return await finishAnswer(request, reply, payload);
  });
  server.setErrorHandler((error, request, reply) => {
    const refused = refusedTelemetry(request, problemOf(error, request.id), needs.clock.nowMicros());
    if (refused) needs.platform.refusals.note(refused);
    return answerProblem(error, request, reply, needs.logger);
  });
  server.setNotFoundHandler((request, reply) => answerUnknown(request, reply, context));
  setValidator(server);
  takeNoBody(server);
  for (const [id, operation] of Object.entries<Operation>(OPERATIONS)) {
    // the table of handlers has exactly the ids of the table of operations
    const handler = handlers[id as OperationId] as unknown as (call: Call<OperationId>) => Promise<unknown>;
    const route: RouteOptions = {
      method: operation.method,
      url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      schema: schemaOf(operation),
      ...(operation.bodyBytesMax === undefined ? {} : { bodyLimit: operation.bodyBytesMax }),
      onRequest: async (request, reply) => {
        await context.admission.admit(request, id, operation);
        if (operation.path.startsWith('/api/')) limitRate(request, reply, context);
      },
      handler: (request, reply) => handler(callOf(request, reply, context)),
    };
    if (operation.bytesBody) server.register(async (room) => void takeBytes(room).route(route));
    else server.route(route);
  }
  for (const { method, path } of shadowedMethods()) {
    server.route({ method, url: path, handler: (request, reply) => answerUnknown(request, reply, context) });
  }
  serveDocuments(server, needs.platform);
  server.get<{ Params: { code: string } }>('/errors/:code', (request, reply) => {
    const page = faultPage(request.params.code, options.faults ?? {});
    if (!page) throw new ApiError('not-found', 'no fault has this code');
    return reply.type('text/html; charset=utf-8').send(page);
  });
}

/** Counts the request for who makes it, and says in the answer how many are left. Fails with `too-many-requests`. */
function limitRate(request: FastifyRequest, reply: FastifyReply, { admission, limiter }: Context): void {
  const { subject, from } = admission.askerOf(request);
  const { field, refusal } = limiter.take(
    subject.kind === 'anonymous' ? `from ${from}` : `by ${subject.name}`,
  );
  reply.header('ratelimit-policy', limiter.policy).header('ratelimit', field);
  if (refusal) throw refusal;
}

/** An empty body is none, whatever type it says it has; an operation that wants one refuses it by its schema. */
function takeNoBody(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null);
    else parse(request, String(body), done);
  });
}

/** Leaves every body to the handler, unread. */
function takeBytes(room: FastifyInstance): FastifyInstance {
  room.removeAllContentTypeParsers();
  room.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return room;
}

function setValidator(server: FastifyInstance): void {
  const strictBody = new Ajv2020({ allErrors: true, strict: false });
  const coercing = new Ajv2020({ allErrors: true, strict: false, coerceTypes: 'array', useDefaults: true });
  server.setValidatorCompiler<Schema>(({ schema, httpPart }) =>
    (httpPart === 'body' ? strictBody : coercing).compile(schema),
  );
}

function schemaOf(operation: Operation): Record<string, Schema> {
  const nothing = { type: 'object', additionalProperties: false, properties: { _: text('') } };
  return {
    querystring: operation.query ?? { ...nothing, properties: {} },
    ...(operation.params ? { params: operation.params } : {}),
    // with what its references name
    ...(operation.body ? { body: { ...SCHEMAS[operation.body], components: { schemas: SCHEMAS } } } : {}),
  };
}

function callOf(request: FastifyRequest, reply: FastifyReply, context: Context): Call<OperationId> {
  let gone: AbortSignal | undefined;
  const call: Omit<Call<OperationId>, 'signal'> = {
    params: request.params as Call<OperationId>['params'], // validated by the operation's schema
    query: request.query as Call<OperationId>['query'], // the same
    body: request.body as Call<OperationId>['body'], // the same
    request,
    reply,
    asker: context.admission.askerOf(request),
  };
  return {
    ...call,
    get signal() {
      gone ??= goneSignal(request, reply, context);
      return gone;
    },
  };
}

function goneSignal(request: FastifyRequest, reply: FastifyReply, { root, admission }: Context): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  const revoked = admission.revocation(request, reply.raw);
  return AbortSignal.any([controller.signal, root.signal, revoked]);
}

function answerProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  const problem = problemOf(error, request.id);
  if (problem.status >= 500 && problem.code === 'internal') {
    const fields = { request: request.id, method: request.method, path: pathOf(request.url) };
    logger.log('error', 'request failed', { ...fields, error: String(error), stack: stackOf(error) });
  }
  if (problem.status === 503 || problem.status === 429) reply.header('retry-after', retryAfterSecs(error));
  // of the answer that this one takes the place of
  for (const name of ['content-encoding', 'content-disposition', 'etag']) reply.removeHeader(name);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="skerry"');
  return reply
    .code(problem.status)
    .headers(SECURITY_HEADERS)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problem));
}

/** Whole seconds after which the request may be repeated. */
function retryAfterSecs(error: unknown): string {
  const ms = error instanceof CodedError ? Number(error.facts.retryAfterMs ?? 1_000) : 1_000;
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}

function answerUnknown(request: FastifyRequest, reply: FastifyReply, { files }: Context): FastifyReply {
  const path = pathOf(request.url);
  const methods = methodsOf(path);
  if (methods.length > 0) {
    reply.header('allow', methods.join(', '));
    throw new ApiError('method-not-allowed', `${path} has ${methods.join(', ')}, not ${request.method}`);
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const sent = isRead ? sendStatic(request, reply, files) : undefined;
  if (sent) return sent;
  throw new ApiError('not-found', `nothing is at ${path}`);
}

async function closeServer(
  server: FastifyInstance,
  encrypted: TlsServer | undefined,
  context: Context,
  streams: EventStreams,
): Promise<void> {
  const grace = context.options.bounds?.drainMs ?? LIMITS.drainMs.value;
  const all = [server.server, ...(encrypted ? [encrypted] : [])];
  const closed = all.map((one) => new Promise<void>((resolve) => one.close(() => resolve())));
  context.root.abort();
  streams[Symbol.dispose]();
  for (const one of all) one.closeIdleConnections();
  const hurry = context.needs.clock.startTimer(grace, () => {
    for (const one of all) one.closeAllConnections();
  });
  await Promise.all(closed);
  hurry[Symbol.dispose]();
  await server.close();
}
