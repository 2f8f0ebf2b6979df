import type { Access } from '@skerry/access';
import type { Clock, LimitTable } from '@skerry/kernel';
import type { Admission } from './admission.ts';
import type { LineSender } from './lines.ts';
import type { Platform } from './platform.ts';
import type { TelemetryIntake } from './rooms/ingest/telemetry-intake.ts';
import type { EventStreams } from './rooms/live/stream.ts';
import type { OverviewSampler } from './rooms/overview/overview-sampler.ts';
import type { ShareGate } from './share-gate.ts';

/** What the handlers work with. */
export interface HandlerNeeds {
  readonly platform: Platform;
  readonly clock: Clock;
  /** Users, tokens, sessions; `audit.around` notes who changes what. */
  readonly access: Access;
  readonly admission: Admission;
  readonly sampler: OverviewSampler;
  readonly streams: EventStreams;
  /** Telemetry queries that run. */
  readonly queries: ShareGate;
  /** Exports that run. */
  readonly exports: ShareGate;
  readonly lines: LineSender;
  readonly intake: TelemetryIntake;
  /** Limits of each package of the process. */
  readonly limits: Readonly<Record<string, LimitTable>>;
  /** Whether the server has begun to end. */
  readonly isEnding: () => boolean;
}
