import type { PointSink } from '@skerry/series';
import { type InfluxSinkNeeds, openInfluxSink } from '@skerry/series/influx';
import type { SinkConfig } from '../../config/role-schema.ts';
import { readSecret } from '../role.ts';

/** A sink as configured. Files of secrets are read again for each request; fails with `config-invalid` when one cannot be read now. */
export function openSink(config: SinkConfig, needs: InfluxSinkNeeds): PointSink {
  const { name, kind, url, database, organization, measurement, gzip, retentionHours } = config;
  const { username, passwordFile, tokenFile } = config;
  const password = () => readSecret(`sinks.${name}.passwordFile`, passwordFile) ?? '';
  const token = () => readSecret(`sinks.${name}.tokenFile`, tokenFile) ?? '';
  password();
  token();
  return openInfluxSink(
    {
      name,
      url,
      version: kind === 'influxdb1' ? 1 : 2,
      database,
      organization,
      measurement,
      gzip,
      retentionHours,
      ...(username === '' ? {} : { user: { name: username, password } }),
      ...(tokenFile === '' ? {} : { token }),
    },
    needs,
  );
}
