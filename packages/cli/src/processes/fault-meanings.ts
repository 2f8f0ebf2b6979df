import { ACCESS_FAULTS } from '@skerry/access';
import { API_FAULTS, type FaultMeaning } from '@skerry/api';
import { CONTROL_FAULTS } from '@skerry/control';
import { JOURNAL_FAULTS } from '@skerry/journal';
import { KERNEL_FAULTS } from '@skerry/kernel';
import { MQTT_FAULTS } from '@skerry/mqtt';
import { PIPELINE_FAULTS } from '@skerry/pipeline';
import { SERIES_FAULTS } from '@skerry/series';
import { CLI_FAULTS } from '../errors.ts';

/** What every fault code of the platform means, for the pages at `/errors/<code>`. */
export const FAULT_MEANINGS: Readonly<Record<string, FaultMeaning>> = {
  ...KERNEL_FAULTS,
  ...JOURNAL_FAULTS,
  ...SERIES_FAULTS,
  ...MQTT_FAULTS,
  ...PIPELINE_FAULTS,
  ...CLI_FAULTS,
  ...CONTROL_FAULTS,
  ...ACCESS_FAULTS,
  ...API_FAULTS,
};
