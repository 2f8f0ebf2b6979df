import { hostname } from 'node:os';
import type { Clock, Logger, Meter, Random, SpanAttributes, Tracer } from '@skerry/kernel';
import type { PipelineTracing } from '@skerry/pipeline';
import type { SkerryConfig } from '../config/schema.ts';
import type { SideConfig } from '../config/side-schema.ts';
import { CliError } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { IngressTrace } from './ingress-trace.ts';
import { readNamed } from './role.ts';

/** What spans are told with. */
export interface TracingNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** What follows records in a process; all of it is undefined where nothing is traced. */
export interface Tracing extends AsyncDisposable {
  readonly tracer: Tracer | undefined;
  /** For what is taken in. */
  readonly ingress: IngressTrace | undefined;
}

/**
 * The way to the configured collector; where none is, nothing of it is loaded. Fails with `config-invalid` when a file of
 * it cannot be read, or has other than header fields.
 */
export async function openTracing(
  role: string,
  config: Pick<SkerryConfig, 'tracing' | 'routing'>,
  needs: TracingNeeds,
): Promise<Tracing> {
  const tracer = await openTracer(role, config, needs);
  if (!tracer) return { tracer, ingress: undefined, [Symbol.asyncDispose]: async () => undefined };
  const [{ IngressTrace: Ingress }, { compileTemplateOf }] = await Promise.all([
    import('./ingress-trace.ts'),
    import('@skerry/pipeline/routes'),
  ]);
  const templateOf = compileTemplateOf(config.routing.telemetry);
  const ingress = new Ingress({ tracer, clock: needs.clock, templateOf });
  return { tracer, ingress, [Symbol.asyncDispose]: () => tracer[Symbol.asyncDispose]() };
}

/** As `openTracing`, for a thread that takes nothing in. */
export async function openTracer(
  role: string,
  { tracing }: Pick<SideConfig, 'tracing'>,
  needs: TracingNeeds,
): Promise<(Tracer & AsyncDisposable) | undefined> {
  const { otlpUrl: url, sampleRatio: ratio } = tracing;
  if (url === '') return undefined;
  const { authority } = tracingFiles(tracing);
  const headers = () => tracingHeaders(tracing);
  const { openOtlpTracer } = await import('@skerry/kernel/tracing');
  const resource = resourceOf(role, tracing);
  return openOtlpTracer(
    { url, ratio, resource, version: VERSION, headers, ...(authority === undefined ? {} : { authority }) },
    needs,
  );
}

/** Reads what the collector is trusted by and told. Fails with `config-invalid`. */
export function tracingFiles(tracing: Pick<SideConfig['tracing'], 'headersFile' | 'caFile'>): {
  readonly authority: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
} {
  return { authority: readNamed('tracing.caFile', tracing.caFile), headers: tracingHeaders(tracing) };
}

/** The header fields that the collector is told, read now. Fails with `config-invalid`. */
export function tracingHeaders({
  headersFile,
}: Pick<SideConfig['tracing'], 'headersFile'>): Record<string, string> {
  return headerFields(readNamed('tracing.headersFile', headersFile) ?? '');
}

/** What a writer's spans say: a partition of Kafka, and PostgreSQL. */
export function partitionTracing(
  tracer: Tracer,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  { writer, postgres }: Pick<SkerryConfig, 'writer' | 'postgres'>,
): PipelineTracing {
  const [, host = '', port = '5432', database = ''] =
    /^\w+:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:,/?]*)(?::(\d+))?[^/]*\/?([^?]*)/.exec(postgres.url) ?? [];
  return {
    tracer,
    record: {
      name: `process ${topic}`,
      kind: 'consumer',
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
        'messaging.consumer.group.name': writer.group,
      },
      offset: 'messaging.kafka.offset',
      mayBegin: true,
    },
    store: {
      'db.system.name': 'postgresql',
      'db.namespace': `${database}|${postgres.schema}`,
      'db.operation.name': 'COPY',
      'db.collection.name': 'points',
      'server.address': host,
      'server.port': Number(port),
    },
  };
}

/** What the spans of an embedded pipeline say: the own journal, and SQLite. */
export function embeddedTracing(tracer: Tracer): PipelineTracing {
  return {
    tracer,
    record: {
      name: 'process',
      kind: 'internal',
      attributes: {},
      offset: 'skerry.journal.offset',
      mayBegin: false, // the broker has decided about it
    },
    store: {
      'db.system.name': 'sqlite',
      'db.operation.name': 'INSERT',
      'db.collection.name': 'chunks',
    },
  };
}

function resourceOf(role: string, { serviceName, attributes }: SideConfig['tracing']): SpanAttributes {
  const own = attributes.map((one) => {
    const at = one.indexOf('=');
    return [one.slice(0, at).trim(), decoded(one.slice(at + 1))];
  });
  return {
    'service.instance.id': `${hostname()}/${process.pid}`,
    'host.name': hostname(),
    'process.pid': process.pid,
    ...Object.fromEntries(own),
    'service.name': serviceName === '' ? `skerry-${role}` : serviceName,
    'service.version': VERSION,
    'telemetry.sdk.name': 'skerry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': VERSION,
  };
}

/** Values of OTEL_RESOURCE_ATTRIBUTES are percent-encoded; what is not stays as it is. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function headerFields(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [i, line] of text.split('\n').entries()) {
    const plain = line.trim();
    if (plain === '' || plain.startsWith('#')) continue;
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*[:=]\s*([\x20-\x7e]*)$/.exec(plain) ?? [];
    if (name === undefined || value === undefined)
      throw new CliError(
        'config-invalid',
        `tracing.headersFile: found line ${i + 1} that is no header field, wanted NAME: VALUE.`,
      );
    fields[name.toLowerCase()] = value;
  }
  return fields;
}
