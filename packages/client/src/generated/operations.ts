// Written from packages/api by `npm run generate`; not to be edited.

import type { FollowOptions, PlainEvent } from '../event-stream.ts';
import type { CallOptions, RawBody } from '../transport.ts';
import type {
  Config,
  LimitList,
  Health,
  Readiness,
  Overview,
  OverviewHistory,
  DevicePage,
  DeviceDetail,
  Connectivity,
  Latest,
  Point,
  PointPage,
  Bucket,
  BucketPage,
  TakenTelemetry,
  ExportedPoint,
  ExportedDevice,
  Ledger,
  AuditReport,
  GapPage,
  DeadLetterPage,
  DeadLetterReasons,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterOutcome,
  StreamPoints,
  StreamRefusal,
  StreamGap,
  StagesDocument,
  PipelinePage,
  PipelineDetail,
  PipelineHistory,
  PipelineTrial,
  PipelineTrialOutcome,
  PipelineShadow,
  PipelineShadowReport,
  RoleList,
  PartitionList,
  SinkList,
  SourceList,
  SimulationRequest,
  SimulationRestart,
  Simulation,
  SimulationList,
  ChaosRequest,
  ChaosRun,
  ChaosList,
  OnboardingRequest,
  Onboarding,
  Arrivals,
  SignIn,
  Whoami,
  Done,
  OwnChange,
  PasswordChange,
  AccessSessionList,
  User,
  UserPage,
  NewUser,
  UserChange,
  TokenPage,
  NewToken,
  TokenWithSecret,
  SignInLinkWish,
  SignInLink,
  AccessQuestion,
  AccessAnswer,
  AuditPage,
  AuditVerdict,
} from './schemas.ts';

/** Every operation of the API as a function. The first argument holds path, query, named headers and body by name. */
export interface SkerryClient {
  /** Whether the process answers. */
  getHealth(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Health>;
  /** Whether messages are taken and shown; 503 with the reasons when not. */
  getReadiness(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Readiness>;
  /** Metrics of the whole node in the text format of Prometheus. */
  getMetrics(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<string>;
  /** The configuration in force and the open addresses. */
  getConfig(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Config>;
  /** Every limit of the process, and how near it is where that is measured. */
  listLimits(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<LimitList>;
  /** Rates, delay, backlog and ledger now. */
  getOverview(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Overview>;
  /** The same figures over the last minutes, a sample a second. */
  getOverviewHistory(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<OverviewHistory>;
  /** Devices as discovered. */
  listDevices(parameters?: { readonly search?: string | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined; readonly seenFrom?: string | undefined; readonly seenBefore?: string | undefined; readonly sort?: 'device' | 'lastSeen' | 'metrics' | undefined; readonly order?: 'asc' | 'desc' | undefined; readonly skip?: number | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<DevicePage>;
  /** One device. */
  getDevice(parameters: { readonly tenant: string; readonly project: string; readonly device: string }, options?: CallOptions): Promise<DeviceDetail>;
  /** Newest value of each metric of a device. */
  getLatest(parameters: { readonly tenant: string; readonly project: string; readonly device: string }, options?: CallOptions): Promise<Latest>;
  /** How the clients that speak for a device over MQTT are and were connected. */
  getConnectivity(parameters: { readonly tenant: string; readonly project: string; readonly device: string; readonly from?: string | undefined; readonly to?: string | undefined }, options?: CallOptions): Promise<Connectivity>;
  /** Points of one series over a range: raw, aggregated or downsampled; NDJSON streams without a limit. */
  queryTelemetry(parameters: { readonly tenant: string; readonly project: string; readonly device: string; readonly metric: string; readonly from: string; readonly to?: string | undefined; readonly step?: string | undefined; readonly aggregates?: string | undefined; readonly points?: number | undefined; readonly order?: 'asc' | 'desc' | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined; readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): Promise<PointPage | BucketPage>;
  /** The same, line by line and no faster than they are taken. Points of one series over a range: raw, aggregated or downsampled; NDJSON streams without a limit. */
  queryTelemetryLines(parameters: { readonly tenant: string; readonly project: string; readonly device: string; readonly metric: string; readonly from: string; readonly to?: string | undefined; readonly step?: string | undefined; readonly aggregates?: string | undefined; readonly points?: number | undefined; readonly order?: 'asc' | 'desc' | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined; readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): AsyncGenerator<Point | Bucket>;
  /** Takes telemetry of a device in; answers when it is durable. */
  sendTelemetry(parameters: { readonly tenantId: string; readonly projectId: string; readonly deviceId: string; readonly idempotencyKey?: string | undefined; readonly contentEncoding?: 'identity' | 'gzip' | 'zstd' | undefined; readonly body: RawBody }, options?: CallOptions): Promise<TakenTelemetry>;
  /** Points of any number of series as CSV or NDJSON, a stream of any size. */
  exportTelemetry(parameters: { readonly tenant?: string | undefined; readonly project?: string | undefined; readonly search?: string | undefined; readonly device?: string | undefined; readonly metric?: readonly (string)[] | undefined; readonly from: string; readonly to?: string | undefined; readonly limit?: number | undefined; readonly format?: 'csv' | 'ndjson' | undefined; readonly cursors?: boolean | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<Response>;
  /** The same, line by line and no faster than they are taken. Points of any number of series as CSV or NDJSON, a stream of any size. */
  exportTelemetryLines(parameters: { readonly tenant?: string | undefined; readonly project?: string | undefined; readonly search?: string | undefined; readonly device?: string | undefined; readonly metric?: readonly (string)[] | undefined; readonly from: string; readonly to?: string | undefined; readonly limit?: number | undefined; readonly format?: 'csv' | 'ndjson' | undefined; readonly cursors?: boolean | undefined; readonly cursor?: string | undefined }, options?: CallOptions): AsyncGenerator<ExportedPoint>;
  /** Devices as CSV or NDJSON, a stream of any size. */
  exportDevices(parameters?: { readonly tenant?: string | undefined; readonly project?: string | undefined; readonly search?: string | undefined; readonly seenFrom?: string | undefined; readonly seenBefore?: string | undefined; readonly limit?: number | undefined; readonly format?: 'csv' | 'ndjson' | undefined; readonly cursors?: boolean | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<Response>;
  /** The same, line by line and no faster than they are taken. Devices as CSV or NDJSON, a stream of any size. */
  exportDevicesLines(parameters?: { readonly tenant?: string | undefined; readonly project?: string | undefined; readonly search?: string | undefined; readonly seenFrom?: string | undefined; readonly seenBefore?: string | undefined; readonly limit?: number | undefined; readonly format?: 'csv' | 'ndjson' | undefined; readonly cursors?: boolean | undefined; readonly cursor?: string | undefined }, options?: CallOptions): AsyncGenerator<ExportedDevice>;
  /** The running account of every record. */
  getLedger(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Ledger>;
  /** Recounts journal and store; NDJSON tells the progress, its last line has `report`. */
  auditLedger(parameters?: { readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): Promise<AuditReport>;
  /** The same, line by line and no faster than they are taken. Recounts journal and store; NDJSON tells the progress, its last line has `report`. */
  auditLedgerLines(parameters?: { readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): AsyncGenerator<unknown>;
  /** Gaps in the sequence numbers of devices. */
  listGaps(parameters?: { readonly tenant?: string | undefined; readonly project?: string | undefined; readonly device?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<GapPage>;
  /** Dead letters by offset. */
  listDeadLetters(parameters?: { readonly state?: 'open' | 'replayed' | 'discarded' | 'expired' | undefined; readonly reason?: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | 'kafka-refused' | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined; readonly device?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<DeadLetterPage>;
  /** How many dead letters are open, by reason. */
  countDeadLetters(parameters?: { readonly tenant?: string | undefined; readonly project?: string | undefined; readonly device?: string | undefined }, options?: CallOptions): Promise<DeadLetterReasons>;
  /** One dead letter with its bytes. */
  getDeadLetter(parameters: { readonly offset: number }, options?: CallOptions): Promise<DeadLetterDetail>;
  /** Replays open dead letters of a filter; twice is harmless. */
  replayDeadLetters(parameters: { readonly body: DeadLetterFilter }, options?: CallOptions): Promise<DeadLetterOutcome>;
  /** Discards open dead letters of a filter. */
  discardDeadLetters(parameters: { readonly body: DeadLetterFilter }, options?: CallOptions): Promise<DeadLetterOutcome>;
  /** Replays one dead letter; twice is harmless. */
  replayDeadLetter(parameters: { readonly offset: number }, options?: CallOptions): Promise<DeadLetterOutcome>;
  /** Discards one dead letter. */
  discardDeadLetter(parameters: { readonly offset: number }, options?: CallOptions): Promise<DeadLetterOutcome>;
  /** One event stream for several subscriptions: events `points` (StreamPoints), `overview` (Overview), `gap` (StreamGap), `refused` (StreamRefusal). */
  openStream(parameters: { readonly subscribe: readonly (string)[]; readonly lastEventId?: string | undefined }, options?: FollowOptions): AsyncGenerator<(PlainEvent & { readonly event: 'points'; readonly data: StreamPoints }) | (PlainEvent & { readonly event: 'overview'; readonly data: Overview }) | (PlainEvent & { readonly event: 'gap'; readonly data: StreamGap }) | (PlainEvent & { readonly event: 'refused'; readonly data: StreamRefusal })>;
  /** Declared pipelines and lookup tables with the figures of their stages. */
  listPipelines(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<PipelinePage>;
  /** One declared document as it is in force. */
  getPipeline(parameters: { readonly name: string; readonly kind?: 'Pipeline' | 'LookupTable' | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined }, options?: CallOptions): Promise<PipelineDetail>;
  /** Puts a document in force for all records behind the change. */
  putPipeline(parameters: { readonly name: string; readonly ifMatch?: string | undefined; readonly ifNoneMatch?: string | undefined; readonly body: StagesDocument }, options?: CallOptions): Promise<PipelineDetail>;
  /** Takes a document out of force; its history stays. */
  deletePipeline(parameters: { readonly name: string; readonly kind?: 'Pipeline' | 'LookupTable' | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined; readonly ifMatch?: string | undefined }, options?: CallOptions): Promise<PipelineDetail>;
  /** Puts the version before the one in force in force again. */
  undoPipeline(parameters: { readonly name: string; readonly kind?: 'Pipeline' | 'LookupTable' | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined; readonly ifMatch?: string | undefined }, options?: CallOptions): Promise<PipelineDetail>;
  /** Versions of a document with author and time, the newest first. */
  getPipelineHistory(parameters: { readonly name: string; readonly kind?: 'Pipeline' | 'LookupTable' | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined }, options?: CallOptions): Promise<PipelineHistory>;
  /** Shows what each stage makes of samples or dead letters; nothing is stored. */
  testPipelines(parameters: { readonly body: PipelineTrial }, options?: CallOptions): Promise<PipelineTrialOutcome>;
  /** Compares a document with what is in force over recorded records; nothing is stored. */
  shadowPipelines(parameters: { readonly body: PipelineShadow }, options?: CallOptions): Promise<PipelineShadowReport>;
  /** The processes of the site, and how each does. */
  listRoles(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<RoleList>;
  /** Where records wait to be stored: owner, position, lag, and when retention would remove them. */
  listPartitions(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<PartitionList>;
  /** The stores of points: what each has, and what keeps it from the rest. */
  listSinks(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<SinkList>;
  /** External MQTT brokers with the subscriptions of each gateway, refused and downgraded ones among them. */
  listSources(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<SourceList>;
  /** Simulations that run. */
  listSimulations(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<SimulationList>;
  /** Starts a simulated world that publishes over MQTT, as `skerry simulate` does. */
  startSimulation(parameters: { readonly body: SimulationRequest }, options?: CallOptions): Promise<Simulation>;
  /** Begins a simulation anew; what it published stays stored until it ages out. */
  restartSimulation(parameters: { readonly id: string; readonly body: SimulationRestart }, options?: CallOptions): Promise<Simulation>;
  /** Ends a simulation; what it published stays stored until it ages out. */
  stopSimulation(parameters: { readonly id: string }, options?: CallOptions): Promise<Simulation>;
  /** Chaos runs: what was sent, what was refused, what became a dead letter. */
  listChaos(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<ChaosList>;
  /** Sends every bad input over MQTT and looks up what is answered, as `skerry simulate chaos` does. */
  startChaos(parameters: { readonly body: ChaosRequest }, options?: CallOptions): Promise<ChaosRun>;
  /** Ends a chaos run; what it sent stays, and what it found so far, too. */
  stopChaos(parameters: { readonly id: string }, options?: CallOptions): Promise<ChaosRun>;
  /** Ready commands that send a first message of a device, with the real addresses and without a secret. */
  getOnboarding(parameters: { readonly tenant: string; readonly project: string; readonly device: string; readonly way?: 'mqtt' | 'http' | 'file' | undefined }, options?: CallOptions): Promise<Onboarding>;
  /** The same with a new token in them that is good for this device alone; it is shown this once. */
  createOnboarding(parameters: { readonly body: OnboardingRequest }, options?: CallOptions): Promise<Onboarding>;
  /** The certificates that TLS shows here, as a file for clients that are to trust them. */
  getOnboardingCertificate(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<string>;
  /** What of a device has arrived, and what arrived wrongly in the last 60 minutes, in words. */
  listArrivals(parameters: { readonly tenant: string; readonly project: string; readonly device: string; readonly since?: string | undefined }, options?: CallOptions): Promise<Arrivals>;
  /** Signs in by name and password, or by the code of a one-time link; the session is in a cookie. */
  signIn(parameters: { readonly body: SignIn }, options?: CallOptions): Promise<Whoami>;
  /** Who asks, and what they may do. */
  getSession(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Whoami>;
  /** Changes the display name or the language of the user who asks. */
  changeSelf(parameters: { readonly body: OwnChange }, options?: CallOptions): Promise<Whoami>;
  /** Signs out. */
  signOut(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Done>;
  /** Changes the password of the user who asks; their other sessions end, and a new one begins. */
  changeOwnPassword(parameters: { readonly body: PasswordChange }, options?: CallOptions): Promise<Whoami>;
  /** Sessions of the user who asks, or of another. */
  listSessions(parameters?: { readonly user?: string | undefined }, options?: CallOptions): Promise<AccessSessionList>;
  /** Ends a session. */
  endSession(parameters: { readonly id: string }, options?: CallOptions): Promise<Done>;
  /** Users by name. */
  listUsers(parameters?: { readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<UserPage>;
  /** Makes a user. */
  createUser(parameters: { readonly body: NewUser }, options?: CallOptions): Promise<User>;
  /** One user. */
  getUser(parameters: { readonly name: string }, options?: CallOptions): Promise<User>;
  /** Changes a user; a changed password ends their sessions. */
  changeUser(parameters: { readonly name: string; readonly ifMatch?: string | undefined; readonly body: UserChange }, options?: CallOptions): Promise<User>;
  /** Removes a user with their sessions. */
  removeUser(parameters: { readonly name: string; readonly ifMatch?: string | undefined }, options?: CallOptions): Promise<Done>;
  /** Makes a link that signs a user in once. */
  createSignInLink(parameters: { readonly body: SignInLinkWish }, options?: CallOptions): Promise<SignInLink>;
  /** Access tokens by name. */
  listTokens(parameters?: { readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<TokenPage>;
  /** Makes an access token; its secret is in this answer and nowhere else. */
  createToken(parameters: { readonly body: NewToken }, options?: CallOptions): Promise<TokenWithSecret>;
  /** Revokes an access token. */
  revokeToken(parameters: { readonly name: string }, options?: CallOptions): Promise<Done>;
  /** Whether who asks, a user or a token may do something somewhere. */
  checkAccess(parameters: { readonly body: AccessQuestion }, options?: CallOptions): Promise<AccessAnswer>;
  /** Entries of the audit log, newest first. */
  listAudit(parameters?: { readonly author?: string | undefined; readonly action?: string | undefined; readonly outcome?: 'allowed' | 'refused' | 'failed' | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<AuditPage>;
  /** Reads the whole audit log and tells every line that was changed, removed or cut off. */
  verifyAudit(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<AuditVerdict>;
}

/** What a client has to know of one operation. */
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly kind: 'json' | 'text' | 'stream' | 'events' | 'nothing';
  readonly hasLines?: boolean;
  readonly isRaw?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The operations by id. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  getHealth: {"method":"GET","path":"/health","kind":"json"},
  getReadiness: {"method":"GET","path":"/ready","kind":"json"},
  getMetrics: {"method":"GET","path":"/metrics","kind":"text"},
  getConfig: {"method":"GET","path":"/api/v1/config","kind":"json"},
  listLimits: {"method":"GET","path":"/api/v1/limits","kind":"json"},
  getOverview: {"method":"GET","path":"/api/v1/overview","kind":"json"},
  getOverviewHistory: {"method":"GET","path":"/api/v1/overview/history","kind":"json"},
  listDevices: {"method":"GET","path":"/api/v1/devices","kind":"json"},
  getDevice: {"method":"GET","path":"/api/v1/devices/{tenant}/{project}/{device}","kind":"json"},
  getLatest: {"method":"GET","path":"/api/v1/devices/{tenant}/{project}/{device}/latest","kind":"json"},
  getConnectivity: {"method":"GET","path":"/api/v1/devices/{tenant}/{project}/{device}/connectivity","kind":"json"},
  queryTelemetry: {"method":"GET","path":"/api/v1/telemetry","kind":"json","hasLines":true},
  sendTelemetry: {"method":"POST","path":"/api/v1/telemetry/{tenantId}/{projectId}/{deviceId}","kind":"json","isRaw":true,"headers":{"idempotencyKey":"idempotency-key","contentEncoding":"content-encoding"}},
  exportTelemetry: {"method":"GET","path":"/api/v1/export/telemetry","kind":"stream","hasLines":true},
  exportDevices: {"method":"GET","path":"/api/v1/export/devices","kind":"stream","hasLines":true},
  getLedger: {"method":"GET","path":"/api/v1/ledger","kind":"json"},
  auditLedger: {"method":"GET","path":"/api/v1/ledger/audit","kind":"json","hasLines":true},
  listGaps: {"method":"GET","path":"/api/v1/gaps","kind":"json"},
  listDeadLetters: {"method":"GET","path":"/api/v1/dead-letters","kind":"json"},
  countDeadLetters: {"method":"GET","path":"/api/v1/dead-letters/reasons","kind":"json"},
  getDeadLetter: {"method":"GET","path":"/api/v1/dead-letters/{offset}","kind":"json"},
  replayDeadLetters: {"method":"POST","path":"/api/v1/dead-letters/replay","kind":"json"},
  discardDeadLetters: {"method":"POST","path":"/api/v1/dead-letters/discard","kind":"json"},
  replayDeadLetter: {"method":"POST","path":"/api/v1/dead-letters/{offset}/replay","kind":"json"},
  discardDeadLetter: {"method":"POST","path":"/api/v1/dead-letters/{offset}/discard","kind":"json"},
  openStream: {"method":"GET","path":"/api/v1/stream","kind":"events"},
  listPipelines: {"method":"GET","path":"/api/v1/pipelines","kind":"json"},
  getPipeline: {"method":"GET","path":"/api/v1/pipelines/{name}","kind":"json"},
  putPipeline: {"method":"PUT","path":"/api/v1/pipelines/{name}","kind":"json","headers":{"ifMatch":"if-match","ifNoneMatch":"if-none-match"}},
  deletePipeline: {"method":"DELETE","path":"/api/v1/pipelines/{name}","kind":"json","headers":{"ifMatch":"if-match"}},
  undoPipeline: {"method":"POST","path":"/api/v1/pipelines/{name}/undo","kind":"json","headers":{"ifMatch":"if-match"}},
  getPipelineHistory: {"method":"GET","path":"/api/v1/pipelines/{name}/history","kind":"json"},
  testPipelines: {"method":"POST","path":"/api/v1/pipelines/test","kind":"json"},
  shadowPipelines: {"method":"POST","path":"/api/v1/pipelines/shadow","kind":"json"},
  listRoles: {"method":"GET","path":"/api/v1/pipeline/roles","kind":"json"},
  listPartitions: {"method":"GET","path":"/api/v1/pipeline/partitions","kind":"json"},
  listSinks: {"method":"GET","path":"/api/v1/pipeline/sinks","kind":"json"},
  listSources: {"method":"GET","path":"/api/v1/pipeline/sources","kind":"json"},
  listSimulations: {"method":"GET","path":"/api/v1/simulations","kind":"json"},
  startSimulation: {"method":"POST","path":"/api/v1/simulations","kind":"json"},
  restartSimulation: {"method":"POST","path":"/api/v1/simulations/{id}/restart","kind":"json"},
  stopSimulation: {"method":"DELETE","path":"/api/v1/simulations/{id}","kind":"json"},
  listChaos: {"method":"GET","path":"/api/v1/chaos","kind":"json"},
  startChaos: {"method":"POST","path":"/api/v1/chaos","kind":"json"},
  stopChaos: {"method":"DELETE","path":"/api/v1/chaos/{id}","kind":"json"},
  getOnboarding: {"method":"GET","path":"/api/v1/onboarding","kind":"json"},
  createOnboarding: {"method":"POST","path":"/api/v1/onboarding","kind":"json"},
  getOnboardingCertificate: {"method":"GET","path":"/api/v1/onboarding/certificate","kind":"text"},
  listArrivals: {"method":"GET","path":"/api/v1/onboarding/arrivals","kind":"json"},
  signIn: {"method":"POST","path":"/api/v1/session","kind":"json"},
  getSession: {"method":"GET","path":"/api/v1/session","kind":"json"},
  changeSelf: {"method":"PATCH","path":"/api/v1/session","kind":"json"},
  signOut: {"method":"DELETE","path":"/api/v1/session","kind":"json"},
  changeOwnPassword: {"method":"PUT","path":"/api/v1/session/password","kind":"json"},
  listSessions: {"method":"GET","path":"/api/v1/sessions","kind":"json"},
  endSession: {"method":"DELETE","path":"/api/v1/sessions/{id}","kind":"json"},
  listUsers: {"method":"GET","path":"/api/v1/users","kind":"json"},
  createUser: {"method":"POST","path":"/api/v1/users","kind":"json"},
  getUser: {"method":"GET","path":"/api/v1/users/{name}","kind":"json"},
  changeUser: {"method":"PATCH","path":"/api/v1/users/{name}","kind":"json","headers":{"ifMatch":"if-match"}},
  removeUser: {"method":"DELETE","path":"/api/v1/users/{name}","kind":"json","headers":{"ifMatch":"if-match"}},
  createSignInLink: {"method":"POST","path":"/api/v1/access/sign-in-links","kind":"json"},
  listTokens: {"method":"GET","path":"/api/v1/tokens","kind":"json"},
  createToken: {"method":"POST","path":"/api/v1/tokens","kind":"json"},
  revokeToken: {"method":"DELETE","path":"/api/v1/tokens/{name}","kind":"json"},
  checkAccess: {"method":"POST","path":"/api/v1/access/check","kind":"json"},
  listAudit: {"method":"GET","path":"/api/v1/audit","kind":"json"},
  verifyAudit: {"method":"GET","path":"/api/v1/audit/verdict","kind":"json"},
};
