/** What a common variable of the environment says about the configuration: a path and its value, as text. */
export interface CommonSetting {
  readonly path: string;
  readonly value: string;
  /** Names of the variables it comes from. */
  readonly origin: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Severities of other systems by the nearest of this one. */
const LEVELS: Readonly<Record<string, string>> = {
  fatal: 'error',
  critical: 'error',
  error: 'error',
  warning: 'warn',
  warn: 'warn',
  notice: 'info',
  info: 'info',
  debug: 'debug',
  trace: 'debug',
};

/**
 * Reads the names of an earlier bridge (`MQTT_BROKER`, `MQTT_TOPIC`, `MQTT_CLIENT_ID`, `KAFKA_BROKERS`, `KAFKA_TOPIC`,
 * `DB_HOST`, `DB_PORT`, `DB_NAME`), of common deployments (`DATABASE_URL`, `REDIS_URL`, `LOG_LEVEL`) and of OpenTelemetry
 * (`OTEL_*`). They are weaker than the file and than `SKERRY_*`; what means nothing here is left alone.
 */
export function commonSettings(environment: Environment): CommonSetting[] {
  const level = LEVELS[String(environment.LOG_LEVEL).toLowerCase()];
  return [
    ...sourceSetting(environment),
    ...plain('kafka.brokers', 'KAFKA_BROKERS', environment),
    ...plain('kafka.topic', 'KAFKA_TOPIC', environment),
    ...plain('gateway.group', 'MQTT_CLIENT_ID', environment),
    ...databaseSetting(environment),
    ...redisSetting(environment),
    ...tracingSettings(environment),
    ...(level === undefined ? [] : [{ path: 'log.level', value: level, origin: 'LOG_LEVEL' }]),
  ];
}

function plain(path: string, variable: string, environment: Environment): CommonSetting[] {
  const value = environment[variable];
  return value === undefined || value === '' ? [] : [{ path, value, origin: variable }];
}

function sourceSetting({ MQTT_BROKER: broker, MQTT_TOPIC: topic }: Environment): CommonSetting[] {
  if (broker === undefined || broker === '') return [];
  const source = {
    url: urlOf(broker),
    ...(topic ? { topics: topic.split(',').map((one) => one.trim()) } : {}),
  };
  const origin = topic ? 'MQTT_BROKER, MQTT_TOPIC' : 'MQTT_BROKER';
  return [{ path: 'sources', value: JSON.stringify([source]), origin }];
}

/** `tcp://host:1883`, `ssl://host:8883` and `host:1883` are the same places under other names. */
function urlOf(broker: string): string {
  const named = broker.replace(/^tcp:\/\//, 'mqtt://').replace(/^(ssl|tls):\/\//, 'mqtts://');
  return named.includes('://') ? named : `mqtt://${named}`;
}

function databaseSetting(environment: Environment): CommonSetting[] {
  const path = 'postgres.url';
  const {
    DATABASE_URL: url,
    DB_HOST: host,
    DB_PORT: port = '5432',
    DB_NAME: base = 'iot_data',
  } = environment;
  if (url?.match(/^postgres(ql)?:\/\//)) return [{ path, value: url, origin: 'DATABASE_URL' }];
  if (host === undefined || host === '') return [];
  return [{ path, value: `postgres://${host}:${port}/${base}`, origin: 'DB_HOST' }];
}

function redisSetting({ REDIS_URL: url }: Environment): CommonSetting[] {
  return url?.match(/^rediss?:\/\//) ? [{ path: 'redis.url', value: url, origin: 'REDIS_URL' }] : [];
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/, as far as it says where traces go, whose, and how many. */
function tracingSettings(environment: Environment): CommonSetting[] {
  const { OTEL_SDK_DISABLED: disabled, OTEL_TRACES_EXPORTER: exporter = 'otlp' } = environment;
  if (disabled?.toLowerCase() === 'true' || exporter !== 'otlp') return [];
  return [
    ...collectorSetting(environment),
    ...plain('tracing.serviceName', 'OTEL_SERVICE_NAME', environment),
    ...plain('tracing.attributes', 'OTEL_RESOURCE_ATTRIBUTES', environment),
    ...samplerSetting(environment),
  ];
}

function collectorSetting(environment: Environment): CommonSetting[] {
  const path = 'tracing.otlpUrl';
  const {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole,
    OTEL_EXPORTER_OTLP_ENDPOINT: base,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol = '',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: ofTraces = protocol,
  } = environment;
  // that port does not speak HTTP
  if (ofTraces === 'grpc') return [];
  if (whole?.match(/^https?:\/\//))
    return [{ path, value: whole, origin: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' }];
  if (!base?.match(/^https?:\/\//)) return [];
  return [{ path, value: `${base.replace(/\/$/, '')}/v1/traces`, origin: 'OTEL_EXPORTER_OTLP_ENDPOINT' }];
}

function samplerSetting({
  OTEL_TRACES_SAMPLER: sampler = 'parentbased_traceidratio',
  OTEL_TRACES_SAMPLER_ARG: share = '',
}: Environment): CommonSetting[] {
  const path = 'tracing.sampleRatio';
  if (sampler.endsWith('always_on')) return [{ path, value: '1', origin: 'OTEL_TRACES_SAMPLER' }];
  if (sampler.endsWith('always_off')) return [{ path, value: '0', origin: 'OTEL_TRACES_SAMPLER' }];
  if (!sampler.endsWith('traceidratio') || !/^(0(\.\d+)?|1(\.0+)?)$/.test(share)) return [];
  return [{ path, value: share, origin: 'OTEL_TRACES_SAMPLER_ARG' }];
}
