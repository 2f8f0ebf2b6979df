import type { Connectivity, Device, DeviceDetail, SessionEvent } from '@skerry/client';
import { CliError } from '../errors.ts';
import { ageInWords } from '../output/age.ts';
import { type Column, outputFormat, printRows, table, write } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { everyItem, givenTexts } from './narrowing.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

/** `skerry devices`: the list, or one device with its newest values. */
export const devicesVerb: Verb = {
  path: ['devices'],
  summary: 'Devices as they were seen, or one of them with its newest values and its connections.',
  positionals: [{ name: 'DEVICE', what: 'One device, as TENANT/PROJECT/DEVICE.', isRequired: false }],
  flags: [
    { name: 'search', type: 'text', what: 'Only devices whose id contains this, without regard to case.' },
    { name: 'tenant', type: 'text', what: 'Only this tenant.' },
    { name: 'project', type: 'text', what: 'Only this project.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry devices',
    'skerry devices --search turbine -o wide',
    'skerry devices demo/wind/turbine-01',
  ],
  run: (context) =>
    context.positionals[0] === undefined ? listDevices(context) : showDevice(context, context.positionals[0]),
};

async function listDevices(context: VerbContext): Promise<number> {
  const client = openClient(context);
  const narrow = givenTexts(context, ['search', 'tenant', 'project']);
  let now = '';
  const rows = await everyItem<Device>(async (page) => {
    const answer = await client.listDevices({ ...narrow, ...page }, { signal: context.signal });
    now = answer.time;
    return answer;
  });
  await printRows(context, outputFormat(context.flags.output), rows, deviceColumns(now));
  if (rows.length === 0) context.stderr.write('No device has been seen yet that fits.\n');
  return 0;
}

function deviceColumns(now: string): Column<Device>[] {
  return [
    { title: 'TENANT', cell: (row) => row.tenant },
    { title: 'PROJECT', cell: (row) => row.project },
    { title: 'DEVICE', cell: (row) => row.device },
    { title: 'METRICS', align: 'right', cell: (row) => String(row.metrics) },
    { title: 'LAST SEEN', cell: (row) => ageInWords(microsOf(row.lastSeen), microsOf(now)) },
    { title: 'LAST SEEN AT', isWide: true, cell: (row) => row.lastSeen },
  ];
}

async function showDevice(context: VerbContext, name: string): Promise<number> {
  const key = deviceKeyOf(name);
  const client = openClient(context);
  const { signal } = context;
  const detail = await client.getDevice(key, { signal });
  const { items } = await client.getLatest(key, { signal });
  const { time: _, ...connectivity } = await client.getConnectivity(key, { signal });
  const { time, ...device } = detail;
  const whole = { ...device, latest: items, connectivity };
  const format = outputFormat(context.flags.output);
  if (format === 'json' || format === 'yaml' || format === 'ndjson') {
    await printRows(context, format, [whole], [], whole);
    return 0;
  }
  const connection: Fact = ['connection', connectionInWords(connectivity, time)];
  await write(context.stdout, table([...factsOf(detail, time), connection], FACT_COLUMNS));
  await write(context.stdout, '\n');
  await printRows(context, format, items, [
    { title: 'METRIC', cell: (row) => row.metric },
    { title: 'VALUE', align: 'right', cell: (row) => String(row.value) },
    { title: 'TYPE', cell: (row) => typeOf(detail, row.metric) },
    { title: 'AGE', cell: (row) => ageInWords(microsOf(row.time), microsOf(time)) },
    { title: 'TIME', isWide: true, cell: (row) => row.time },
  ]);
  const events = connectivity.events.slice(-EVENTS_SHOWN).toReversed();
  if (events.length === 0) return 0;
  await write(context.stdout, '\n');
  await printRows(context, format, events, [
    { title: 'CONNECTION', cell: (row) => row.kind },
    { title: 'WHY', cell: (row) => row.reason },
    { title: 'AGE', cell: (row) => ageInWords(microsOf(row.time), microsOf(time)) },
    { title: 'CLIENT', cell: (row) => row.client },
    { title: 'USER', cell: (row) => row.user },
    { title: 'FROM', cell: (row) => row.remote },
    { title: 'OVER', cell: overInWords },
    { title: 'TIME', isWide: true, cell: (row) => row.time },
  ]);
  return 0;
}

/** Connections and ends of connections under the values of a device; all of the last day with `-o json`. */
const EVENTS_SHOWN = 10;

function connectionInWords({ now }: Pick<Connectivity, 'now'>, time: string): string {
  const { state, since, event } = now;
  if (!event || since === null) return 'nobody is known to have spoken for it over MQTT';
  const age = ageInWords(microsOf(since), microsOf(time));
  const who = `client ${event.client} of ${event.user} from ${event.remote}`;
  return state === 'connected'
    ? `connected, since ${age}: ${who}`
    : `disconnected, ${age}, by ${event.reason}: ${who}`;
}

function overInWords({ listener, protocol, isEncrypted }: SessionEvent): string {
  const isNamed = listener === 'mqtts' || listener === 'wss';
  const tls = isEncrypted && !isNamed ? ' with TLS' : '';
  return `${listener === '' ? 'mqtt' : listener} ${protocol}${tls}`;
}

type Fact = readonly [name: string, value: string];

const FACT_COLUMNS: readonly Column<Fact>[] = [
  { title: 'DEVICE', cell: (fact) => fact[0] },
  { title: '', cell: (fact) => fact[1] },
];

function factsOf(detail: DeviceDetail, now: string): Fact[] {
  return [
    ['id', `${detail.tenant}/${detail.project}/${detail.device}`],
    ['last seen', `${ageInWords(microsOf(detail.lastSeen), microsOf(now))} (${detail.lastSeen})`],
    [
      'records',
      Object.entries(detail.accounts)
        .flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []))
        .join(', '),
    ],
    ['corrected times', String(detail.timeCorrected)],
    ['restarts of its numbering', String(detail.seqResets)],
    ['gaps', String(detail.gaps)],
  ];
}

function typeOf(detail: DeviceDetail, metric: string): string {
  return detail.metricList.find((one) => one.metric === metric)?.type ?? '';
}

/** The device that `TENANT/PROJECT/DEVICE` names; what follows the second slash is the device's id, slashes included. */
export function deviceKeyOf(name: string): { tenant: string; project: string; device: string } {
  const [, tenant, project, device] = /^([^/]+)\/([^/]+)\/(.+)$/s.exec(name) ?? [];
  if (tenant === undefined || project === undefined || device === undefined) {
    throw new CliError(
      'usage',
      `Found ${JSON.stringify(name)}, wanted TENANT/PROJECT/DEVICE. skerry devices has those that were seen.`,
    );
  }
  return { tenant, project, device };
}

/** Microseconds since 1970 of a time of the API (ISO 8601 with six digits). */
export function microsOf(time: string): number {
  return Date.parse(`${time.slice(0, 19)}Z`) * 1_000 + Number(time.slice(20, 26));
}
