import type { PointSink } from '@skerry/series';
import {
  type InfluxPlace,
  type InfluxSinkNeeds,
  type LineNaming,
  openInfluxSink,
} from '@skerry/series/influx';
import type { SinkConfig } from '../../config/role-schema.ts';
import { readSecret } from '../role.ts';

/** A sink as configured. Files of secrets are read again for each request; fails with `config-invalid` when one cannot be read now. */
export function openSink(config: SinkConfig, needs: InfluxSinkNeeds): PointSink {
  const { name, gzip, retentionHours } = config;
  return openInfluxSink({ name, gzip, retentionHours, ...sinkPlace(config) }, needs);
}

const VERSIONS = { influxdb1: 1, influxdb2: 2, influxdb3: 3 } as const;

/** Where a sink is and how its points are named; files of secrets as `openSink` reads them. */
export function sinkPlace(config: SinkConfig): InfluxPlace & LineNaming {
  const { name, kind, url, database, organization, measurement } = config;
  const { username, passwordFile, tokenFile } = config;
  const password = () => readSecret(`sinks.${name}.passwordFile`, passwordFile) ?? '';
  const token = () => readSecret(`sinks.${name}.tokenFile`, tokenFile) ?? '';
  password();
  token();
  return {
    url,
    version: VERSIONS[kind],
    database,
    organization,
    measurement,
    ...(username === '' ? {} : { user: { name: username, password } }),
    ...(tokenFile === '' ? {} : { token }),
  };
}
