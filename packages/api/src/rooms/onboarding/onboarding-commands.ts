/** Ways in which a device can send. */
export const ONBOARDING_WAYS = ['mqtt', 'http', 'file'] as const;

/** One of the ways. */
export type OnboardingWay = (typeof ONBOARDING_WAYS)[number];

/** Tools for which there are ready commands. */
export const ONBOARDING_TOOLS = ['mosquitto_pub', 'mqtt.js', 'python', 'c', 'curl', 'skerry'] as const;

/** One of the tools. */
export type OnboardingTool = (typeof ONBOARDING_TOOLS)[number];

/** Where a device sends to, and as whom. */
export interface OnboardingTarget {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  /** Topic that ends as telemetry of the device. */
  readonly topic: string;
  readonly mqtt: { readonly host: string; readonly port: number; readonly isEncrypted: boolean };
  /** Without a slash at the end. */
  readonly httpUrl: string;
  /** Token of the device; undefined where none is needed, as on this machine. */
  readonly token: string | undefined;
}

/** A command or program that sends one message, ready to be copied. */
export interface OnboardingCommand {
  readonly way: OnboardingWay;
  readonly tool: OnboardingTool;
  /** What has to be there first, as a shell command; empty when nothing. */
  readonly install: string;
  /** The program; undefined when the command says all. */
  readonly source: { readonly fileName: string; readonly text: string } | undefined;
  /** Shell commands that send the message. */
  readonly run: string;
}

/** Name that goes with a token, whose user name means nothing. */
const USER = 'device';
const PAYLOAD = '{"temperature": 21.5}';

/** Ready commands of one way, with every value of the target in its place, quoted for its language. */
export function onboardingCommands(way: OnboardingWay, target: OnboardingTarget): OnboardingCommand[] {
  switch (way) {
    case 'mqtt':
      return [mosquittoPub(target), mqttJs(target), python(target), cProgram(target)];
    case 'http':
      return [curl(target)];
    case 'file':
      return [recording(target)];
  }
}

function mosquittoPub({ mqtt, device, topic, token }: OnboardingTarget): OnboardingCommand {
  const words = [
    `mosquitto_pub -h ${shell(mqtt.host)} -p ${mqtt.port} -q 1 -i ${shell(device)}`,
    ...(mqtt.isEncrypted ? ['--tls-use-os-certs'] : []),
    ...(token === undefined ? [] : [`-u ${USER} -P ${shell(token)}`]),
    `-t ${shell(topic)} -m ${shell(PAYLOAD)}`,
  ];
  const install = 'apt install mosquitto-clients';
  return { way: 'mqtt', tool: 'mosquitto_pub', install, source: undefined, run: words.join(' ') };
}

function mqttJs({ mqtt, device, topic, token }: OnboardingTarget): OnboardingCommand {
  const credentials = token === undefined ? '' : `, username: '${USER}', password: ${script(token)}`;
  const text = `import { connectAsync } from 'mqtt';

const client = await connectAsync(${script(brokerUrl(mqtt))}, { clientId: ${script(device)}, protocolVersion: 5${credentials} });
await client.publishAsync(${script(topic)}, JSON.stringify({ temperature: 21.5 }), { qos: 1 });
await client.endAsync();
`;
  const source = { fileName: 'send.mjs', text };
  return { way: 'mqtt', tool: 'mqtt.js', install: 'npm install mqtt', source, run: 'node send.mjs' };
}

function python({ mqtt, device, topic, token }: OnboardingTarget): OnboardingCommand {
  const more = [
    ...(token === undefined ? [] : [`    auth={"username": "${USER}", "password": ${script(token)}},`]),
    ...(mqtt.isEncrypted ? ['    tls={},'] : []),
  ];
  const text = `import json
import paho.mqtt.publish as publish

publish.single(
    ${script(topic)},
    json.dumps({"temperature": 21.5}),
    qos=1,
    hostname=${script(mqtt.host)},
    port=${mqtt.port},
    client_id=${script(device)},
${more.map((line) => `${line}\n`).join('')})
`;
  const source = { fileName: 'send.py', text };
  return { way: 'mqtt', tool: 'python', install: 'pip install paho-mqtt', source, run: 'python3 send.py' };
}

function cProgram({ mqtt, device, topic, token }: OnboardingTarget): OnboardingCommand {
  const credentials =
    token === undefined ? '' : `    mosquitto_username_pw_set(client, "${USER}", ${literal(token)});\n`;
  const tls = mqtt.isEncrypted
    ? '    mosquitto_tls_set(client, NULL, "/etc/ssl/certs", NULL, NULL, NULL);\n'
    : '';
  const text = `#include <mosquitto.h>
#include <stdio.h>
#include <string.h>

static void on_connect(struct mosquitto *client, void *unused, int reason) {
    const char *payload = ${literal(PAYLOAD)};
    if (reason == 0)
        mosquitto_publish(client, NULL, ${literal(topic)}, (int)strlen(payload), payload, 1, false);
    else {
        fprintf(stderr, "refused: %s\\n", mosquitto_connack_string(reason));
        mosquitto_disconnect(client);
    }
}

static void on_publish(struct mosquitto *client, void *unused, int id) {
    puts("acknowledged");
    mosquitto_disconnect(client);
}

int main(void) {
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(${literal(device)}, true, NULL);
${credentials}${tls}    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    int result = mosquitto_connect(client, ${literal(mqtt.host)}, ${mqtt.port}, 30);
    if (result == MOSQ_ERR_SUCCESS)
        result = mosquitto_loop_forever(client, -1, 1);
    if (result != MOSQ_ERR_SUCCESS)
        fprintf(stderr, "failed: %s\\n", mosquitto_strerror(result));
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    return result;
}
`;
  const source = { fileName: 'send.c', text };
  const run = 'cc -o send send.c -lmosquitto && ./send';
  return { way: 'mqtt', tool: 'c', install: 'apt install gcc libmosquitto-dev', source, run };
}

function curl({ httpUrl, tenant, project, device, token }: OnboardingTarget): OnboardingCommand {
  const path = [tenant, project, device].map(encodeURIComponent).join('/');
  const words = [
    `curl -sS -X POST ${shell(`${httpUrl}/api/v1/telemetry/${path}`)}`,
    ...(token === undefined ? [] : [`-H ${shell(`authorization: Bearer ${token}`)}`]),
    `-H 'content-type: application/json' --data ${shell(PAYLOAD)}`,
  ];
  return { way: 'http', tool: 'curl', install: '', source: undefined, run: words.join(' \\\n  ') };
}

/** A recording goes through the command line of the same machine, which has its own token. */
function recording({ tenant, project, device }: OnboardingTarget): OnboardingCommand {
  const rows = Array.from({ length: 3 }, (_, at) => `2026-05-01T12:0${at}:00Z,${20 + at},${1_013 - at}`);
  const source = { fileName: 'recording.csv', text: `timestamp,temperature,pressure\n${rows.join('\n')}\n` };
  const run = `npx skerry replay recording.csv --tenant ${shell(tenant)} --project ${shell(project)} --device ${shell(device)} --speed max`;
  return { way: 'file', tool: 'skerry', install: '', source, run };
}

function brokerUrl({ host, port, isEncrypted }: OnboardingTarget['mqtt']): string {
  return `${isEncrypted ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A word of a POSIX shell. */
function shell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A string of JavaScript and of Python: both read what JSON writes. */
function script(text: string): string {
  return JSON.stringify(text);
}

/** A string of C, in UTF-8; the digits of octal escapes are three, so that what follows is not taken for one. */
function literal(text: string): string {
  const escaped = [...new TextEncoder().encode(text)].map((byte) => {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\' || char === '?') return `\\${char}`;
    return byte >= 0x20 && byte < 0x7f ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('')}"`;
}
