import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { ApiProblem, createClient } from '@skerry/client';
import type { SiteRole } from '@skerry/series/postgres';
import { insecureListeners } from '../config/listener-rules.ts';
import { loadConfig } from '../config/load.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { bytesInWords } from '../output/age.ts';
import { outputFormat, printRows } from '../output/rows.ts';
import { isNoRoom, prepareFolder, type RunFile, readRunFile } from '../processes/data-folder.ts';
import { looseRights } from '../processes/folder-rights.ts';
import { readCrashes } from '../processes/supervisor.ts';
import { certificateNameFaults } from '../processes/tls-files.ts';
import { VERSION } from '../version.ts';
import { retentionFindings } from './doctor-retention.ts';
import { configFlags, configSources, urlOf } from './instance.ts';
import { type Flag, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'fault';
  /** What was found, with figures. */
  readonly found: string;
  /** What to do; empty when nothing is to be done. */
  readonly advice: string;
}

const TONES = { ok: 'good', warning: 'warning', fault: 'bad' } as const;
/** Of memory, on every machine that is supported. */
const PAGE_BYTES = 4_096;
const BLOCKS_ADVICE = `Where blocks are smaller than a page of memory, a full disk may end the server (SIGBUS, by what SQLite maps); it is started again and nothing is lost. A file system with blocks of ${PAGE_BYTES} bytes does not.`;
const FREE_BYTES_MIN = 1_073_741_824; // below this a warning becomes a fault: ballast, a seal, room to repair
const SYNC_P99_MS_MAX = 50; // a warning only: devices feel acknowledgements this slow
const SYNC_ROUNDS = 50;
const ROOM_ADVICE =
  'Free room on this disk; what is stored can be read meanwhile, and messages are taken in again by themselves.';

/**
 * Looks at what a start needs: versions, data folder, disk, fsync, clock, earlier crashes; and at the ports, or at the
 * instance that has them; and at the engines that the configuration names.
 */
export async function examine(config: SkerryConfig, role?: SiteRole): Promise<Finding[]> {
  const folder = folderFindings(config);
  const isUsable = folder.every((one) => one.check !== 'data folder' || one.verdict === 'ok');
  const { finding, run } = isUsable ? instanceOf(config.dataDir) : NO_INSTANCE;
  return [
    versionFinding(),
    memoryFinding(),
    ...folder,
    clockFinding(),
    listenerFinding(config),
    ...retentionFindings(config),
    ...(isUsable ? [crashFinding(config.dataDir)] : []),
    finding,
    ...(run
      ? [await readyFinding(urlOf(run))]
      : [await portFinding('http', config.http), await portFinding('mqtt', config.mqtt)]),
    ...(await engineFindingsOf(config, role)),
  ];
}

/** Loaded only where there is something to ask: clients of engines are large. */
async function engineFindingsOf(config: SkerryConfig, role: SiteRole | undefined): Promise<Finding[]> {
  const { kafka, postgres, redis, sources, sinks, tracing } = config;
  const isAlone = kafka.brokers.length + sources.length + sinks.length === 0;
  if (isAlone && [postgres.url, redis.url, tracing.otlpUrl].every((url) => url === '')) return [];
  const { engineFindings } = await import('./doctor-engines.ts');
  return await engineFindings(config, role);
}

/** Processes of a site, each with a user of its own in PostgreSQL where that is wished. */
const SITE_ROLES = ['writer', 'gateway', 'cloud'] as const;

const ROLE_FLAG: Flag = {
  name: 'role',
  type: 'text',
  value: 'ROLE',
  choices: SITE_ROLES,
  what: 'Looks whether the user in PostgreSQL is enough for this role; for each of them when absent.',
};

/** `skerry doctor`: exit code 1 when there is a fault. */
export const doctorVerb: Verb = {
  path: ['doctor'],
  summary: 'Looks for what would keep an instance from working well, and says what to do.',
  positionals: [],
  flags: [ROLE_FLAG, OUTPUT_FLAG, ...configFlags()],
  examples: ['skerry doctor', 'skerry doctor -o json', 'skerry doctor --role gateway --config site.yaml'],
  async run(context: VerbContext) {
    const { config } = loadConfig(configSources(context));
    const role = SITE_ROLES.find((one) => one === context.flags.role);
    const findings = await examine(config, role);
    await printRows(context, outputFormat(context.flags.output), findings, [
      { title: 'CHECK', cell: (one) => one.check },
      { title: 'VERDICT', cell: (one) => one.verdict, tone: (one) => TONES[one.verdict] },
      { title: 'FOUND', cell: (one) => one.found },
      { title: 'WHAT TO DO', cell: (one) => one.advice },
    ]);
    return findings.some((one) => one.verdict === 'fault') ? 1 : 0;
  },
};

function versionFinding(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  const found = `skerry ${VERSION}, Node ${process.versions.node}, SQLite ${process.versions.sqlite ?? 'unknown'}, ${process.platform} ${process.arch}`;
  return major >= 26
    ? { check: 'versions', verdict: 'ok', found, advice: '' }
    : {
        check: 'versions',
        verdict: 'fault',
        found,
        advice: 'Start through npm start or npx skerry, which bring Node 26.',
      };
}

function memoryFinding(): Finding {
  const found = `${availableParallelism()} cores, ${bytesInWords(totalmem())} of memory`;
  return totalmem() >= 512 * 1_048_576
    ? { check: 'machine', verdict: 'ok', found, advice: '' }
    : {
        check: 'machine',
        verdict: 'warning',
        found,
        advice: 'Less than 512 MiB: lower pipeline.sealPoints.',
      };
}

interface Instance {
  readonly finding: Finding;
  readonly run: RunFile | undefined;
}

const NO_INSTANCE: Instance = {
  finding: { check: 'instance', verdict: 'ok', found: 'none runs on this data folder', advice: '' },
  run: undefined,
};

function instanceOf(dataDir: string): Instance {
  let run: RunFile | undefined;
  const finding = guarded('instance', 'Make run.json readable for this user, or remove it.', () => {
    run = readRunFile(dataDir);
    if (!run) return NO_INSTANCE.finding;
    const found = `process ${run.pid} serves this data folder on ${urlOf(run)}/`;
    return { check: 'instance', verdict: 'ok', found, advice: '' };
  });
  return { finding, run };
}

/** A look that fails is a finding too. */
function guarded(check: string, advice: string, look: () => Finding): Finding {
  try {
    return look();
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    const isFull = isNoRoom(cause) || (cause instanceof Error && isNoRoom(cause.cause));
    return { check, verdict: 'fault', found, advice: isFull ? ROOM_ADVICE : advice };
  }
}

function folderFindings({ dataDir, journal }: SkerryConfig): Finding[] {
  let hasRoom = true;
  const folder = guarded(
    'data folder',
    'Give a folder this user may write with --data-dir or SKERRY_DATA_DIR.',
    () => {
      hasRoom = prepareFolder(dataDir).hasRoom;
      const found = `${dataDir} ${hasRoom ? 'can be written' : 'may be written, where there is room'}`;
      return { check: 'data folder', verdict: 'ok', found, advice: '' };
    },
  );
  if (folder.verdict !== 'ok') return [folder];
  const diskAdvice = 'Look at the kernel log: the file system does not tell its size.';
  return [
    folder,
    guarded('rights', 'Look who owns the folder and what is in it.', () => rightsFinding(dataDir)),
    guarded('disk', diskAdvice, () =>
      spaceFinding(dataDir, hasRoom, journal.engine === 'kafka' ? 0 : journal.bytesMax),
    ),
    guarded('fsync', 'Look at the kernel log and at the disk: it does not take writes.', () =>
      syncFinding(dataDir),
    ),
  ];
}

function rightsFinding(dataDir: string): Finding {
  const check = 'rights';
  const loose = looseRights(dataDir);
  const worst = loose.find((one) => one.isForeign) ?? loose[0];
  if (!worst)
    return {
      check,
      verdict: 'ok',
      found: 'no other user may reach the data folder or its token',
      advice: '',
    };
  const more = loose.length > 1 ? ` and ${loose.length - 1} more` : '';
  const found = `${worst.path}: ${worst.found}${more}`;
  return worst.isForeign
    ? {
        check,
        verdict: 'fault',
        found,
        advice: 'Give a folder of your own with --data-dir or SKERRY_DATA_DIR.',
      }
    : { check, verdict: 'warning', found, advice: 'The next skerry up closes it to others.' };
}

function spaceFinding(dataDir: string, hasRoom: boolean, wanted: number): Finding {
  const disk = statfsSync(dataDir);
  const freeBytes = disk.bavail * disk.bsize;
  const found = `${bytesInWords(freeBytes)} free of ${bytesInWords(disk.blocks * disk.bsize)} at ${dataDir}`;
  if (!hasRoom)
    return {
      check: 'disk',
      verdict: 'fault',
      found: `full: ${found}, not one byte more`,
      advice: ROOM_ADVICE,
    };
  const isTight = freeBytes < Math.max(wanted, FREE_BYTES_MIN);
  const hasSmallBlocks = disk.bsize < PAGE_BYTES;
  const room = `The journal alone may take ${bytesInWords(wanted)}: free room, or lower journal.bytesMax.`;
  const advice = [...(isTight ? [room] : []), ...(hasSmallBlocks ? [BLOCKS_ADVICE] : [])];
  return {
    check: 'disk',
    verdict: freeBytes < FREE_BYTES_MIN ? 'fault' : advice.length > 0 ? 'warning' : 'ok',
    found: `${found}${hasSmallBlocks ? `, in blocks of ${disk.bsize} bytes` : ''}`,
    advice: advice.join(' '),
  };
}

function syncFinding(folder: string): Finding {
  const path = join(folder, '.sync-probe');
  const times: number[] = [];
  try {
    const file = openSync(path, 'w');
    try {
      const block = Buffer.alloc(20_000, 1);
      for (let round = 0; round < SYNC_ROUNDS; round++) {
        const started = performance.now();
        const count = writeSync(file, block, 0, block.length, round * block.length);
        if (count < block.length) return noRoomToSync(`the disk took ${count} of ${block.length} bytes`);
        fdatasyncSync(file);
        times.push(performance.now() - started);
      }
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if (isNoRoom(cause)) return noRoomToSync(cause instanceof Error ? cause.message : String(cause));
    throw cause;
  } finally {
    rmSync(path, { force: true });
  }
  times.sort((a, b) => a - b);
  const p50 = Number(times[Math.floor(times.length / 2)]);
  const p99 = Number(times[times.length - 1]);
  return {
    check: 'fsync',
    verdict: p99 > SYNC_P99_MS_MAX ? 'warning' : 'ok',
    found: `20 kB written and synced in ${p50.toFixed(2)} ms (median), ${p99.toFixed(2)} ms (slowest of ${SYNC_ROUNDS})`,
    advice:
      p99 > SYNC_P99_MS_MAX
        ? 'Acknowledgements wait for the disk: use a faster one, or fewer neighbours on it.'
        : '',
  };
}

function noRoomToSync(why: string): Finding {
  return { check: 'fsync', verdict: 'fault', found: `cannot be measured: ${why}`, advice: ROOM_ADVICE };
}

function clockFinding(): Finding {
  const year = new Date().getUTCFullYear();
  return year >= 2024 && year < 2100
    ? { check: 'clock', verdict: 'ok', found: new Date().toISOString(), advice: '' }
    : {
        check: 'clock',
        verdict: 'fault',
        found: new Date().toISOString(),
        advice: 'Set the clock: receive times and retention follow it.',
      };
}

/** A certificate that cannot be read is what another check tells of. */
function guardedNameFaults(config: SkerryConfig): string[] {
  try {
    return certificateNameFaults(config);
  } catch (fault) {
    if (fault instanceof CliError) return [fault.message];
    throw fault;
  }
}

function listenerFinding(config: SkerryConfig): Finding {
  const check = 'listeners';
  const open = insecureListeners(config);
  const misnamed = guardedNameFaults(config);
  if (misnamed.length > 0) {
    return {
      check,
      verdict: 'warning',
      found: misnamed.join(' '),
      advice: 'Make the certificate anew with every name and address that clients use in its subjectAltName.',
    };
  }
  if (open.length === 0) {
    const found = 'what listens beyond this machine is encrypted';
    return { check, verdict: 'ok', found, advice: '' };
  }
  return {
    check,
    verdict: 'warning',
    found: open.map(({ warning, host }) => `${warning} (${host})`).join(' '),
    advice: 'Give http.tls and mqtt.tls a certificate and take access.insecureListeners away.',
  };
}

function crashFinding(dataDir: string): Finding {
  const path = join(dataDir, 'crashes.jsonl');
  return guarded('crashes', `Make ${path} readable for this user, or move it away.`, () => {
    const crashes = readCrashes(dataDir);
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    const tornCount = lines.filter((line) => line !== '').length - crashes.length;
    const torn = tornCount > 0 ? `; ${tornCount} torn by a full disk or a power cut` : '';
    const last = crashes.at(-1);
    if (!last) {
      const found = `none recorded${torn}`;
      return torn === ''
        ? { check: 'crashes', verdict: 'ok', found, advice: '' }
        : { check: 'crashes', verdict: 'warning', found, advice: 'Look at the log around the last start.' };
    }
    const why = last.signal ?? `exit code ${last.code}`;
    return {
      check: 'crashes',
      verdict: last.isSyncFailure ? 'fault' : 'warning',
      found: `${crashes.length} recorded, the last at ${last.at} (${why}) after ${last.upSecs} s${torn}`,
      advice: last.isSyncFailure
        ? 'The disk refused to make bytes durable: look at the kernel log, replace the disk.'
        : 'Look at the log around that time.',
    };
  });
}

async function readyFinding(url: string): Promise<Finding> {
  const check = 'ready';
  try {
    const { ready, reasons } = await createClient({ url }).getReadiness();
    if (ready) return { check, verdict: 'ok', found: 'messages are taken in and shown', advice: '' };
    const found = reasons.map(({ code, detail }) => `${code}: ${detail}`).join('; ');
    return {
      check,
      verdict: 'fault',
      found,
      advice: 'Messages are not taken in until this is mended; the log has more.',
    };
  } catch (cause) {
    if (!(cause instanceof ApiProblem)) throw cause;
    return {
      check,
      verdict: 'fault',
      found: cause.message,
      advice: 'Restart the instance; its log says why.',
    };
  }
}

async function portFinding(
  name: string,
  address: { readonly host: string; readonly port: number },
): Promise<Finding> {
  const server = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen({ host: address.host, port: address.port }, () => server.close(() => resolve(undefined)));
  });
  const where = `${address.host}:${address.port}`;
  return problem
    ? {
        check: `port ${name}`,
        verdict: 'fault',
        found: `${where}: ${problem.code ?? problem.message}`,
        advice: `End what uses it, or set --${name}-port to another (0 picks a free one).`,
      }
    : { check: `port ${name}`, verdict: 'ok', found: `${where} is free`, advice: '' };
}
