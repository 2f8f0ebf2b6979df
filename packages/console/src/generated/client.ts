// Written from packages/api by `npm run generate`; not to be edited.

import { createClient } from '@skerry/client';
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
  PointPage,
  BucketPage,
  Ledger,
  AuditReport,
  GapPage,
  DeadLetterPage,
  DeadLetterReasons,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterOutcome,
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
} from '@skerry/client';

export type * from '@skerry/client';
export { ApiProblem, isSaidBy } from '@skerry/client';

const client = createClient();

function optionsOf(signal: AbortSignal | null) {
  return signal === null ? {} : { signal };
}

/** Whether the process answers. */
export function getHealth(signal: AbortSignal | null = null): Promise<Health> {
  return client.getHealth({}, optionsOf(signal));
}

/** Whether messages are taken and shown; 503 with the reasons when not. */
export function getReadiness(signal: AbortSignal | null = null): Promise<Readiness> {
  return client.getReadiness({}, optionsOf(signal));
}

/** The configuration in force and the open addresses. */
export function getConfig(signal: AbortSignal | null = null): Promise<Config> {
  return client.getConfig({}, optionsOf(signal));
}

/** Every limit of the process, and how near it is where that is measured. */
export function listLimits(signal: AbortSignal | null = null): Promise<LimitList> {
  return client.listLimits({}, optionsOf(signal));
}

/** Rates, delay, backlog and ledger now. */
export function getOverview(signal: AbortSignal | null = null): Promise<Overview> {
  return client.getOverview({}, optionsOf(signal));
}

/** The same figures over the last minutes, a sample a second. */
export function getOverviewHistory(signal: AbortSignal | null = null): Promise<OverviewHistory> {
  return client.getOverviewHistory({}, optionsOf(signal));
}

/** Devices as discovered. */
export function listDevices(query: {
  /** Part of the device id, without regard to case. */
  readonly search?: string | undefined;
  /** Only this tenant. */
  readonly tenant?: string | undefined;
  /** Only this project. */
  readonly project?: string | undefined;
  /** Only devices last seen at or after this moment: ISO 8601, or `now`, or `now-15m` (ms, s, m, h, d). */
  readonly seenFrom?: string | undefined;
  /** Only devices last seen before this moment: ISO 8601, or `now`, or `now-15m` (ms, s, m, h, d). */
  readonly seenBefore?: string | undefined;
  /** What the list is ordered by; `device` (tenant, project and id) when absent. */
  readonly sort?: 'device' | 'lastSeen' | 'metrics' | undefined;
  /** Direction of the order; `asc` when absent. */
  readonly order?: 'asc' | 'desc' | undefined;
  /** Rows left out at the beginning: any page of a long list without those before it. */
  readonly skip?: number | undefined;
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<DevicePage> {
  return client.listDevices({ ...query }, optionsOf(signal));
}

/** One device. */
export function getDevice(params: {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
}, signal: AbortSignal | null = null): Promise<DeviceDetail> {
  return client.getDevice({ ...params }, optionsOf(signal));
}

/** Newest value of each metric of a device. */
export function getLatest(params: {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
}, signal: AbortSignal | null = null): Promise<Latest> {
  return client.getLatest({ ...params }, optionsOf(signal));
}

/** How the clients that speak for a device over MQTT are and were connected. */
export function getConnectivity(params: {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
}, query: {
  /** Begin, inclusive; `now-1d` when absent: ISO 8601, or `now`, or `now-15m` (ms, s, m, h, d). */
  readonly from?: string | undefined;
  /** End, inclusive; now when absent: ISO 8601, or `now`, or `now-15m` (ms, s, m, h, d). */
  readonly to?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<Connectivity> {
  return client.getConnectivity({ ...params, ...query }, optionsOf(signal));
}

/** Points of one series over a range: raw, aggregated or downsampled; NDJSON streams without a limit. */
export function queryTelemetry(query: {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id. */
  readonly device: string;
  /** Metric. */
  readonly metric: string;
  /** Begin, inclusive: ISO 8601, or `now`, or `now-15m` (ms, s, m, h, d). */
  readonly from: string;
  /** End, exclusive; now when absent: ISO 8601, or `now`, or `now-15m` (ms, s, m, h, d). */
  readonly to?: string | undefined;
  /** Width of buckets, `10s` or `1m` for instance; absent: raw points. */
  readonly step?: string | undefined;
  /** With `step`: some of count,min,max,sum,mean,first,last, by commas; absent: all. */
  readonly aggregates?: string | undefined;
  /** At most so many raw points, extremes kept. */
  readonly points?: number | undefined;
  /** Order by time of raw points. */
  readonly order?: 'asc' | 'desc' | undefined;
  /** Rows of one JSON page (1,000 when absent); of all rows for NDJSON (no limit when absent). */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
  /** Instead of the `accept` header. */
  readonly format?: 'json' | 'ndjson' | undefined;
}, signal: AbortSignal | null = null): Promise<PointPage | BucketPage> {
  return client.queryTelemetry({ ...query }, optionsOf(signal));
}

/** The running account of every record. */
export function getLedger(signal: AbortSignal | null = null): Promise<Ledger> {
  return client.getLedger({}, optionsOf(signal));
}

/** Recounts journal and store; NDJSON tells the progress, its last line has `report`. */
export function auditLedger(query: {
  /** Instead of the `accept` header. */
  readonly format?: 'json' | 'ndjson' | undefined;
} = {}, signal: AbortSignal | null = null): Promise<AuditReport> {
  return client.auditLedger({ ...query }, optionsOf(signal));
}

/** Gaps in the sequence numbers of devices. */
export function listGaps(query: {
  /** Only this tenant. */
  readonly tenant?: string | undefined;
  /** Only this project. */
  readonly project?: string | undefined;
  /** Only this device. */
  readonly device?: string | undefined;
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<GapPage> {
  return client.listGaps({ ...query }, optionsOf(signal));
}

/** Dead letters by offset. */
export function listDeadLetters(query: {
  /** Only this state. */
  readonly state?: 'open' | 'replayed' | 'discarded' | 'expired' | undefined;
  /** Only this reason. */
  readonly reason?: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | 'kafka-refused' | undefined;
  /** Only this tenant. */
  readonly tenant?: string | undefined;
  /** Only this project. */
  readonly project?: string | undefined;
  /** Only this device. */
  readonly device?: string | undefined;
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<DeadLetterPage> {
  return client.listDeadLetters({ ...query }, optionsOf(signal));
}

/** How many dead letters are open, by reason. */
export function countDeadLetters(query: {
  /** Only this tenant. */
  readonly tenant?: string | undefined;
  /** Only this project. */
  readonly project?: string | undefined;
  /** Only this device. */
  readonly device?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<DeadLetterReasons> {
  return client.countDeadLetters({ ...query }, optionsOf(signal));
}

/** One dead letter with its bytes. */
export function getDeadLetter(params: {
  /** Journal offset. */
  readonly offset: number;
}, signal: AbortSignal | null = null): Promise<DeadLetterDetail> {
  return client.getDeadLetter({ ...params }, optionsOf(signal));
}

/** Replays open dead letters of a filter; twice is harmless. */
export function replayDeadLetters(body: DeadLetterFilter, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return client.replayDeadLetters({ body }, optionsOf(signal));
}

/** Discards open dead letters of a filter. */
export function discardDeadLetters(body: DeadLetterFilter, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return client.discardDeadLetters({ body }, optionsOf(signal));
}

/** Replays one dead letter; twice is harmless. */
export function replayDeadLetter(params: {
  /** Journal offset. */
  readonly offset: number;
}, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return client.replayDeadLetter({ ...params }, optionsOf(signal));
}

/** Discards one dead letter. */
export function discardDeadLetter(params: {
  /** Journal offset. */
  readonly offset: number;
}, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return client.discardDeadLetter({ ...params }, optionsOf(signal));
}

/** Declared pipelines and lookup tables with the figures of their stages. */
export function listPipelines(signal: AbortSignal | null = null): Promise<PipelinePage> {
  return client.listPipelines({}, optionsOf(signal));
}

/** One declared document as it is in force. */
export function getPipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
  /** Tenant that the document is about; empty: all. Wanted only where several documents have the name. */
  readonly tenant?: string | undefined;
  /** Project that it is about, beside its tenant; empty or absent: all of the tenant. */
  readonly project?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return client.getPipeline({ ...params, ...query }, optionsOf(signal));
}

/** Puts a document in force for all records behind the change. */
export function putPipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, body: StagesDocument, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return client.putPipeline({ ...params, body }, optionsOf(signal));
}

/** Takes a document out of force; its history stays. */
export function deletePipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
  /** Tenant that the document is about; empty: all. Wanted only where several documents have the name. */
  readonly tenant?: string | undefined;
  /** Project that it is about, beside its tenant; empty or absent: all of the tenant. */
  readonly project?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return client.deletePipeline({ ...params, ...query }, optionsOf(signal));
}

/** Puts the version before the one in force in force again. */
export function undoPipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
  /** Tenant that the document is about; empty: all. Wanted only where several documents have the name. */
  readonly tenant?: string | undefined;
  /** Project that it is about, beside its tenant; empty or absent: all of the tenant. */
  readonly project?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return client.undoPipeline({ ...params, ...query }, optionsOf(signal));
}

/** Versions of a document with author and time, the newest first. */
export function getPipelineHistory(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
  /** Tenant that the document is about; empty: all. Wanted only where several documents have the name. */
  readonly tenant?: string | undefined;
  /** Project that it is about, beside its tenant; empty or absent: all of the tenant. */
  readonly project?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineHistory> {
  return client.getPipelineHistory({ ...params, ...query }, optionsOf(signal));
}

/** Shows what each stage makes of samples or dead letters; nothing is stored. */
export function testPipelines(body: PipelineTrial, signal: AbortSignal | null = null): Promise<PipelineTrialOutcome> {
  return client.testPipelines({ body }, optionsOf(signal));
}

/** Compares a document with what is in force over recorded records; nothing is stored. */
export function shadowPipelines(body: PipelineShadow, signal: AbortSignal | null = null): Promise<PipelineShadowReport> {
  return client.shadowPipelines({ body }, optionsOf(signal));
}

/** The processes of the site, and how each does. */
export function listRoles(signal: AbortSignal | null = null): Promise<RoleList> {
  return client.listRoles({}, optionsOf(signal));
}

/** Where records wait to be stored: owner, position, lag, and when retention would remove them. */
export function listPartitions(signal: AbortSignal | null = null): Promise<PartitionList> {
  return client.listPartitions({}, optionsOf(signal));
}

/** The stores of points: what each has, and what keeps it from the rest. */
export function listSinks(signal: AbortSignal | null = null): Promise<SinkList> {
  return client.listSinks({}, optionsOf(signal));
}

/** External MQTT brokers with the subscriptions of each gateway, refused and downgraded ones among them. */
export function listSources(signal: AbortSignal | null = null): Promise<SourceList> {
  return client.listSources({}, optionsOf(signal));
}

/** Simulations that run. */
export function listSimulations(signal: AbortSignal | null = null): Promise<SimulationList> {
  return client.listSimulations({}, optionsOf(signal));
}

/** Starts a simulated world that publishes over MQTT, as `skerry simulate` does. */
export function startSimulation(body: SimulationRequest, signal: AbortSignal | null = null): Promise<Simulation> {
  return client.startSimulation({ body }, optionsOf(signal));
}

/** Begins a simulation anew; what it published stays stored until it ages out. */
export function restartSimulation(params: {
  /** Id of the simulation; `demo` is that of the demo. */
  readonly id: string;
}, body: SimulationRestart, signal: AbortSignal | null = null): Promise<Simulation> {
  return client.restartSimulation({ ...params, body }, optionsOf(signal));
}

/** Ends a simulation; what it published stays stored until it ages out. */
export function stopSimulation(params: {
  /** Id of the simulation; `demo` is that of the demo. */
  readonly id: string;
}, signal: AbortSignal | null = null): Promise<Simulation> {
  return client.stopSimulation({ ...params }, optionsOf(signal));
}

/** Chaos runs: what was sent, what was refused, what became a dead letter. */
export function listChaos(signal: AbortSignal | null = null): Promise<ChaosList> {
  return client.listChaos({}, optionsOf(signal));
}

/** Sends every bad input over MQTT and looks up what is answered, as `skerry simulate chaos` does. */
export function startChaos(body: ChaosRequest, signal: AbortSignal | null = null): Promise<ChaosRun> {
  return client.startChaos({ body }, optionsOf(signal));
}

/** Ends a chaos run; what it sent stays, and what it found so far, too. */
export function stopChaos(params: {
  /** Id of the run. */
  readonly id: string;
}, signal: AbortSignal | null = null): Promise<ChaosRun> {
  return client.stopChaos({ ...params }, optionsOf(signal));
}

/** Ready commands that send a first message of a device, with the real addresses and without a secret. */
export function getOnboarding(query: {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id. */
  readonly device: string;
  /** Only this way. */
  readonly way?: 'mqtt' | 'http' | 'file' | undefined;
}, signal: AbortSignal | null = null): Promise<Onboarding> {
  return client.getOnboarding({ ...query }, optionsOf(signal));
}

/** The same with a new token in them that is good for this device alone; it is shown this once. */
export function createOnboarding(body: OnboardingRequest, signal: AbortSignal | null = null): Promise<Onboarding> {
  return client.createOnboarding({ body }, optionsOf(signal));
}

/** What of a device has arrived, and what arrived wrongly in the last 60 minutes, in words. */
export function listArrivals(query: {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id. */
  readonly device: string;
  /** Begin, `now-10m` when absent: ISO 8601, or `now`, or `now-15m` (ms, s, m, h, d). */
  readonly since?: string | undefined;
}, signal: AbortSignal | null = null): Promise<Arrivals> {
  return client.listArrivals({ ...query }, optionsOf(signal));
}

/** Signs in by name and password, or by the code of a one-time link; the session is in a cookie. */
export function signIn(body: SignIn, signal: AbortSignal | null = null): Promise<Whoami> {
  return client.signIn({ body }, optionsOf(signal));
}

/** Who asks, and what they may do. */
export function getSession(signal: AbortSignal | null = null): Promise<Whoami> {
  return client.getSession({}, optionsOf(signal));
}

/** Changes the display name or the language of the user who asks. */
export function changeSelf(body: OwnChange, signal: AbortSignal | null = null): Promise<Whoami> {
  return client.changeSelf({ body }, optionsOf(signal));
}

/** Signs out. */
export function signOut(signal: AbortSignal | null = null): Promise<Done> {
  return client.signOut({}, optionsOf(signal));
}

/** Changes the password of the user who asks; their other sessions end, and a new one begins. */
export function changeOwnPassword(body: PasswordChange, signal: AbortSignal | null = null): Promise<Whoami> {
  return client.changeOwnPassword({ body }, optionsOf(signal));
}

/** Sessions of the user who asks, or of another. */
export function listSessions(query: {
  /** Only this user. */
  readonly user?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<AccessSessionList> {
  return client.listSessions({ ...query }, optionsOf(signal));
}

/** Ends a session. */
export function endSession(params: {
  /** Id. */
  readonly id: string;
}, signal: AbortSignal | null = null): Promise<Done> {
  return client.endSession({ ...params }, optionsOf(signal));
}

/** Users by name. */
export function listUsers(query: {
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<UserPage> {
  return client.listUsers({ ...query }, optionsOf(signal));
}

/** Makes a user. */
export function createUser(body: NewUser, signal: AbortSignal | null = null): Promise<User> {
  return client.createUser({ body }, optionsOf(signal));
}

/** One user. */
export function getUser(params: {
  /** Name of the user. */
  readonly name: string;
}, signal: AbortSignal | null = null): Promise<User> {
  return client.getUser({ ...params }, optionsOf(signal));
}

/** Changes a user; a changed password ends their sessions. */
export function changeUser(params: {
  /** Name of the user. */
  readonly name: string;
}, body: UserChange, signal: AbortSignal | null = null): Promise<User> {
  return client.changeUser({ ...params, body }, optionsOf(signal));
}

/** Removes a user with their sessions. */
export function removeUser(params: {
  /** Name of the user. */
  readonly name: string;
}, signal: AbortSignal | null = null): Promise<Done> {
  return client.removeUser({ ...params }, optionsOf(signal));
}

/** Makes a link that signs a user in once. */
export function createSignInLink(body: SignInLinkWish, signal: AbortSignal | null = null): Promise<SignInLink> {
  return client.createSignInLink({ body }, optionsOf(signal));
}

/** Access tokens by name. */
export function listTokens(query: {
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<TokenPage> {
  return client.listTokens({ ...query }, optionsOf(signal));
}

/** Makes an access token; its secret is in this answer and nowhere else. */
export function createToken(body: NewToken, signal: AbortSignal | null = null): Promise<TokenWithSecret> {
  return client.createToken({ body }, optionsOf(signal));
}

/** Revokes an access token. */
export function revokeToken(params: {
  /** Name of the token. */
  readonly name: string;
}, signal: AbortSignal | null = null): Promise<Done> {
  return client.revokeToken({ ...params }, optionsOf(signal));
}

/** Whether who asks, a user or a token may do something somewhere. */
export function checkAccess(body: AccessQuestion, signal: AbortSignal | null = null): Promise<AccessAnswer> {
  return client.checkAccess({ body }, optionsOf(signal));
}

/** Entries of the audit log, newest first. */
export function listAudit(query: {
  /** Only this author. */
  readonly author?: string | undefined;
  /** Only actions that begin with this. */
  readonly action?: string | undefined;
  /** Only this outcome. */
  readonly outcome?: 'allowed' | 'refused' | 'failed' | undefined;
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<AuditPage> {
  return client.listAudit({ ...query }, optionsOf(signal));
}

/** Reads the whole audit log and tells every line that was changed, removed or cut off. */
export function verifyAudit(signal: AbortSignal | null = null): Promise<AuditVerdict> {
  return client.verifyAudit({}, optionsOf(signal));
}
