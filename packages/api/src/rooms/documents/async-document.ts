import { API_VERSION } from '../../document.ts';
import { LIMITS } from '../../limits.ts';
import type { Operation } from '../../operation.ts';
import type { PlatformConfiguration } from '../../platform.ts';
import { SCHEMAS } from '../../schemas.ts';
import { LIVE_OPERATIONS } from '../live/operations.ts';

/** What the document is written from: the open addresses and the topic templates of telemetry in force. */
export interface AsyncFacts {
  readonly listeners: PlatformConfiguration['listeners'];
  readonly templates: readonly string[];
}

type Members = Readonly<Record<string, unknown>>;

const VARIABLES: Readonly<Record<string, string>> = {
  tenantId: 'Tenant id: 1 to 128 characters.',
  projectId: 'Project id: 1 to 128 characters.',
  deviceId: 'Device id: 1 to 128 characters.',
  metricPrefix: 'Levels that stand before the names of metrics, joined by dots.',
};

/**
 * The AsyncAPI 3.0 document of what comes and goes as messages: telemetry over MQTT, by the templates in force, and the
 * event stream (SSE). A template with optional levels has a channel for each number of them. Deterministic.
 */
export function asyncApiDocument(facts: AsyncFacts): Members {
  const channels: Record<string, Members> = { stream: streamChannel() };
  const operations: Record<string, Members> = { openStream: streamOperation() };
  const addresses = facts.templates.flatMap(addressesOf);
  for (const [index, address] of addresses.entries()) {
    const name = `telemetry${index + 1}`;
    channels[name] = telemetryChannel(address);
    operations[`receive${name[0]?.toUpperCase()}${name.slice(1)}`] = telemetryOperation(name);
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Skerry',
      version: API_VERSION,
      description:
        'Messages of one Skerry node: telemetry that it takes in over MQTT, and the event stream over HTTP. A PUBLISH of QoS 1 or 2 is acknowledged when it is durable.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: serversOf(facts.listeners),
    channels,
    operations,
    components: {
      schemas: SCHEMAS,
      messages: { telemetry: telemetryMessage() },
      securitySchemes: {
        password: {
          type: 'userPassword',
          description: 'User and password, or an access token as the password.',
        },
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token.' },
      },
    },
  };
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  http: 'http',
  https: 'https',
  mqtt: 'mqtt',
  mqtts: 'mqtts',
  ws: 'ws',
  wss: 'wss',
};

function serversOf(listeners: AsyncFacts['listeners']): Members {
  const servers = listeners.map(({ name, host, port }) => {
    const scheme = name.toLowerCase().replace(/^mqtt-?ws/, 'ws');
    const protocol = PROTOCOLS[scheme] ?? 'mqtt';
    const isHttp = protocol.startsWith('http');
    return [
      name.replaceAll(/[^\w-]/g, '-'),
      {
        host: `${host.includes(':') ? `[${host}]` : host}:${port}`,
        protocol,
        ...(isHttp ? {} : { protocolVersion: '5.0', description: 'MQTT 5.0 and 3.1.1.' }),
        security: [{ $ref: `#/components/securitySchemes/${isHttp ? 'bearer' : 'password'}` }],
      },
    ];
  });
  return Object.fromEntries(servers);
}

/** The addresses a template stands for: its optional levels absent, the first there, the first two, … */
function addressesOf(template: string): string[] {
  const levels = template.split('/').map((level) => {
    const variable = /^\{(\w+)(\?)?(?:…|\.\.\.)?\}$/.exec(level);
    return { text: variable ? `{${variable[1]}}` : level, isOptional: /\?|…|\.\.\./.test(level) };
  });
  const needed = levels.filter((level) => !level.isOptional).length;
  const counts = Array.from({ length: levels.length - needed + 1 }, (_, more) => needed + more);
  return counts.map((count) =>
    levels
      .slice(0, count)
      .map(({ text }) => text)
      .join('/'),
  );
}

function telemetryChannel(address: string): Members {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]));
  return {
    address,
    description: 'Telemetry of one device, or of several that the payload names.',
    parameters: Object.fromEntries(names.map((name) => [name, { description: VARIABLES[name] ?? name }])),
    messages: { telemetry: { $ref: '#/components/messages/telemetry' } },
  };
}

function telemetryMessage(): Members {
  return {
    name: 'telemetry',
    title: 'Telemetry',
    summary:
      'Any JSON: an object of metrics, an array of such objects, or a bare value; SenML JSON with the content type application/senml+json.',
    contentType: 'application/json',
    payload: {
      description: `At most ${LIMITS.intakeRecordBytesMax.value} bytes. Members that name a device, a time or the message itself are no metrics.`,
    },
    examples: [{ name: 'object', payload: { temperature: 21.5, ts: 1_767_225_600_000 } }],
  };
}

function telemetryOperation(channel: string): Members {
  return {
    action: 'receive',
    summary: 'Takes telemetry in; what cannot be decoded is kept as a dead letter.',
    channel: { $ref: `#/channels/${channel}` },
    messages: [{ $ref: `#/channels/${channel}/messages/telemetry` }],
    bindings: { mqtt: { qos: 1, bindingVersion: '0.2.0' } },
  };
}

function streamChannel(): Members {
  const { path, summary, events }: Operation = LIVE_OPERATIONS.openStream;
  const messages = Object.entries(events ?? {}).map(([event, schema]) => [
    event,
    {
      name: event,
      title: `Event \`${event}\``,
      contentType: 'application/json',
      payload: { $ref: `#/components/schemas/${schema}` },
    },
  ]);
  return {
    address: path,
    description: `Server-sent events. ${summary}. A comment comes every ${LIMITS.heartbeatMs.value / 1_000} s; \`last-event-id\` goes on without gap or duplicate.`,
    messages: Object.fromEntries(messages),
    bindings: { http: {} },
  };
}

function streamOperation(): Members {
  const { events }: Operation = LIVE_OPERATIONS.openStream;
  return {
    action: 'send',
    summary: 'Sends events to whoever has subscribed.',
    channel: { $ref: '#/channels/stream' },
    messages: Object.keys(events ?? {}).map((event) => ({ $ref: `#/channels/stream/messages/${event}` })),
    bindings: { http: { method: 'GET', bindingVersion: '0.3.0' } },
  };
}
