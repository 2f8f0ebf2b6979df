import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineCertificates, makeEngineCertificates } from './certificates.ts';
import { Engine } from './engine.ts';
import { EngineFolder } from './engine-folder.ts';
import { EngineProcess } from './engine-process.ts';
import { accepts, onFreePorts } from './ports.ts';
import { program, runTool } from './programs.ts';

/** How a mosquitto is started. */
export interface MosquittoOptions {
  /** Further lines of its configuration, `max_inflight_messages 100` for instance. */
  readonly lines?: readonly string[];
  /** Connections have to be encrypted; `mutual`: with a certificate of the client too. */
  readonly tls?: boolean | 'mutual';
  /** Passwords by user name; everybody may come when absent. */
  readonly users?: Readonly<Record<string, string>>;
}

/** What keeps mosquitto from dropping what it has accepted, against its defaults. */
const KEEPING_LINES = [
  'max_queued_messages 0',
  'max_inflight_messages 1000',
  'persistence true',
  'autosave_interval 1',
  'autosave_on_changes true',
];

/**
 * Starts a mosquitto that keeps every message for subscribers that are away: its queues are not bounded, and it saves
 * at each change. Its store is no log: it writes the file whole and does not sync it. Lines that are given come last and
 * win. Fails with a plain error that holds the end of the log.
 */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Engine> {
  const command = program('mosquitto', 'mosquitto');
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(new EngineFolder('mosquitto'));
  const tls = options.tls ? await makeEngineCertificates(folder.path) : undefined;
  const secretLines = await passwordLines(folder.path, options.users);
  const { port, process } = await onFreePorts(1, async ([port = 0]) => {
    const configPath = join(folder.path, 'mosquitto.conf');
    const lines = [
      `listener ${port} 127.0.0.1`,
      ...tlsLines(tls, options.tls === 'mutual'),
      ...secretLines,
      ...userLines(),
      `persistence_location ${folder.path}/`,
      ...KEEPING_LINES,
      ...(options.lines ?? []),
    ];
    writeFileSync(configPath, `${lines.join('\n')}\n`);
    const process = await EngineProcess.start({
      name: 'mosquitto',
      command,
      words: ['-c', configPath],
      logPath: join(folder.path, 'mosquitto.log'),
      isReady: () => accepts(port),
    });
    return { port, process };
  });
  undo.move();
  return new Engine(process, { port, folder, tls });
}

async function passwordLines(folder: string, users: MosquittoOptions['users']): Promise<string[]> {
  if (!users) return ['allow_anonymous true'];
  const path = join(folder, 'passwords');
  writeFileSync(path, '', { mode: 0o600 });
  for (const [name, password] of Object.entries(users)) {
    await runTool(program('mosquitto_passwd', 'mosquitto'), ['-b', path, name, password]);
  }
  return ['allow_anonymous false', `password_file ${path}`];
}

function tlsLines(tls: EngineCertificates | undefined, isMutual: boolean): string[] {
  if (!tls) return [];
  const lines = [`certfile ${tls.serverCert}`, `keyfile ${tls.serverKey}`];
  return isMutual ? [...lines, `cafile ${tls.authority}`, 'require_certificate true'] : lines;
}

/** Started as root it would become a user that may not write to its folder. */
function userLines(): string[] {
  return process.getuid?.() === 0 ? ['user root'] : [];
}
