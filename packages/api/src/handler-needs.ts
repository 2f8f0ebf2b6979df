import type { Access } from '@skerry/access';
import type { Clock, Gauge, LimitTable } from '@skerry/kernel';
import type { Admission } from './admission.ts';
import type { Platform } from './platform.ts';
import type { TelemetryIntake } from './rooms/ingest/telemetry-intake.ts';
import type { EventStreams } from './rooms/live/stream.ts';
import type { OverviewSampler } from './rooms/overview/overview-sampler.ts';
import type { QueryGate } from './rooms/telemetry/query-telemetry.ts';

/** What the handlers work with. */
export interface HandlerNeeds {
  readonly platform: Platform;
  readonly clock: Clock;
  /** Users, tokens, sessions; `audit.around` notes who changes what. */
  readonly access: Access;
  readonly admission: Admission;
  readonly sampler: OverviewSampler;
  readonly streams: EventStreams;
  readonly gate: QueryGate;
  /** Exports that run. */
  readonly exports: Gauge;
  readonly intake: TelemetryIntake;
  /** Limits of each package of the process. */
  readonly limits: Readonly<Record<string, LimitTable>>;
  /** Whether the server has begun to end. */
  readonly isEnding: () => boolean;
}
