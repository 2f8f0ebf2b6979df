import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonSettings } from './common-variables.ts';

function settings(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(commonSettings(environment).map(({ path, value }) => [path, value]));
}

test('commonSettings reads where traces go, whose they are and how many', () => {
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
    OTEL_SERVICE_NAME: 'plant',
    OTEL_RESOURCE_ATTRIBUTES: 'a=1,b=2',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  };
  assert.deepEqual(settings(environment), {
    'tracing.otlpUrl': 'http://collector:4318/v1/traces',
    'tracing.serviceName': 'plant',
    'tracing.attributes': 'a=1,b=2',
    'tracing.sampleRatio': '0.25',
  });
  const whole = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other/path' };
  assert.equal(settings({ ...environment, ...whole })['tracing.otlpUrl'], 'https://other/path');
});

test('commonSettings knows the samplers that follow all or none', () => {
  assert.deepEqual(settings({ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }), {
    'tracing.sampleRatio': '1',
  });
  assert.deepEqual(settings({ OTEL_TRACES_SAMPLER: 'always_off' }), { 'tracing.sampleRatio': '0' });
});

test('commonSettings leaves alone what is switched off, meant for others, or means nothing here', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317' };
  for (const environment of [
    { ...endpoint, OTEL_SDK_DISABLED: 'true' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
    { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' },
    { OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_TRACES_SAMPLER_ARG: 'endpoint=http://x' },
    { OTEL_TRACES_SAMPLER_ARG: '7' },
    { REDIS_URL: 'unix:///run/redis.sock' },
  ])
    assert.deepEqual(settings(environment), {}, JSON.stringify(environment));
});

test('commonSettings reads REDIS_URL, encrypted or not', () => {
  for (const url of ['redis://cache:6379/2', 'rediss://user:secret@cache'])
    assert.deepEqual(settings({ REDIS_URL: url }), { 'redis.url': url });
});
