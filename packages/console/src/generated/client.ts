// Written from packages/api by `npm run generate`; not to be edited.

/** A problem body (RFC 9457) as an error. */
export class ApiProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
}

async function call<T>(path: string, query: object, init: RequestInit): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  const text = search.toString();
  const headers = {
    accept: 'application/json',
    ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(init.method === undefined ? {} : { 'x-skerry-request': '1' }),
  };
  const response = await fetch(text === '' ? path : `${path}?${text}`, { ...init, headers });
  if (!response.ok && response.headers.get('content-type')?.startsWith('application/problem+json')) {
    throw new ApiProblem(await response.json());
  }
  return response.json();
}

const part = encodeURIComponent;

/** An error (RFC 9457). */
export type Problem = {
  /** `/errors/` and the code; the page behind it explains it. */
  readonly type: string;
  /** What went wrong, the same for every problem of the code. */
  readonly title: string;
  /** HTTP status. */
  readonly status: number;
  /** What was found and what was wanted. */
  readonly detail: string;
  /** Stable code. */
  readonly code: string;
  /** Id of the request, as in the log. */
  readonly instance: string;
  /** Why, in one word, where a code has several reasons. */
  readonly reason?: string | undefined;
  readonly errors?: readonly ({
    /** Part of the request. */
    readonly in: 'path' | 'query' | 'header' | 'body';
    /** JSON pointer into the part. */
    readonly pointer: string;
    /** What is wrong. */
    readonly detail: string;
  })[] | undefined;
};

/** The configuration in force, without secrets. */
export type Config = {
  /** Version. */
  readonly version: string;
  /** By key. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly listeners: readonly ({
    /** What listens. */
    readonly name: string;
    /** Address. */
    readonly host: string;
    /** Port. */
    readonly port: number;
  })[];
  /** A topic that makes telemetry of the device `my-device`. */
  readonly exampleTopic: string;
};

/** Limits, by package and name. */
export type LimitList = {
  readonly items: readonly ({
    /** Part of the platform that has it. */
    readonly package: string;
    /** Name, as in docs/LIMITS.md. */
    readonly name: string;
    /** At most this. */
    readonly value: number;
    /** Unit of the value. */
    readonly unit: 'bytes' | 'count' | 'ms' | 'secs' | 'levels' | 'percent' | 'days' | 'micros';
    /** What is limited. */
    readonly what: string;
    /** What happens when it is reached. */
    readonly whenFull: string;
    readonly key: string | null;
    readonly current: number | null;
  })[];
};

/** The process answers. */
export type Health = {
  readonly status: 'ok';
};

/** Whether the platform takes and shows messages. */
export type Readiness = {
  /** Whether it does. */
  readonly ready: boolean;
  readonly reasons: readonly ({
    /** Stable code. */
    readonly code: string;
    /** The facts. */
    readonly detail: string;
  })[];
};

/** The figures of one second. */
export type OverviewSample = {
  /** When. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Records received per second. */
  readonly receivedPerSecond: number;
  /** Points stored per second. */
  readonly pointsPerSecond: number;
  readonly delayP50Ms: number | null;
  readonly delayP99Ms: number | null;
  /** Records without a verdict. */
  readonly backlogRecords: number;
  /** Bytes of the journal. */
  readonly journalBytes: number;
  /** Bytes of the store. */
  readonly storeBytes: number;
};

/** The state of the platform. */
export type Overview = {
  /** Time of the server. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Whether the figures are of a part of the platform, that of who asks; points, series, connections, bytes and delays are known of the whole only and then are 0 or null. */
  readonly isPart: boolean;
  /** Start of the process. ISO 8601 with microseconds and `Z`. */
  readonly started: string;
  /** Version. */
  readonly version: string;
  readonly now: OverviewSample;
  /** Records received since the data folder was made. */
  readonly recordsReceived: number;
  /** Points stored since the data folder was made. */
  readonly pointsStored: number;
  /** Age of the oldest pending record, ms. */
  readonly backlogAgeMs: number;
  /** Devices seen. */
  readonly devices: number;
  /** Series known. */
  readonly series: number;
  /** MQTT connections. */
  readonly connections: number;
  /** Open dead letters. */
  readonly deadLettersOpen: number;
  /** Bytes of the journal. */
  readonly journalBytes: number;
  /** Most bytes the journal may take. */
  readonly journalBytesMax: number;
  /** Bytes of the store. */
  readonly storeBytes: number;
  /** The ledger in short. */
  readonly ledger: {
    readonly totals: Accounts;
    /** Whether it balances. */
    readonly balanced: boolean;
    readonly imbalances: readonly (string)[];
  };
};

/** The last minutes of the overview, one sample a second, oldest first. */
export type OverviewHistory = {
  /** Time of the server. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  readonly samples: readonly (OverviewSample)[];
};

/** A device as it was seen. */
export type Device = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
  /** Newest receipt. ISO 8601 with microseconds and `Z`. */
  readonly lastSeen: string;
  /** Number of metrics. */
  readonly metrics: number;
};

/** Devices by tenant, project and id. */
export type DevicePage = {
  /** Time of the server. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Devices of the whole list. */
  readonly total: number;
  readonly items: readonly (Device)[];
  readonly cursor: string | null;
};

/** A device with what is known about it. */
export type DeviceDetail = {
  /** Time of the server. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
  /** Newest receipt. ISO 8601 with microseconds and `Z`. */
  readonly lastSeen: string;
  /** Number of metrics. */
  readonly metrics: number;
  readonly metricList: readonly ({
    /** Name. */
    readonly metric: string;
    /** How values are kept. */
    readonly type: 'number' | 'integer' | 'boolean' | 'text';
  })[];
  /** Verdicts of its records. */
  readonly accounts: {
    /** Records whose points are stored. */
    readonly stored: number;
    /** Records that had been stored already under their own id. */
    readonly deduplicated: number;
    /** Records a declared stage took out. */
    readonly filtered: number;
    /** Records set aside because they could not be processed. */
    readonly deadLettered: number;
    /** Dead letters discarded by a person. */
    readonly discarded: number;
    /** Records removed by a policy before a verdict or replay. */
    readonly expired: number;
  };
  /** Records whose event time was replaced by the receive time. */
  readonly timeCorrected: number;
  /** Restarts of its own numbering. */
  readonly seqResets: number;
  /** Open gaps in its own numbering. */
  readonly gaps: number;
};

/** Newest value of each metric. */
export type Latest = {
  /** Time of the server. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  readonly items: readonly ({
    /** Name. */
    readonly metric: string;
    /** Event time. ISO 8601 with microseconds and `Z`. */
    readonly time: string;
    /** The value; an integer beyond 2^53 is a string and `type` says `integer`. */
    readonly value: number | string | boolean;
    /** Present for exact integers. */
    readonly type?: 'integer' | undefined;
  })[];
};

/** One point. */
export type Point = {
  /** Event time. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** The value; an integer beyond 2^53 is a string and `type` says `integer`. */
  readonly value: number | string | boolean;
  /** Present for exact integers. */
  readonly type?: 'integer' | undefined;
};

/** Raw points. */
export type PointPage = {
  readonly kind: 'points';
  readonly items: readonly (Point)[];
  readonly cursor: string | null;
};

/** One bucket of a time grid, over numbers, integers and booleans; texts are not counted. */
export type Bucket = {
  /** Start of the bucket. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Points in it. */
  readonly count?: number | undefined;
  /** Smallest value of the bucket. */
  readonly min?: number | undefined;
  /** Largest value of the bucket. */
  readonly max?: number | undefined;
  /** Sum of the values of the bucket. */
  readonly sum?: number | undefined;
  /** Mean of the values of the bucket. */
  readonly mean?: number | undefined;
  /** First value of the bucket. */
  readonly first?: number | undefined;
  /** Last value of the bucket. */
  readonly last?: number | undefined;
  /** There when a value or the sum lies beyond 2^53: exact integers of that size are rounded to doubles here. Raw points have them exactly. */
  readonly isRounded?: true | undefined;
};

/** Aggregates by time; buckets without points are left out, and texts are not counted. */
export type BucketPage = {
  readonly kind: 'buckets';
  /** Width of a bucket, s. */
  readonly stepSeconds: number;
  /** Coarsest rollup that was used, s; 0 when raw points answered. */
  readonly resolutionSeconds: number;
  readonly items: readonly (Bucket)[];
};

/** Records that are durable. Their verdicts follow in the ledger. */
export type TakenTelemetry = {
  /** How many records the body was. */
  readonly records: number;
  /** Journal offset of the first. */
  readonly firstOffset: number;
  /** Journal offset of the last. */
  readonly lastOffset: number;
  /** Whether the same request under this `Idempotency-Key` had been taken before, since the server started. */
  readonly isRepeated: boolean;
};

/** One point of an export, a line each. */
export type ExportedPoint = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
  /** Metric. */
  readonly metric: string;
  /** Event time. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** The value; an integer beyond 2^53 is a string and `type` says `integer`. */
  readonly value: number | string | boolean;
  /** Present for exact integers. */
  readonly type?: 'integer' | undefined;
  /** Opaque; the export goes on behind this row. Present when asked for. */
  readonly cursor?: string | undefined;
};

/** One device of an export, a line each. */
export type ExportedDevice = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
  /** Newest receipt. ISO 8601 with microseconds and `Z`. */
  readonly lastSeen: string;
  /** Number of metrics. */
  readonly metrics: number;
  /** Opaque; the export goes on behind this row. Present when asked for. */
  readonly cursor?: string | undefined;
};

/** The accounts of the ledger, in records. */
export type Accounts = {
  /** Records appended to the journal. */
  readonly received: number;
  /** Records whose points are stored. */
  readonly stored: number;
  /** Records that had been stored already under their own id. */
  readonly deduplicated: number;
  /** Records a declared stage took out. */
  readonly filtered: number;
  /** Records set aside because they could not be processed. */
  readonly deadLettered: number;
  /** Dead letters discarded by a person. */
  readonly discarded: number;
  /** Records removed by a policy before a verdict or replay. */
  readonly expired: number;
  /** Records without a verdict yet. */
  readonly pending: number;
};

/** The ledger of one project. */
export type ProjectLedger = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Records appended to the journal. */
  readonly received: number;
  /** Records whose points are stored. */
  readonly stored: number;
  /** Records that had been stored already under their own id. */
  readonly deduplicated: number;
  /** Records a declared stage took out. */
  readonly filtered: number;
  /** Records set aside because they could not be processed. */
  readonly deadLettered: number;
  /** Dead letters discarded by a person. */
  readonly discarded: number;
  /** Records removed by a policy before a verdict or replay. */
  readonly expired: number;
  /** Records without a verdict yet. */
  readonly pending: number;
  /** Records of QoS 0, inside `received`. */
  readonly receivedQos0: number;
};

/** The running account of every record. */
export type Ledger = {
  readonly totals: Accounts;
  /** Whether received equals the sum of the other accounts, everywhere. */
  readonly balanced: boolean;
  readonly projects: readonly (ProjectLedger)[];
  readonly imbalances: readonly (string)[];
  /** Pending records by the count of the journal itself. */
  readonly journalPending: number;
};

/** The outcome of a recount. */
export type AuditReport = {
  /** Whether the recount agrees with the ledger. */
  readonly balanced: boolean;
  /** First journal offset recounted. */
  readonly fromOffset: number;
  /** End of the recount. */
  readonly toOffset: number;
  /** Records recounted. */
  readonly records: number;
  readonly totals: Accounts;
  readonly findings: readonly ({
    /** Tenant id. */
    readonly tenant: string;
    /** Project id. */
    readonly project: string;
    /** Device id; `-` is the project itself. */
    readonly device: string;
    /** Journal offset, -1 where no single record is meant. */
    readonly offset: number;
    /** What is wrong. */
    readonly detail: string;
  })[];
  /** Findings beyond those listed. */
  readonly findingsLeftOut: number;
};

/** Missing numbers of a device; bounds are inclusive. */
export type Gap = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
  /** Epoch of the numbering. */
  readonly epoch: string;
  /** First missing number. */
  readonly from: number;
  /** Last missing number. */
  readonly to: number;
};

/** Gaps by device. */
export type GapPage = {
  readonly items: readonly (Gap)[];
  readonly cursor: string | null;
};

/** A dead letter without its bytes. */
export type DeadLetter = {
  /** Offset in the journal, its identity. */
  readonly offset: number;
  /** Receipt. ISO 8601 with microseconds and `Z`. */
  readonly received: string;
  /** Tenant id, as far as it could be told. */
  readonly tenant: string;
  /** Project id, as far as it could be told. */
  readonly project: string;
  /** Device id; empty when it could not be told. */
  readonly device: string;
  /** MQTT topic. */
  readonly topic: string;
  /** MQTT client id. */
  readonly client: string;
  /** Why it was set aside. */
  readonly reason: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed';
  /** What was found and what was wanted. */
  readonly detail: string;
  /** The stage that set it aside. */
  readonly stage: string;
  /** MQTT quality of service. */
  readonly qos: number;
  /** What has become of it. */
  readonly state: 'open' | 'replayed' | 'discarded' | 'expired';
  /** Who changed the state; empty while open. */
  readonly author: string;
  readonly changed: string | null;
  /** Length of the payload. */
  readonly payloadBytes: number;
};

/** Dead letters by offset. */
export type DeadLetterPage = {
  readonly items: readonly (DeadLetter)[];
  readonly cursor: string | null;
};

/** A dead letter with its bytes. */
export type DeadLetterDetail = {
  /** Offset in the journal, its identity. */
  readonly offset: number;
  /** Receipt. ISO 8601 with microseconds and `Z`. */
  readonly received: string;
  /** Tenant id, as far as it could be told. */
  readonly tenant: string;
  /** Project id, as far as it could be told. */
  readonly project: string;
  /** Device id; empty when it could not be told. */
  readonly device: string;
  /** MQTT topic. */
  readonly topic: string;
  /** MQTT client id. */
  readonly client: string;
  /** Why it was set aside. */
  readonly reason: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed';
  /** What was found and what was wanted. */
  readonly detail: string;
  /** The stage that set it aside. */
  readonly stage: string;
  /** MQTT quality of service. */
  readonly qos: number;
  /** What has become of it. */
  readonly state: 'open' | 'replayed' | 'discarded' | 'expired';
  /** Who changed the state; empty while open. */
  readonly author: string;
  readonly changed: string | null;
  /** Length of the payload. */
  readonly payloadBytes: number;
  /** The bytes. */
  readonly payload: {
    /** All bytes. */
    readonly base64: string;
    readonly text: string | null;
    /** The first bytes in hex. */
    readonly hex: string;
    /** Whether `hex` leaves bytes out. */
    readonly hexTruncated: boolean;
  };
};

/** Open dead letters that are meant: at least one member that narrows, or `all`. */
export type DeadLetterFilter = {
  /** True for all open ones that the other members leave; wanted when there are none. */
  readonly all?: boolean | undefined;
  /** Why it was set aside. */
  readonly reason?: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | undefined;
  /** Tenant id, as far as it could be told. */
  readonly tenant?: string | undefined;
  /** Project id, as far as it could be told. */
  readonly project?: string | undefined;
  /** Device id; empty when it could not be told. */
  readonly device?: string | undefined;
};

/** What was asked for, durably. */
export type DeadLetterOutcome = {
  /** Letters that were open: discarded, or offered to the pipeline again. One that is refused again stays open. */
  readonly changed: number;
  /** Letters that were not; nothing happens to them. */
  readonly unchanged: number;
};

/** Data of the event `points`. */
export type StreamPoints = {
  readonly devices: readonly ({
    /** Tenant id. */
    readonly tenant: string;
    /** Project id. */
    readonly project: string;
    /** Device id; `-` is the project itself. */
    readonly device: string;
    readonly points: readonly ({
      /** Name. */
      readonly metric: string;
      /** Event time. ISO 8601 with microseconds and `Z`. */
      readonly time: string;
      /** The value; an integer beyond 2^53 is a string and `type` says `integer`. */
      readonly value: number | string | boolean;
      /** Present for exact integers. */
      readonly type?: 'integer' | undefined;
    })[];
  })[];
};

/** Data of the event `gap`: points were missed; fetch the state again. */
export type StreamGap = {
  /** The id after which points are missing. */
  readonly after: string;
  /** Why: overwritten, restarted (queries have the points), other-journal, ahead-of-journal, or the code of a fault. */
  readonly reason: string;
  readonly missed: number | null;
};

/** A declared document: `apiVersion: skerry.dev/v1alpha1`, `kind: Pipeline` or `LookupTable`, `metadata.name`, `spec`. docs/pipeline-stages.md names every field. */
export type StagesDocument = Readonly<Record<string, unknown>>;

/** One stage with what it did since the process began. */
export type PipelineStage = {
  /** Name inside of the pipeline. */
  readonly name: string;
  /** Filter, Transform, Enrich or Aggregate. */
  readonly type: string;
  /** Messages that came since the process began. */
  readonly in: number;
  /** Messages that went on. */
  readonly out: number;
  /** Messages that were taken out. */
  readonly takenOut: number;
  /** Records that were set aside. */
  readonly deadLettered: number;
  /** Messages that were too late for every open window. */
  readonly late: number;
  /** Results of windows. */
  readonly results: number;
  /** Units that its expressions cost at most. */
  readonly cost: number;
  /** Groups of an Aggregate. */
  readonly groups: number;
  /** Open windows of an Aggregate. */
  readonly windows: number;
};

/** A declared pipeline or lookup table. */
export type PipelineEntry = {
  /** Kind of the document. */
  readonly kind: 'Pipeline' | 'LookupTable';
  /** Name, unique among its kind. */
  readonly name: string;
  readonly tenant: string | null;
  readonly project: string | null;
  readonly topics: readonly (string)[];
  /** Whether it is in force; one that was removed keeps its history. */
  readonly inForce: boolean;
  /** Number of its newest version. */
  readonly version: number;
  /** Journal offset of that version: it is in force for what lies behind. */
  readonly offset: number;
  /** When the version was made. ISO 8601 with microseconds and `Z`. */
  readonly changed: string;
  /** Who made the version. */
  readonly author: string;
  readonly stages: readonly (PipelineStage)[];
};

/** Declared documents by kind and name. */
export type PipelinePage = {
  readonly items: readonly (PipelineEntry)[];
};

/** A declared document as it is in force. */
export type PipelineDetail = {
  /** Kind of the document. */
  readonly kind: 'Pipeline' | 'LookupTable';
  /** Name, unique among its kind. */
  readonly name: string;
  readonly tenant: string | null;
  readonly project: string | null;
  readonly topics: readonly (string)[];
  /** Whether it is in force; one that was removed keeps its history. */
  readonly inForce: boolean;
  /** Number of its newest version. */
  readonly version: number;
  /** Journal offset of that version: it is in force for what lies behind. */
  readonly offset: number;
  /** When the version was made. ISO 8601 with microseconds and `Z`. */
  readonly changed: string;
  /** Who made the version. */
  readonly author: string;
  readonly stages: readonly (PipelineStage)[];
  readonly document: StagesDocument | null;
};

/** One version of a document. */
export type PipelineVersion = {
  /** Number of its newest version. */
  readonly version: number;
  /** Journal offset of that version: it is in force for what lies behind. */
  readonly offset: number;
  /** When the version was made. ISO 8601 with microseconds and `Z`. */
  readonly changed: string;
  /** Who made the version. */
  readonly author: string;
  /** What made it. */
  readonly action: 'apply' | 'undo' | 'remove';
  /** The version whose document it has: an older one after an undo. */
  readonly of: number;
  readonly document: StagesDocument | null;
};

/** Versions, the newest first. */
export type PipelineHistory = {
  readonly items: readonly (PipelineVersion)[];
};

/** A message on its way through stages. */
export type StageMessage = {
  /** Device id. */
  readonly device: string;
  /** Event time. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Values by metric; exact integers beyond 2^53 are texts. */
  readonly metrics: Readonly<Record<string, unknown>>;
  /** Texts by name. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Whether a window made it. */
  readonly isResult: boolean;
};

/** Samples to try. */
export type PipelineTrial = {
  readonly document?: StagesDocument | undefined;
  readonly samples: readonly ({
    /** MQTT topic. */
    readonly topic?: string | undefined;
    /** A text, base64, or JSON, as `encoding` says. */
    readonly payload?: string | number | boolean | Readonly<Record<string, unknown>> | readonly (Readonly<Record<string, unknown>>)[] | undefined;
    /** How the payload is written; text when absent. */
    readonly encoding?: 'text' | 'base64' | 'json' | undefined;
    /** Content type of the record. */
    readonly contentType?: string | undefined;
    /** When it was received; now when absent. ISO 8601 with microseconds and `Z`. */
    readonly received?: string | undefined;
    /** Offset of a dead letter instead of topic and payload. */
    readonly deadLetter?: number | undefined;
  })[];
};

/** What became of each sample, in their order. */
export type PipelineTrialOutcome = {
  readonly items: readonly ({
    /** MQTT topic. */
    readonly topic: string;
    /** What would become of it. */
    readonly verdict: 'stored' | 'filtered' | 'deadLettered' | 'notTelemetry';
    readonly fault: {
      /** `decode`, or pipeline and stage. */
      readonly stage: string;
      /** What was found and what was wanted. */
      readonly detail: string;
    } | null;
    readonly steps: readonly ({
      /** Name of the pipeline. */
      readonly pipeline: string;
      /** Name of the stage. */
      readonly stage: string;
      /** Type of the stage. */
      readonly type: string;
      /** Whether the stage took it out. */
      readonly takenOut: boolean;
      readonly before: StageMessage;
      readonly after: StageMessage;
    })[];
    readonly outputs: readonly (StageMessage)[];
  })[];
};

/** A document and the recorded records to run it over: by offsets, by times, or the newest. */
export type PipelineShadow = {
  readonly document: StagesDocument;
  /** First journal offset. */
  readonly fromOffset?: number | undefined;
  /** Journal offset behind the last. */
  readonly toOffset?: number | undefined;
  /** First receive time, by batches of the journal. ISO 8601 with microseconds and `Z`. */
  readonly from?: string | undefined;
  /** Receive time of the end. ISO 8601 with microseconds and `Z`. */
  readonly to?: string | undefined;
  /** The newest so many records; 10,000 when nothing is said. */
  readonly lastRecords?: number | undefined;
};

/** What one set of stages made of the records. */
export type PipelineShadowCounts = {
  /** Records that would be stored. */
  readonly stored: number;
  /** Records that would be taken out. */
  readonly filtered: number;
  /** Records that would be set aside. */
  readonly deadLettered: number;
  /** Messages that would be stored. */
  readonly messages: number;
  /** Results of windows. */
  readonly results: number;
};

/** What one set of stages makes of one record. */
export type PipelineShadowVerdict = {
  /** What would become of it. */
  readonly verdict: 'stored' | 'filtered' | 'deadLettered';
  /** Why it would be set aside; empty otherwise. */
  readonly detail: string;
  readonly outputs: readonly (StageMessage)[];
};

/** How a document differs from what is in force. */
export type PipelineShadowReport = {
  /** First journal offset. */
  readonly fromOffset: number;
  /** Journal offset behind the last record that was taken. */
  readonly toOffset: number;
  /** Whether it ended before its range. */
  readonly cut: boolean;
  /** Whether it was cancelled. */
  readonly cancelled: boolean;
  /** Telemetry records that the document or its namesake in force takes. */
  readonly records: number;
  /** Those of them that cannot be decoded. */
  readonly undecodable: number;
  /** Records that the two judge differently. */
  readonly changed: number;
  readonly inForce: PipelineShadowCounts;
  readonly candidate: PipelineShadowCounts;
  readonly stages: readonly ({
    /** Name of the pipeline. */
    readonly pipeline: string;
    /** Name of the stage. */
    readonly stage: string;
    /** Messages that came since the process began. */
    readonly in: number;
    /** Messages that went on. */
    readonly out: number;
    /** Messages that were taken out. */
    readonly takenOut: number;
    /** Records that were set aside. */
    readonly deadLettered: number;
    /** Messages that were too late for every open window. */
    readonly late: number;
    /** Results of windows. */
    readonly results: number;
    /** Units that its expressions cost at most. */
    readonly cost: number;
  })[];
  readonly differences: readonly ({
    /** Journal offset. */
    readonly offset: number;
    /** MQTT topic. */
    readonly topic: string;
    readonly inForce: PipelineShadowVerdict;
    readonly candidate: PipelineShadowVerdict;
  })[];
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
};

/** A simulation to be started. */
export type SimulationRequest = {
  /** What is simulated. */
  readonly world: 'wind-farm' | 'factory' | 'traffic';
  /** Devices in all. */
  readonly devices?: number | undefined;
  /** The same seed gives the same course of events. */
  readonly seed?: number | undefined;
  /** Messages of each device a second. */
  readonly rate?: number | undefined;
  /** Tenant id; `demo` when absent. */
  readonly tenant?: string | undefined;
  /** Project id; the name of the world when absent. */
  readonly project?: string | undefined;
};

/** How a simulation begins anew. */
export type SimulationRestart = {
  /** The same seed gives the same course of events. */
  readonly seed?: number | undefined;
};

/** A simulation. It ends with the process. */
export type Simulation = {
  /** Its id. */
  readonly id: string;
  /** What is simulated. */
  readonly world: 'wind-farm' | 'factory' | 'traffic';
  /** Devices in all. */
  readonly devices: number;
  /** The same seed gives the same course of events. */
  readonly seed: number;
  /** Messages of each device a second. */
  readonly rate: number;
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Who started it. */
  readonly author: string;
  /** When. ISO 8601 with microseconds and `Z`. */
  readonly started: string;
  /** Messages published. */
  readonly published: number;
  /** Messages acknowledged. */
  readonly acked: number;
  readonly fault: string | null;
};

/** Simulations by their start. */
export type SimulationList = {
  readonly items: readonly (Simulation)[];
  /** How many may run at a time. */
  readonly most: number;
};

/** A device that gets a token of its own. */
export type OnboardingRequest = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id. */
  readonly device: string;
};

/** A command or program that sends one message. */
export type OnboardingCommand = {
  /** Way. */
  readonly way: 'mqtt' | 'http' | 'file';
  /** Tool. */
  readonly tool: 'mosquitto_pub' | 'mqtt.js' | 'python' | 'c' | 'curl' | 'skerry';
  /** Shell command that brings what it needs; empty for nothing. */
  readonly install: string;
  readonly source: {
    /** Name that the command knows it by. */
    readonly fileName: string;
    /** Its text. */
    readonly text: string;
  } | null;
  /** Shell commands that send the message. */
  readonly run: string;
};

/** How a device is connected. */
export type Onboarding = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
  /** Topic that makes telemetry of the device. */
  readonly topic: string;
  /** Address for MQTT. */
  readonly mqttUrl: string;
  /** Address for HTTP. */
  readonly httpUrl: string;
  /** Whether MQTT lets nobody in without a token. */
  readonly needsToken: boolean;
  readonly tokenName: string | null;
  readonly token: string | null;
  readonly commands: readonly (OnboardingCommand)[];
};

/** One thing that arrived wrongly. */
export type Arrival = {
  /** When. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** What happened. */
  readonly kind: 'dead-letter' | 'connect' | 'publish' | 'will' | 'subscribe' | 'cut-off' | 'elsewhere';
  /** Stable code. */
  readonly reason: string;
  /** What happened, as a sentence. */
  readonly words: string;
  /** MQTT client id. */
  readonly client: string;
  /** Who it said it was. */
  readonly user: string;
  /** Topic or filter. */
  readonly topic: string;
  /** Address of the peer. */
  readonly remote: string;
  readonly offset: number | null;
};

/** What has come of a device. */
export type Arrivals = {
  /** Tenant id. */
  readonly tenant: string;
  /** Project id. */
  readonly project: string;
  /** Device id; `-` is the project itself. */
  readonly device: string;
  readonly lastSeen: string | null;
  /** Messages stored. */
  readonly stored: number;
  /** Metrics known. */
  readonly metrics: number;
  /** What arrived wrongly, newest first. */
  readonly wrong: readonly (Arrival)[];
};

/** A role inside a scope. */
export type Grant = {
  /** Role. */
  readonly role: 'admin' | 'operator' | 'viewer' | 'device';
  /** Tenant id; absent: every one. */
  readonly tenant?: string | undefined;
  /** Project id, with its tenant; absent: every one. */
  readonly project?: string | undefined;
  /** Device id, with its project; absent: every one. */
  readonly device?: string | undefined;
};

/** How somebody signs in: name and password, or the code of a one-time link. */
export type SignIn = {
  /** Name. */
  readonly name?: string | undefined;
  /** Password. */
  readonly password?: string | undefined;
  /** Code. */
  readonly code?: string | undefined;
};

/** Who asks. */
export type Whoami = {
  /** What they are. */
  readonly kind: 'user' | 'token' | 'local' | 'anonymous';
  /** Name, as the audit log writes it. */
  readonly name: string;
  /** Name as people read it. */
  readonly displayName: string;
  readonly language: 'en' | 'zh' | null;
  readonly grants: readonly (Grant)[];
  readonly actions: readonly ('telemetry:read' | 'telemetry:write' | 'dead-letters:read' | 'dead-letters:change' | 'ledger:read' | 'ledger:audit' | 'pipeline:read' | 'pipeline:change' | 'messages:publish' | 'messages:subscribe' | 'simulation:change' | 'platform:read' | 'access:read' | 'access:change' | 'audit:read')[];
  readonly session: string | null;
  readonly expires: string | null;
};

/** It is done. */
export type Done = {
  /** Always true. */
  readonly done: true;
};

/** What somebody changes about themselves; absent members stay. */
export type OwnChange = {
  /** Name as people read it. */
  readonly displayName?: string | undefined;
  readonly language?: 'en' | 'zh' | null | undefined;
};

/** A password that somebody changes for themselves. */
export type PasswordChange = {
  /** Password. */
  readonly current: string;
  /** Password. */
  readonly password: string;
};

/** A signed-in browser. */
export type AccessSession = {
  /** Id; no secret. */
  readonly id: string;
  /** User. */
  readonly user: string;
  /** Address it came from. */
  readonly from: string;
  /** What the browser calls itself. */
  readonly agent: string;
  /** When it began. ISO 8601 with microseconds and `Z`. */
  readonly created: string;
  /** When it was used last, to the minute. ISO 8601 with microseconds and `Z`. */
  readonly lastUsed: string;
  /** When it ends at the latest. ISO 8601 with microseconds and `Z`. */
  readonly expires: string;
  /** Whether it is the one that asks. */
  readonly current: boolean;
};

/** Sessions. */
export type AccessSessionList = {
  readonly items: readonly (AccessSession)[];
};

/** A user. */
export type User = {
  /** Name, by which the user signs in. */
  readonly name: string;
  /** Name as people read it. */
  readonly displayName: string;
  readonly language: 'en' | 'zh' | null;
  readonly grants: readonly (Grant)[];
  /** Whether the user is kept from signing in. */
  readonly disabled: boolean;
  /** When it was made. ISO 8601 with microseconds and `Z`. */
  readonly created: string;
  /** Whether there is one. */
  readonly hasPassword: boolean;
};

/** Users by name. */
export type UserPage = {
  readonly items: readonly (User)[];
  readonly cursor: string | null;
};

/** A user to be made. */
export type NewUser = {
  /** Name, by which the user signs in. */
  readonly name: string;
  /** Name as people read it. */
  readonly displayName?: string | undefined;
  readonly language?: 'en' | 'zh' | null | undefined;
  readonly grants?: readonly (Grant)[] | undefined;
  /** Whether the user is kept from signing in. */
  readonly disabled?: boolean | undefined;
  readonly password?: string | null | undefined;
};

/** What is to be changed of a user; absent members stay, a password of null takes it away. */
export type UserChange = {
  /** Name as people read it. */
  readonly displayName?: string | undefined;
  readonly language?: 'en' | 'zh' | null | undefined;
  readonly grants?: readonly (Grant)[] | undefined;
  /** Whether the user is kept from signing in. */
  readonly disabled?: boolean | undefined;
  readonly password?: string | null | undefined;
};

/** An access token, without its secret. */
export type Token = {
  /** Name. */
  readonly name: string;
  readonly grants: readonly (Grant)[];
  readonly expires: string | null;
  /** When it was made. ISO 8601 with microseconds and `Z`. */
  readonly created: string;
  /** Who made it. */
  readonly createdBy: string;
  readonly lastUsed: string | null;
};

/** Tokens by name. */
export type TokenPage = {
  readonly items: readonly (Token)[];
  readonly cursor: string | null;
};

/** An access token to be made. */
export type NewToken = {
  /** Name. */
  readonly name: string;
  readonly grants: readonly (Grant)[];
  readonly expires?: string | null | undefined;
};

/** An access token that was made; the secret is told this once. */
export type TokenWithSecret = {
  /** Name. */
  readonly name: string;
  readonly grants: readonly (Grant)[];
  readonly expires: string | null;
  /** When it was made. ISO 8601 with microseconds and `Z`. */
  readonly created: string;
  /** Who made it. */
  readonly createdBy: string;
  readonly lastUsed: string | null;
  /** The secret: `Authorization: Bearer`, or the password of MQTT with any user name. */
  readonly secret: string;
};

/** Whom a link is to sign in. */
export type SignInLinkWish = {
  /** User; the first administrator when absent. */
  readonly user?: string | undefined;
};

/** A link that signs a user in once. */
export type SignInLink = {
  /** User. */
  readonly user: string;
  /** Code; the page takes it as `#/sign-in?code=…`. */
  readonly code: string;
  /** Until when it can be used. ISO 8601 with microseconds and `Z`. */
  readonly expires: string;
};

/** Whether somebody may do something. */
export type AccessQuestion = {
  /** A user; absent, with `token` too: who asks. */
  readonly user?: string | undefined;
  /** An access token, by name. */
  readonly token?: string | undefined;
  /** What. */
  readonly action: 'telemetry:read' | 'telemetry:write' | 'dead-letters:read' | 'dead-letters:change' | 'ledger:read' | 'ledger:audit' | 'pipeline:read' | 'pipeline:change' | 'messages:publish' | 'messages:subscribe' | 'simulation:change' | 'platform:read' | 'access:read' | 'access:change' | 'audit:read';
  /** Where; without members: everywhere. */
  readonly scope: {
    /** Tenant id; absent: every one. */
    readonly tenant?: string | undefined;
    /** Project id, with its tenant; absent: every one. */
    readonly project?: string | undefined;
    /** Device id, with its project; absent: every one. */
    readonly device?: string | undefined;
  };
};

/** Whether they may. */
export type AccessAnswer = {
  /** Whether they may. */
  readonly allowed: boolean;
};

/** An entry of the audit log. */
export type AuditEntry = {
  /** Number, from 1. */
  readonly n: number;
  /** When. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Who: `local`, a user, `token:` and its name, `anonymous`, `system`. */
  readonly author: string;
  /** What. */
  readonly action: string;
  /** To what. */
  readonly target: string;
  /** How it ended. */
  readonly outcome: 'allowed' | 'refused' | 'failed';
  /** Address of the peer. */
  readonly from: string;
  /** Facts in words. */
  readonly detail: string;
  /** How many alike it stands for. */
  readonly count: number;
};

/** Entries, newest first. */
export type AuditPage = {
  readonly items: readonly (AuditEntry)[];
  readonly cursor: string | null;
};

/** What reading the whole audit log has found. */
export type AuditVerdict = {
  /** Whether every line fits the chain. */
  readonly intact: boolean;
  /** Lines read. */
  readonly entries: number;
  /** Number of the last entry. */
  readonly last: number;
  readonly findings: readonly ({
    /** Number of the entry that is wrong or missing. */
    readonly n: number;
    /** File. */
    readonly file: string;
    /** Line in the file; 0 where it is missing. */
    readonly line: number;
    /** What is wrong. */
    readonly detail: string;
  })[];
};

/** Whether the process answers. */
export function getHealth(signal: AbortSignal | null = null): Promise<Health> {
  return call(`/health`, {}, { signal });
}

/** Whether messages are taken and shown; 503 with the reasons when not. */
export function getReadiness(signal: AbortSignal | null = null): Promise<Readiness> {
  return call(`/ready`, {}, { signal });
}

/** The configuration in force and the open addresses. */
export function getConfig(signal: AbortSignal | null = null): Promise<Config> {
  return call(`/api/v1/config`, {}, { signal });
}

/** Every limit of the process, and how near it is where that is measured. */
export function listLimits(signal: AbortSignal | null = null): Promise<LimitList> {
  return call(`/api/v1/limits`, {}, { signal });
}

/** Rates, delay, backlog and ledger now. */
export function getOverview(signal: AbortSignal | null = null): Promise<Overview> {
  return call(`/api/v1/overview`, {}, { signal });
}

/** The same figures over the last minutes, a sample a second. */
export function getOverviewHistory(signal: AbortSignal | null = null): Promise<OverviewHistory> {
  return call(`/api/v1/overview/history`, {}, { signal });
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
  return call(`/api/v1/devices`, query, { signal });
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
  return call(`/api/v1/devices/${part(params.tenant)}/${part(params.project)}/${part(params.device)}`, {}, { signal });
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
  return call(`/api/v1/devices/${part(params.tenant)}/${part(params.project)}/${part(params.device)}/latest`, {}, { signal });
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
  return call(`/api/v1/telemetry`, query, { signal });
}

/** The running account of every record. */
export function getLedger(signal: AbortSignal | null = null): Promise<Ledger> {
  return call(`/api/v1/ledger`, {}, { signal });
}

/** Recounts journal and store; NDJSON tells the progress, its last line has `report`. */
export function auditLedger(query: {
  /** Instead of the `accept` header. */
  readonly format?: 'json' | 'ndjson' | undefined;
} = {}, signal: AbortSignal | null = null): Promise<AuditReport> {
  return call(`/api/v1/ledger/audit`, query, { signal });
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
  return call(`/api/v1/gaps`, query, { signal });
}

/** Dead letters by offset. */
export function listDeadLetters(query: {
  /** Only this state. */
  readonly state?: 'open' | 'replayed' | 'discarded' | 'expired' | undefined;
  /** Only this reason. */
  readonly reason?: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | undefined;
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
  return call(`/api/v1/dead-letters`, query, { signal });
}

/** One dead letter with its bytes. */
export function getDeadLetter(params: {
  /** Journal offset. */
  readonly offset: number;
}, signal: AbortSignal | null = null): Promise<DeadLetterDetail> {
  return call(`/api/v1/dead-letters/${part(params.offset)}`, {}, { signal });
}

/** Replays open dead letters of a filter; twice is harmless. */
export function replayDeadLetters(body: DeadLetterFilter, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return call(`/api/v1/dead-letters/replay`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Discards open dead letters of a filter. */
export function discardDeadLetters(body: DeadLetterFilter, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return call(`/api/v1/dead-letters/discard`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Replays one dead letter; twice is harmless. */
export function replayDeadLetter(params: {
  /** Journal offset. */
  readonly offset: number;
}, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return call(`/api/v1/dead-letters/${part(params.offset)}/replay`, {}, { method: 'POST', signal });
}

/** Discards one dead letter. */
export function discardDeadLetter(params: {
  /** Journal offset. */
  readonly offset: number;
}, signal: AbortSignal | null = null): Promise<DeadLetterOutcome> {
  return call(`/api/v1/dead-letters/${part(params.offset)}/discard`, {}, { method: 'POST', signal });
}

/** Declared pipelines and lookup tables with the figures of their stages. */
export function listPipelines(signal: AbortSignal | null = null): Promise<PipelinePage> {
  return call(`/api/v1/pipelines`, {}, { signal });
}

/** One declared document as it is in force. */
export function getPipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return call(`/api/v1/pipelines/${part(params.name)}`, query, { signal });
}

/** Puts a document in force for all records behind the change. */
export function putPipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, body: StagesDocument, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return call(`/api/v1/pipelines/${part(params.name)}`, {}, { method: 'PUT', body: JSON.stringify(body), signal });
}

/** Takes a document out of force; its history stays. */
export function deletePipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return call(`/api/v1/pipelines/${part(params.name)}`, query, { method: 'DELETE', signal });
}

/** Puts the version before the one in force in force again. */
export function undoPipeline(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineDetail> {
  return call(`/api/v1/pipelines/${part(params.name)}/undo`, query, { method: 'POST', signal });
}

/** Versions of a document with author and time, the newest first. */
export function getPipelineHistory(params: {
  /** Name of the document. */
  readonly name: string;
}, query: {
  /** Kind of the document. */
  readonly kind?: 'Pipeline' | 'LookupTable' | undefined;
} = {}, signal: AbortSignal | null = null): Promise<PipelineHistory> {
  return call(`/api/v1/pipelines/${part(params.name)}/history`, query, { signal });
}

/** Shows what each stage makes of samples or dead letters; nothing is stored. */
export function testPipelines(body: PipelineTrial, signal: AbortSignal | null = null): Promise<PipelineTrialOutcome> {
  return call(`/api/v1/pipelines/test`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Compares a document with what is in force over recorded records; nothing is stored. */
export function shadowPipelines(body: PipelineShadow, signal: AbortSignal | null = null): Promise<PipelineShadowReport> {
  return call(`/api/v1/pipelines/shadow`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Simulations that run. */
export function listSimulations(signal: AbortSignal | null = null): Promise<SimulationList> {
  return call(`/api/v1/simulations`, {}, { signal });
}

/** Starts a simulated world that publishes over MQTT, as `skerry simulate` does. */
export function startSimulation(body: SimulationRequest, signal: AbortSignal | null = null): Promise<Simulation> {
  return call(`/api/v1/simulations`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Begins a simulation anew; what it published stays stored until it ages out. */
export function restartSimulation(params: {
  /** Id of the simulation; `demo` is that of the demo. */
  readonly id: string;
}, body: SimulationRestart, signal: AbortSignal | null = null): Promise<Simulation> {
  return call(`/api/v1/simulations/${part(params.id)}/restart`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Ends a simulation; what it published stays stored until it ages out. */
export function stopSimulation(params: {
  /** Id of the simulation; `demo` is that of the demo. */
  readonly id: string;
}, signal: AbortSignal | null = null): Promise<Simulation> {
  return call(`/api/v1/simulations/${part(params.id)}`, {}, { method: 'DELETE', signal });
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
  return call(`/api/v1/onboarding`, query, { signal });
}

/** The same with a new token in them that is good for this device alone; it is shown this once. */
export function createOnboarding(body: OnboardingRequest, signal: AbortSignal | null = null): Promise<Onboarding> {
  return call(`/api/v1/onboarding`, {}, { method: 'POST', body: JSON.stringify(body), signal });
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
  return call(`/api/v1/onboarding/arrivals`, query, { signal });
}

/** Signs in by name and password, or by the code of a one-time link; the session is in a cookie. */
export function signIn(body: SignIn, signal: AbortSignal | null = null): Promise<Whoami> {
  return call(`/api/v1/session`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Who asks, and what they may do. */
export function getSession(signal: AbortSignal | null = null): Promise<Whoami> {
  return call(`/api/v1/session`, {}, { signal });
}

/** Changes the display name or the language of the user who asks. */
export function changeSelf(body: OwnChange, signal: AbortSignal | null = null): Promise<Whoami> {
  return call(`/api/v1/session`, {}, { method: 'PATCH', body: JSON.stringify(body), signal });
}

/** Signs out. */
export function signOut(signal: AbortSignal | null = null): Promise<Done> {
  return call(`/api/v1/session`, {}, { method: 'DELETE', signal });
}

/** Changes the password of the user who asks; their other sessions end, and a new one begins. */
export function changeOwnPassword(body: PasswordChange, signal: AbortSignal | null = null): Promise<Whoami> {
  return call(`/api/v1/session/password`, {}, { method: 'PUT', body: JSON.stringify(body), signal });
}

/** Sessions of the user who asks, or of another. */
export function listSessions(query: {
  /** Only this user. */
  readonly user?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<AccessSessionList> {
  return call(`/api/v1/sessions`, query, { signal });
}

/** Ends a session. */
export function endSession(params: {
  /** Id. */
  readonly id: string;
}, signal: AbortSignal | null = null): Promise<Done> {
  return call(`/api/v1/sessions/${part(params.id)}`, {}, { method: 'DELETE', signal });
}

/** Users by name. */
export function listUsers(query: {
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<UserPage> {
  return call(`/api/v1/users`, query, { signal });
}

/** Makes a user. */
export function createUser(body: NewUser, signal: AbortSignal | null = null): Promise<User> {
  return call(`/api/v1/users`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** One user. */
export function getUser(params: {
  /** Name of the user. */
  readonly name: string;
}, signal: AbortSignal | null = null): Promise<User> {
  return call(`/api/v1/users/${part(params.name)}`, {}, { signal });
}

/** Changes a user; a changed password ends their sessions. */
export function changeUser(params: {
  /** Name of the user. */
  readonly name: string;
}, body: UserChange, signal: AbortSignal | null = null): Promise<User> {
  return call(`/api/v1/users/${part(params.name)}`, {}, { method: 'PATCH', body: JSON.stringify(body), signal });
}

/** Removes a user with their sessions. */
export function removeUser(params: {
  /** Name of the user. */
  readonly name: string;
}, signal: AbortSignal | null = null): Promise<Done> {
  return call(`/api/v1/users/${part(params.name)}`, {}, { method: 'DELETE', signal });
}

/** Makes a link that signs a user in once. */
export function createSignInLink(body: SignInLinkWish, signal: AbortSignal | null = null): Promise<SignInLink> {
  return call(`/api/v1/access/sign-in-links`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Access tokens by name. */
export function listTokens(query: {
  /** Rows of one page. */
  readonly limit?: number | undefined;
  /** Opaque, from the page before. */
  readonly cursor?: string | undefined;
} = {}, signal: AbortSignal | null = null): Promise<TokenPage> {
  return call(`/api/v1/tokens`, query, { signal });
}

/** Makes an access token; its secret is in this answer and nowhere else. */
export function createToken(body: NewToken, signal: AbortSignal | null = null): Promise<TokenWithSecret> {
  return call(`/api/v1/tokens`, {}, { method: 'POST', body: JSON.stringify(body), signal });
}

/** Revokes an access token. */
export function revokeToken(params: {
  /** Name of the token. */
  readonly name: string;
}, signal: AbortSignal | null = null): Promise<Done> {
  return call(`/api/v1/tokens/${part(params.name)}`, {}, { method: 'DELETE', signal });
}

/** Whether who asks, a user or a token may do something somewhere. */
export function checkAccess(body: AccessQuestion, signal: AbortSignal | null = null): Promise<AccessAnswer> {
  return call(`/api/v1/access/check`, {}, { method: 'POST', body: JSON.stringify(body), signal });
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
  return call(`/api/v1/audit`, query, { signal });
}

/** Reads the whole audit log and tells every line that was changed, removed or cut off. */
export function verifyAudit(signal: AbortSignal | null = null): Promise<AuditVerdict> {
  return call(`/api/v1/audit/verdict`, {}, { signal });
}
