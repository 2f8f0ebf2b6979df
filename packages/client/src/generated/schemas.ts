// Written from packages/api by `npm run generate`; not to be edited.

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
  readonly settings: readonly ({
    /** Keys joined by dots: `http.port`. */
    readonly path: string;
    /** Its value. */
    readonly value: undefined;
    /** What holds when nothing is set; null where that depends on the machine. */
    readonly standard: undefined;
    /** Where the value comes from. */
    readonly source: 'default' | 'file' | 'environment' | 'flag';
    /** The source by its name: a variable, a flag, a file. */
    readonly origin: string;
    /** Name of its environment variable. */
    readonly environment: string;
    /** Its flag, with the hyphens. */
    readonly flag: string;
    /** What it is. */
    readonly description: string;
  })[];
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
  readonly notes: readonly ({
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
  readonly diskFreeBytes: number | null;
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
  /** Whether a client that speaks for it over MQTT is connected; `never`: none is known. */
  readonly connected: 'connected' | 'disconnected' | 'never';
};

/** How a device is connected over MQTT. */
export type Connectivity = {
  /** Time of the server. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** Where it stands. */
  readonly now: {
    /** `never`: nobody is known to have spoken for it over MQTT. */
    readonly state: 'connected' | 'disconnected' | 'never';
    readonly since: string | null;
    readonly event: SessionEvent | null;
  };
  readonly clients: readonly ({
    /** Client id. */
    readonly client: string;
    /** Name of the subject. */
    readonly user: string;
    /** Where it stands. */
    readonly state: 'connected' | 'disconnected';
    /** Since when. ISO 8601 with microseconds and `Z`. */
    readonly since: string;
    /** When it was first heard for the device after another client. ISO 8601 with microseconds and `Z`. */
    readonly speaksSince: string;
  })[];
  readonly events: readonly (SessionEvent)[];
  /** Further events of the last days of its clients that were not kept, since a client has too many. */
  readonly leftOut: number;
  /** True when older events of the range are left out of the answer. */
  readonly isCut: boolean;
};

/** A connection that began or ended. Those before the range are the last one of each client before it. */
export type SessionEvent = {
  /** When, by the server. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** What happened. */
  readonly kind: 'connected' | 'disconnected';
  /** Stable word: `connect`, `client-disconnect`, `client-disconnect-with-will`, `taken-over`, `keep-alive`, `network`, `queue-full`, `output-full`, `access-revoked`, `shutdown`, `server-restart`, or the code of the fault of the client. */
  readonly reason: string;
  /** Client id. */
  readonly client: string;
  /** Name of the subject. */
  readonly user: string;
  /** `host:port` of the peer. */
  readonly remote: string;
  /** `3.1.1` or `5.0`. */
  readonly protocol: string;
  /** `mqtt`, `mqtts`, `ws` or `wss`; empty where it was not noted. */
  readonly listener: string;
  /** True over TLS. */
  readonly isEncrypted: boolean;
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
  /** Pending records by the count of the journal itself; over roles, at most so many lie in gateways and in Kafka. */
  readonly journalPending: number;
  readonly notes: readonly ({
    /** `gateway-ahead`: records have a verdict before their gateway told of them; `gateway-untold`: a gateway tells nothing of what it receives; `gateway-silent`: records lie in the data folder of a gateway that tells nothing any more; `foreign-records`: another producer put them into Kafka; `kafka-silent`: what Kafka holds is not known. */
    readonly code: 'gateway-ahead' | 'gateway-untold' | 'gateway-silent' | 'foreign-records' | 'kafka-silent';
    /** Gateway, or its journal, that it is about; empty where it is about none. */
    readonly subject: string;
    /** Records that it is about; 0 where that is not known. */
    readonly records: number;
    /** The whole of it in words. */
    readonly detail: string;
  })[];
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
  readonly reason: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | 'kafka-refused';
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

/** Open dead letters by reason, exact. */
export type DeadLetterReasons = {
  /** All of them. */
  readonly open: number;
  readonly reasons: readonly ({
    /** Why it was set aside. */
    readonly reason: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | 'kafka-refused';
    /** Open letters of this reason. */
    readonly open: number;
  })[];
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
  readonly reason: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | 'kafka-refused';
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
  readonly reason?: 'unknown-topic' | 'undecodable' | 'series-limit' | 'too-many-points' | 'stage-failed' | 'kafka-refused' | undefined;
  /** Tenant id, as far as it could be told. */
  readonly tenant?: string | undefined;
  /** Project id, as far as it could be told. */
  readonly project?: string | undefined;
  /** Device id; empty when it could not be told. */
  readonly device?: string | undefined;
};

/** What became of the letters that were asked for, durably; each is counted once. */
export type DeadLetterOutcome = {
  /** Letters that were open and are not any more: processed by the pipeline, or discarded. */
  readonly changed: number;
  /** Letters that the pipeline was offered again and refused again: they stay open. */
  readonly failedAgain: number;
  /** Letters that the pipeline had not come to when the answer was given; they are judged later, and asking again is harmless. */
  readonly undecided: number;
  /** Letters that were not open; nothing happens to them. */
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

/** Data of the event `refused`: one subscription will carry nothing. */
export type StreamRefusal = {
  /** The subscription as it was asked for. */
  readonly subscribe: string;
  /** Code of the fault, `not-found` for instance. */
  readonly code: string;
  /** What is wrong with it. */
  readonly detail: string;
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
  /** Name, unique among its kind inside of its tenant and project. */
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
  /** Name, unique among its kind inside of its tenant and project. */
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

/** The processes of the site. */
export type RoleList = {
  /** Age of the last report from which on a process is silent. */
  readonly silentAfterSeconds: number;
  readonly items: readonly ({
    /** What it does; `up` is all of it on one machine. */
    readonly role: 'up' | 'gateway' | 'writer' | 'cloud';
    /** Host and number of the process. */
    readonly name: string;
    /** Host and data folder: the same after a restart. */
    readonly place: string;
    /** Version. */
    readonly version: string;
    /** How the process does. `silent`: it has told nothing for `silentAfterSeconds`; `ended`: it said that it ends. */
    readonly state: 'ready' | 'degraded' | 'silent' | 'ended';
    readonly reasons: readonly ({
      /** Stable code. */
      readonly code: string;
      /** The facts. */
      readonly detail: string;
    })[];
    /** Since when it is in this state. ISO 8601 with microseconds and `Z`. */
    readonly since: string;
    /** When it was started, by its own clock. ISO 8601 with microseconds and `Z`. */
    readonly started: string;
    /** When it told last. ISO 8601 with microseconds and `Z`. */
    readonly told: string;
    /** Age of what it told last. */
    readonly toldSeconds: number;
    readonly slot: {
      /** Group. */
      readonly group: string;
      /** Number; its MQTT client ids end with it. */
      readonly number: number;
      /** Grows each time that the number changes hands. */
      readonly epoch: number;
    } | null;
    readonly buffer: {
      /** Records. */
      readonly records: number;
      /** Age of the oldest of them. */
      readonly seconds: number;
    } | null;
    readonly sources: readonly (string)[];
    readonly partitions: readonly (string)[];
  })[];
};

/** Partitions by topic and number. */
export type PartitionList = {
  readonly trouble: {
    /** Stable code. */
    readonly code: string;
    /** The facts. */
    readonly detail: string;
  } | null;
  readonly items: readonly ({
    /** Topic; `journal` on one machine. */
    readonly topic: string;
    /** Number. */
    readonly partition: number;
    readonly owner: {
      /** Its name, as among the roles. */
      readonly name: string;
      /** How the process does. `silent`: it has told nothing for `silentAfterSeconds`; `ended`: it said that it ends. */
      readonly state: 'ready' | 'degraded' | 'silent' | 'ended';
    } | null;
    readonly lastOwner: string | null;
    readonly position: number | null;
    readonly end: number | null;
    readonly lagRecords: number | null;
    readonly lagSeconds: number | null;
    readonly retentionAt: string | null;
    readonly reasons: readonly ({
      /** Stable code. */
      readonly code: string;
      /** The facts. */
      readonly detail: string;
    })[];
  })[];
};

/** Stores of points, the primary one first. */
export type SinkList = {
  readonly items: readonly ({
    /** Name. */
    readonly name: string;
    /** What it is: `postgresql`, `sqlite`, `influxdb1`, …; empty where nobody feeds it. */
    readonly kind: string;
    /** Whether it is the one that decides what is stored. */
    readonly isPrimary: boolean;
    /** `trouble`: it cannot go on; `unknown`: no process that lives feeds it. */
    readonly state: 'good' | 'behind' | 'trouble' | 'unknown';
    /** Seals that it has, over all partitions. */
    readonly position: number;
    /** Seals that are committed. */
    readonly committed: number;
    /** Points that it took. */
    readonly points: number;
    /** Points that it will never take. */
    readonly refused: number;
    /** Seals that retention removed before it had them. */
    readonly missed: number;
    /** Age of the oldest committed seal that it does not have. */
    readonly lagSeconds: number;
    readonly retentionAt: string | null;
    readonly lastError: {
      /** Stable code. */
      readonly code: string;
      /** The facts. */
      readonly detail: string;
      readonly at: string | null;
    } | null;
  })[];
};

/** External MQTT brokers, by name. */
export type SourceList = {
  readonly items: readonly ({
    /** Name in the configuration. */
    readonly name: string;
    /** Address. */
    readonly url: string;
    /** Group of the shared subscription; empty for none. */
    readonly share: string;
    /** `degraded`: somebody has trouble with it; `silent`: of those who subscribe nobody tells anything; `unheld`: nobody subscribes. */
    readonly state: 'good' | 'degraded' | 'silent' | 'unheld';
    readonly gateways: readonly ({
      /** Its name, as among the roles. */
      readonly name: string;
      /** How the process does. `silent`: it has told nothing for `silentAfterSeconds`; `ended`: it said that it ends. */
      readonly state: 'ready' | 'degraded' | 'silent' | 'ended';
      /** Its MQTT client id there; empty while it does not subscribe. */
      readonly clientId: string;
      /** Its connection, as it told last; `elsewhere`: another gateway may have it. */
      readonly phase: 'elsewhere' | 'connecting' | 'connected' | 'waiting' | 'ended';
      readonly troubles: readonly (string)[];
      /** Messages that are taken in and not acknowledged yet. */
      readonly unacked: number;
      readonly brokerDropped: number | null;
      readonly filters: readonly ({
        /** Filter. */
        readonly filter: string;
        /** QoS that is wanted. */
        readonly wanted: number;
        readonly granted: number | null;
        /** `lower`: granted with less than was wanted. */
        readonly state: 'not-asked' | 'asked' | 'granted' | 'lower' | 'refused';
        /** What is wrong; empty where nothing is. */
        readonly why: string;
      })[];
    })[];
  })[];
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

/** A chaos run to be started. */
export type ChaosRequest = {
  /** Tenant id under which the bad inputs are sent; `chaos` when absent. */
  readonly tenant?: string | undefined;
};

/** A chaos run: under way, or what it found. It is forgotten with the process. */
export type ChaosRun = {
  /** Its id. */
  readonly id: string;
  /** Tenant id. */
  readonly tenant: string;
  /** Project id: one of its own. */
  readonly project: string;
  /** Who started it. */
  readonly author: string;
  /** When. ISO 8601 with microseconds and `Z`. */
  readonly started: string;
  /** How it stands. */
  readonly state: 'running' | 'done' | 'stopped' | 'failed';
  /** Inputs that were sent and judged. */
  readonly sent: number;
  /** Inputs in all. */
  readonly inputs: number;
  /** How many inputs became what. */
  readonly counts: {
    /** Were stored. */
    readonly stored: number;
    /** Became dead letters. */
    readonly deadLettered: number;
    /** Were refused with a reason, and the connection stayed. */
    readonly refused: number;
    /** Ended their connection. */
    readonly closed: number;
    /** Were not answered as expected. */
    readonly wrong: number;
  };
  readonly rows: readonly ({
    /** What was sent. */
    readonly input: 'invalid-utf8-text' | 'no-text' | 'empty' | 'broken-json' | 'json-and-more' | 'nan' | 'minus-infinity' | 'huge-number' | 'long-text' | 'deep-objects' | 'endless-arrays' | 'many-metrics' | 'many-objects' | 'prototype-names' | 'clock-1970' | 'clock-2099' | 'many-series' | 'topic-hash' | 'topic-plus' | 'topic-nul' | 'topic-invalid-utf8' | 'topic-many-levels' | 'topic-of-nobody' | 'payload-over-limit' | 'length-256-mib' | 'length-five-bytes' | 'second-connect' | 'cut-publish' | 'packet-type-0' | 'qos-3' | 'mqtt-3.1' | 'mqtt-level-6' | 'http' | 'tls' | 'publish-before-connect';
    readonly level: '3.1.1' | '5' | null;
    /** How many inputs it stands for. */
    readonly inputs: number;
    /** What should become of it. */
    readonly expected: {
      /** What it is: `nothing` is acknowledged and not found again in time, `acknowledged` was not looked up. */
      readonly kind: 'stored' | 'dead-lettered' | 'refused' | 'closed' | 'acknowledged' | 'nothing' | 'no-answer';
      readonly reason: string | null;
      readonly code: number | null;
    };
    /** What became of it. */
    readonly answer: {
      /** What it is: `nothing` is acknowledged and not found again in time, `acknowledged` was not looked up. */
      readonly kind: 'stored' | 'dead-lettered' | 'refused' | 'closed' | 'acknowledged' | 'nothing' | 'no-answer';
      readonly reason: string | null;
      readonly code: number | null;
    };
    /** Whether that is what is expected. */
    readonly verdict: 'yes' | 'NOT' | 'unknown';
    readonly letter: number | null;
    /** What the dead letter says was found and wanted; empty where there is none. */
    readonly detail: string;
  })[];
  readonly fault: string | null;
};

/** The newest chaos run of each tenant, newest first. */
export type ChaosList = {
  readonly items: readonly (ChaosRun)[];
  /** How many bad inputs a run sends. */
  readonly inputs: number;
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
  /** From where it reaches the server. */
  readonly reach: 'machine' | 'network';
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

/** One way in for devices. */
export type DeviceWay = {
  /** Scheme. */
  readonly name: 'mqtts' | 'mqtt' | 'wss' | 'ws' | 'https' | 'http';
  /** From where it is reached: from the machine of the server alone, or over the network. */
  readonly reach: 'machine' | 'network';
  /** Address. */
  readonly url: string;
  /** Whether nobody is let in without a token. */
  readonly needsToken: boolean;
  /** What a client has to trust: nothing without TLS, the authorities of its system, or the file `certificate`. */
  readonly trust: 'nothing' | 'system' | 'file';
  /** Whether the certificate is for the host of the address; most clients refuse one that is not. */
  readonly isNamed: boolean;
};

/** The certificates that TLS shows here, for clients that are to trust them. */
export type TrustedFile = {
  /** Name by which the commands know the file. */
  readonly fileName: string;
  /** PEM. */
  readonly text: string;
  /** Whether the authority is in it. Without it, the file has to come from whoever issued the certificate. */
  readonly isWhole: boolean;
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
  /** Best address for MQTT; empty where nothing listens. */
  readonly mqttUrl: string;
  /** Best address for HTTP. */
  readonly httpUrl: string;
  /** Whether MQTT lets nobody in without a token. */
  readonly needsToken: boolean;
  /** Every way in, the best first: those that the asker has come by, then the others. */
  readonly ways: readonly (DeviceWay)[];
  readonly certificate: TrustedFile | null;
  readonly tokenName: string | null;
  readonly token: string | null;
  readonly commands: readonly (OnboardingCommand)[];
};

/** One thing that arrived wrongly. */
export type Arrival = {
  /** When. ISO 8601 with microseconds and `Z`. */
  readonly time: string;
  /** What happened. */
  readonly kind: 'dead-letter' | 'connect' | 'publish' | 'will' | 'subscribe' | 'cut-off' | 'elsewhere' | 'http' | 'handshake';
  /** Stable code. */
  readonly reason: string;
  /** What happened, as a sentence. */
  readonly words: string;
  /** MQTT client id. */
  readonly client: string;
  /** Who it said it was. */
  readonly user: string;
  /** By what it came in, or wanted to. */
  readonly by: 'token' | 'user' | 'nobody';
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
  /** Where else devices of the same name are, of those that may be seen. */
  readonly elsewhere: readonly ({
    /** Tenant id. */
    readonly tenant: string;
    /** Project id. */
    readonly project: string;
  })[];
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
