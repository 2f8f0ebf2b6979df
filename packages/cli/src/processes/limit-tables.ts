import { ACCESS_LIMITS } from '@skerry/access';
import { API_LIMITS } from '@skerry/api';
import { CONTROL_LIMITS } from '@skerry/control';
import { LIMITS as JOURNAL_LIMITS } from '@skerry/journal';
import { LIMITS as KERNEL_LIMITS, type LimitTable } from '@skerry/kernel';
import { LIMITS as MQTT_LIMITS } from '@skerry/mqtt';
import { LIMITS as PIPELINE_LIMITS } from '@skerry/pipeline';
import { LIMITS as SERIES_LIMITS } from '@skerry/series';
import { LIMITS as CLI_LIMITS } from '../limits.ts';

/** The limits of every package that the server is made of, for the page about them. */
export const LIMIT_TABLES: Readonly<Record<string, LimitTable>> = {
  access: ACCESS_LIMITS,
  api: API_LIMITS,
  cli: CLI_LIMITS,
  control: CONTROL_LIMITS,
  journal: JOURNAL_LIMITS,
  kernel: KERNEL_LIMITS,
  mqtt: MQTT_LIMITS,
  pipeline: PIPELINE_LIMITS,
  series: SERIES_LIMITS,
};
