import { type DeviceWay, firstWay, type Reach } from './device-ways.ts';

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
  /** The ways in, the best first. */
  readonly ways: readonly DeviceWay[];
  /** Token of the device; undefined where none was made. */
  readonly token: string | undefined;
  /** How the command line of the server's machine is called there, `npx skerry`. */
  readonly program: string;
  /** Its data folder; undefined for those who may not know it. */
  readonly dataDir: string | undefined;
  readonly nowMicros: number;
}

/** A command or program that sends one message, ready to be copied. */
export interface OnboardingCommand {
  readonly way: OnboardingWay;
  readonly tool: OnboardingTool;
  /** From where it reaches the server. */
  readonly reach: Reach;
  /** What has to be there first, as a shell command; empty when nothing. */
  readonly install: string;
  /** The program; undefined when the command says all. */
  readonly source: { readonly fileName: string; readonly text: string } | undefined;
  /** Shell commands that send the message. */
  readonly run: string;
}

/** Name of the file in which clients find the certificate that they are to trust. */
export const CA_FILE = 'skerry-ca.pem';

/** Name that goes with a token, whose user name means nothing. */
const USER = 'device';
const PAYLOAD = '{"temperature": 21.5}';

/** A target as seen by one way in. */
type Aim = OnboardingTarget & { readonly at: DeviceWay };

/**
 * Ready commands of one way of sending for every reach that has it, with every value of the target in its place, quoted
 * for its language.
 */
export function onboardingCommands(way: OnboardingWay, target: OnboardingTarget): OnboardingCommand[] {
  if (way === 'file') return [recording(target)];
  const reaches = [...new Set(target.ways.map(({ reach }) => reach))];
  return reaches.flatMap((reach) => {
    const at = firstWay(target.ways, way, reach);
    if (!at) return [];
    const aim = { ...target, at };
    const commands =
      way === 'http' ? [curl(aim)] : [mosquittoPub, mqttJs, python, cProgram].map((of) => of(aim));
    return commands.map((command) => ({ ...command, reach }));
  });
}

type Command = Omit<OnboardingCommand, 'reach'>;

/** Words of mosquitto_pub that say where to and what to trust. */
export function mosquittoPlace({ host, port, trust }: DeviceWay): string {
  const trusted = { nothing: '', system: ' --tls-use-os-certs', file: ` --cafile ${CA_FILE}` }[trust];
  return `mosquitto_pub -h ${shell(host)} -p ${port}${trusted}`;
}

function mosquittoPub({ at, device, topic, token }: Aim): Command {
  const words = [
    `${mosquittoPlace(at)} -q 1 -i ${shell(device)}`,
    ...(token === undefined ? [] : [`-u ${USER} -P ${shell(token)}`]),
    `-t ${shell(topic)} -m ${shell(PAYLOAD)}`,
  ];
  const install = 'apt install mosquitto-clients';
  return { way: 'mqtt', tool: 'mosquitto_pub', install, source: undefined, run: words.join(' ') };
}

function mqttJs({ at, device, topic, token }: Aim): Command {
  const credentials = token === undefined ? '' : `, username: '${USER}', password: ${script(token)}`;
  const trusted = at.trust === 'file' ? `, ca: readFileSync('${CA_FILE}')` : '';
  const text = `${at.trust === 'file' ? "import { readFileSync } from 'node:fs';\n" : ''}import { connectAsync } from 'mqtt';

const client = await connectAsync(${script(at.url)}, { clientId: ${script(device)}, protocolVersion: 5${credentials}${trusted} }, false);
await client.publishAsync(${script(topic)}, JSON.stringify({ temperature: 21.5 }), { qos: 1 });
await client.endAsync();
`;
  const source = { fileName: 'send.mjs', text };
  return { way: 'mqtt', tool: 'mqtt.js', install: 'npm install mqtt', source, run: 'node send.mjs' };
}

/** For paho-mqtt 1.6 as the distributions have it, and 2. */
function python({ at, device, topic, token }: Aim): Command {
  const tls = { nothing: '', system: '    tls={},', file: `    tls={"ca_certs": "${CA_FILE}"},` }[at.trust];
  const more = [
    ...(token === undefined ? [] : [`    auth={"username": "${USER}", "password": ${script(token)}},`]),
    ...(tls === '' ? [] : [tls]),
  ];
  const text = `import json
import paho.mqtt.publish as publish

publish.single(
    ${script(topic)},
    json.dumps({"temperature": 21.5}),
    qos=1,
    hostname=${script(at.host)},
    port=${at.port},
    client_id=${script(device)},
${more.map((line) => `${line}\n`).join('')})
`;
  const source = { fileName: 'send.py', text };
  const install = 'apt install python3-paho-mqtt';
  return { way: 'mqtt', tool: 'python', install, source, run: 'python3 send.py' };
}

function cProgram({ at, device, topic, token }: Aim): Command {
  const credentials =
    token === undefined ? '' : `    mosquitto_username_pw_set(client, "${USER}", ${literal(token)});\n`;
  const trusted = at.trust === 'file' ? `"${CA_FILE}", NULL` : 'NULL, "/etc/ssl/certs"';
  const tls = at.isEncrypted ? `    mosquitto_tls_set(client, ${trusted}, NULL, NULL, NULL);\n` : '';
  const text = `#include <mosquitto.h>
#include <stdbool.h>
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

static bool is_open = true;

static void on_disconnect(struct mosquitto *client, void *unused, int reason) {
    is_open = false;
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
    mosquitto_disconnect_callback_set(client, on_disconnect);
    int result = mosquitto_connect(client, ${literal(at.host)}, ${at.port}, 30);
    while (is_open && result == MOSQ_ERR_SUCCESS)
        result = mosquitto_loop(client, -1, 1);
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

function curl({ at, tenant, project, device, token }: Aim): Command {
  const path = [tenant, project, device].map(encodeURIComponent).join('/');
  const trusted = at.trust === 'file' ? ` --cacert ${CA_FILE}` : '';
  const words = [
    `curl -sS -X POST${trusted} ${shell(`${at.url}/api/v1/telemetry/${path}`)}`,
    ...(token === undefined ? [] : [`-H ${shell(`authorization: Bearer ${token}`)}`]),
    `-H 'content-type: application/json' --data ${shell(PAYLOAD)}`,
  ];
  return { way: 'http', tool: 'curl', install: '', source: undefined, run: words.join(' \\\n  ') };
}

const RECORDED_ROWS = 3;

/** A recording goes through the command line of the server's machine, which has its own token. Its rows are of the last minutes. */
function recording({
  tenant,
  project,
  device,
  program,
  dataDir,
  nowMicros,
}: OnboardingTarget): OnboardingCommand {
  const minute = Math.floor(nowMicros / 60e6) - RECORDED_ROWS + 1;
  const rows = Array.from({ length: RECORDED_ROWS }, (_, at) => {
    const time = new Date((minute + at) * 60_000).toISOString().replace('.000Z', 'Z');
    return `${time},${20 + at},${1_013 - at}`;
  });
  const source = { fileName: 'recording.csv', text: `timestamp,temperature,pressure\n${rows.join('\n')}\n` };
  const where = dataDir === undefined ? '' : ` --data-dir ${shell(dataDir)}`;
  const run = `${program} replay recording.csv --tenant ${shell(tenant)} --project ${shell(project)} --device ${shell(device)} --speed max${where}`;
  return { way: 'file', tool: 'skerry', reach: 'machine', install: '', source, run };
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
