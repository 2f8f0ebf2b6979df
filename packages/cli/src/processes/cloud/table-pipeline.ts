import { ApiError } from '@skerry/api';
import type { Clock, MetricFamily } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import {
  type LiveFilter,
  ledgerReport,
  type PipelineAlarm,
  type PipelineClient,
  type PipelineFigures,
  type PipelineRequests,
} from '@skerry/pipeline';
import type { PostgresReadings, ReadingLedger } from '@skerry/series/postgres';
import { followTables } from './table-feed.ts';

type Asked = Pick<PipelineClient, 'request' | 'subscribe' | 'ended'>;
type Requests = {
  readonly [M in keyof PipelineRequests]: (
    ...args: Parameters<PipelineRequests[M]>
  ) => Promise<Awaited<ReturnType<PipelineRequests[M]>>>;
};

/** What the tables are asked with. */
export interface TablePipelineNeeds {
  readonly readings: PostgresReadings;
  readonly clock: Pick<Clock, 'sleep'>;
}

/**
 * Answers what the platform asks of a pipeline from the tables that writers fill: everything as of the last commits.
 * Declared pipelines are not served by this role.
 */
export class TablePipeline implements Asked {
  readonly ended = new Promise<void>(() => undefined);
  readonly #needs: TablePipelineNeeds;
  readonly #requests: Requests;

  constructor(needs: TablePipelineNeeds) {
    this.#needs = needs;
    this.#requests = requestsOf(needs);
  }

  /** As `PipelineClient.request`. */
  get request(): Asked['request'] {
    return ((method: keyof Requests, ...args: unknown[]) => {
      const answer = this.#requests[method] as (...args: unknown[]) => Promise<unknown>; // the arguments are those of the method
      return answer(...args);
    }) as Asked['request']; // one method for each name, as the type says
  }

  /** As `PipelineClient.subscribe`, as far behind as a commit and a look at it take. */
  subscribe(filters: readonly LiveFilter[], cursor: string | undefined, signal: AbortSignal) {
    return followTables(filters, cursor, signal, this.#needs);
  }
}

function requestsOf({ readings }: TablePipelineNeeds): Requests {
  const ledger = async () => reportOf(await readings.ledger());
  const notHere = () =>
    Promise.reject(
      new ApiError(
        'unavailable',
        'declared pipelines are not served by this role yet: the writers store what devices send as it is',
      ),
    );
  return {
    flush: async () => 0,
    devices: (query) => readings.devices(query),
    device: (key) => readings.device(key),
    latest: async (key) => {
      const found = await readings.latest(key);
      return found && [...found];
    },
    gaps: async (query) => [...(await readings.gaps(query))],
    points: (query) => readings.points(query),
    deadLetters: async (filter) => [...(await readings.deadLetters(filter))],
    deadLetter: (number) => readings.deadLetter(number),
    deadLetterReasons: (scope) => readings.deadLetterReasons(scope),
    connectivity: (query) => readings.connectivity(query),
    ledger,
    alarms: async () => alarmsOf(await ledger()),
    figures: async () => await figuresOf(readings, await ledger()),
    metrics: async () => await metricsOf(readings),
    stageList: async () => [],
    stageGet: async () => undefined,
    stageCheck: notHere,
    stageOutcome: notHere,
    stageTrial: notHere,
    stageShadow: notHere,
    stageShadowCancel: async () => undefined,
  };
}

/** Verdicts against the telemetry records that the pipelines counted below their positions. */
function reportOf({ projects, telemetryPosition }: ReadingLedger): LedgerReport {
  const verdicts = projects.map(({ tenant, project, ...totals }) => ({ tenant, project, totals }));
  const received = projects.map((one) => ({
    tenant: one.tenant,
    project: one.project,
    received: one.stored + one.deduplicated + one.filtered + one.deadLettered + one.discarded + one.expired,
    receivedQos0: 0,
  }));
  return ledgerReport({ received, verdicts, telemetryEnd: telemetryPosition, telemetryPosition });
}

function alarmsOf({ imbalances }: LedgerReport): PipelineAlarm[] {
  return imbalances.map((detail) => ({ code: 'ledger-imbalance', detail }));
}

async function figuresOf(readings: PostgresReadings, ledger: LedgerReport): Promise<PipelineFigures> {
  const { sources, devices, series, points, deadLettersOpen } = await readings.figures();
  const position = sources.reduce((sum, one) => sum + one.position, 0);
  return {
    position,
    committedPosition: position,
    recordsReceived: ledger.totals.received,
    pointsDecoded: points,
    delay: undefined,
    backlogRecords: 0,
    backlogAgeMs: 0,
    devices,
    series,
    deadLettersOpen,
    headPoints: 0,
    alarms: alarmsOf(ledger),
    ledger,
  };
}

async function metricsOf(readings: PostgresReadings): Promise<MetricFamily[]> {
  const { sources, devices, series, bytes } = await readings.figures();
  const gauge = (name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    kind: 'gauge',
    samples: [{ labels: {}, value }],
  });
  return [
    gauge('iot_device_count', 'Devices known.', devices),
    gauge('iot_pipeline_series', 'Series known.', series),
    gauge('iot_store_bytes', 'Bytes of all tables of the store.', bytes),
    {
      name: 'iot_source_position',
      help: 'Offset behind the last record of a partition that is committed.',
      kind: 'gauge',
      samples: sources.map(({ label, position }) => ({ labels: { source: label }, value: position })),
    },
  ];
}
