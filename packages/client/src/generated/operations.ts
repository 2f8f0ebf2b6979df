// Written from packages/api by `npm run generate`; not to be edited.

import type { FollowOptions, PlainEvent } from '../event-stream.ts';
import type { CallOptions, RawBody } from '../transport.ts';
import type {
  Config,
  Health,
  Readiness,
  Overview,
  OverviewHistory,
  DevicePage,
  DeviceDetail,
  Latest,
  Point,
  PointPage,
  Bucket,
  BucketPage,
  TakenTelemetry,
  Ledger,
  AuditReport,
  GapPage,
  DeadLetterPage,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterOutcome,
  StreamPoints,
  StreamGap,
} from './schemas.ts';

/** Every operation of the API as a function. The first argument holds path, query, named headers and body by name. */
export interface SkerryClient {
  /** Whether the process answers. */
  getHealth(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Health>;
  /** Whether messages are taken and shown; 503 with the reasons when not. */
  getReadiness(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Readiness>;
  /** Metrics in the text format of Prometheus. */
  getMetrics(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<string>;
  /** The configuration in force and the open addresses. */
  getConfig(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Config>;
  /** Rates, delay, backlog and ledger now. */
  getOverview(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Overview>;
  /** The same figures over the last minutes, a sample a second. */
  getOverviewHistory(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<OverviewHistory>;
  /** Devices as discovered. */
  listDevices(parameters?: { readonly search?: string | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<DevicePage>;
  /** One device. */
  getDevice(parameters: { readonly tenant: string; readonly project: string; readonly device: string }, options?: CallOptions): Promise<DeviceDetail>;
  /** Newest value of each metric of a device. */
  getLatest(parameters: { readonly tenant: string; readonly project: string; readonly device: string }, options?: CallOptions): Promise<Latest>;
  /** Points of one series over a range: raw, aggregated or downsampled; NDJSON streams without a limit. */
  queryTelemetry(parameters: { readonly tenant: string; readonly project: string; readonly device: string; readonly metric: string; readonly from: string; readonly to?: string | undefined; readonly step?: string | undefined; readonly aggregates?: string | undefined; readonly points?: number | undefined; readonly order?: 'asc' | 'desc' | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined; readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): Promise<PointPage | BucketPage>;
  /** The same, line by line and no faster than they are taken. Points of one series over a range: raw, aggregated or downsampled; NDJSON streams without a limit. */
  queryTelemetryLines(parameters: { readonly tenant: string; readonly project: string; readonly device: string; readonly metric: string; readonly from: string; readonly to?: string | undefined; readonly step?: string | undefined; readonly aggregates?: string | undefined; readonly points?: number | undefined; readonly order?: 'asc' | 'desc' | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined; readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): AsyncGenerator<Point | Bucket>;
  /** Takes telemetry of a device in; answers when it is durable. */
  sendTelemetry(parameters: { readonly tenantId: string; readonly projectId: string; readonly deviceId: string; readonly idempotencyKey?: string | undefined; readonly contentEncoding?: 'identity' | 'gzip' | 'zstd' | undefined; readonly body: RawBody }, options?: CallOptions): Promise<TakenTelemetry>;
  /** The running account of every record. */
  getLedger(parameters?: Readonly<Record<never, never>>, options?: CallOptions): Promise<Ledger>;
  /** Recounts journal and store; NDJSON tells the progress, its last line has `report`. */
  auditLedger(parameters?: { readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): Promise<AuditReport>;
  /** The same, line by line and no faster than they are taken. Recounts journal and store; NDJSON tells the progress, its last line has `report`. */
  auditLedgerLines(parameters?: { readonly format?: 'json' | 'ndjson' | undefined }, options?: CallOptions): AsyncGenerator<unknown>;
  /** Gaps in the sequence numbers of devices. */
  listGaps(parameters?: { readonly tenant?: string | undefined; readonly project?: string | undefined; readonly device?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<GapPage>;
  /** Dead letters by offset. */
  listDeadLetters(parameters?: { readonly state?: 'open' | 'replayed' | 'discarded' | 'expired' | undefined; readonly reason?: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | undefined; readonly tenant?: string | undefined; readonly project?: string | undefined; readonly device?: string | undefined; readonly limit?: number | undefined; readonly cursor?: string | undefined }, options?: CallOptions): Promise<DeadLetterPage>;
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
  /** One event stream for several subscriptions: events `points` (StreamPoints), `overview` (Overview), `gap` (StreamGap). */
  openStream(parameters: { readonly subscribe: readonly (string)[]; readonly lastEventId?: string | undefined }, options?: FollowOptions): AsyncGenerator<(PlainEvent & { readonly event: 'points'; readonly data: StreamPoints }) | (PlainEvent & { readonly event: 'overview'; readonly data: Overview }) | (PlainEvent & { readonly event: 'gap'; readonly data: StreamGap })>;
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
  getOverview: {"method":"GET","path":"/api/v1/overview","kind":"json"},
  getOverviewHistory: {"method":"GET","path":"/api/v1/overview/history","kind":"json"},
  listDevices: {"method":"GET","path":"/api/v1/devices","kind":"json"},
  getDevice: {"method":"GET","path":"/api/v1/devices/{tenant}/{project}/{device}","kind":"json"},
  getLatest: {"method":"GET","path":"/api/v1/devices/{tenant}/{project}/{device}/latest","kind":"json"},
  queryTelemetry: {"method":"GET","path":"/api/v1/telemetry","kind":"json","hasLines":true},
  sendTelemetry: {"method":"POST","path":"/api/v1/telemetry/{tenantId}/{projectId}/{deviceId}","kind":"json","isRaw":true,"headers":{"idempotencyKey":"idempotency-key","contentEncoding":"content-encoding"}},
  getLedger: {"method":"GET","path":"/api/v1/ledger","kind":"json"},
  auditLedger: {"method":"GET","path":"/api/v1/ledger/audit","kind":"json","hasLines":true},
  listGaps: {"method":"GET","path":"/api/v1/gaps","kind":"json"},
  listDeadLetters: {"method":"GET","path":"/api/v1/dead-letters","kind":"json"},
  getDeadLetter: {"method":"GET","path":"/api/v1/dead-letters/{offset}","kind":"json"},
  replayDeadLetters: {"method":"POST","path":"/api/v1/dead-letters/replay","kind":"json"},
  discardDeadLetters: {"method":"POST","path":"/api/v1/dead-letters/discard","kind":"json"},
  replayDeadLetter: {"method":"POST","path":"/api/v1/dead-letters/{offset}/replay","kind":"json"},
  discardDeadLetter: {"method":"POST","path":"/api/v1/dead-letters/{offset}/discard","kind":"json"},
  openStream: {"method":"GET","path":"/api/v1/stream","kind":"events"},
};
