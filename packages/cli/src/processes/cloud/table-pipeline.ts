import { ApiError, type SitePlatform } from '@skerry/api';
import type { Clock } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import type {
  LiveFilter,
  PipelineAlarm,
  PipelineClient,
  PipelineFigures,
  PipelineRequests,
} from '@skerry/pipeline';
import type { PostgresReadings } from '@skerry/series/postgres';
import type { LedgerDesk } from './ledger-desk.ts';
import type { StageTotals } from './stage-totals.ts';
import { followTables } from './table-feed.ts';
import { TableMetrics } from './table-metrics.ts';

type Asked = Pick<PipelineClient, 'request' | 'subscribe' | 'ended'>;
type Requests = {
  readonly [M in keyof PipelineRequests]: (
    ...args: Parameters<PipelineRequests[M]>
  ) => Promise<Awaited<ReturnType<PipelineRequests[M]>>>;
};

/** What the tables are asked with. */
export interface TablePipelineNeeds {
  readonly readings: PostgresReadings;
  readonly ledger: Pick<LedgerDesk, 'report'>;
  readonly site: Pick<SitePlatform, 'partitions' | 'sinks' | 'roles'>;
  readonly stageTotals: Pick<StageTotals, 'families'>;
  readonly clock: Pick<Clock, 'sleep' | 'nowMicros' | 'monotonicMs'>;
  /** Whether metrics tell of each device; false when absent. */
  readonly perDeviceStatus?: boolean;
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

function requestsOf(needs: TablePipelineNeeds): Requests {
  const { readings } = needs;
  const metrics = new TableMetrics(needs);
  const ledger = () => needs.ledger.report();
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
    metrics: () => metrics.families(),
    stageList: async () => [],
    stageGet: async () => undefined,
    stageCheck: notHere,
    stageOutcome: notHere,
    stageTrial: notHere,
    stageShadow: notHere,
    stageShadowCancel: async () => undefined,
  };
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
    backlogRecords: ledger.journalPending,
    backlogAgeMs: 0,
    devices,
    series,
    deadLettersOpen,
    headPoints: 0,
    alarms: alarmsOf(ledger),
    ledger,
  };
}
