import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nodeClock } from '@skerry/kernel/node';
import { loadConfig } from '../config/load.ts';
import { CliError } from '../errors.ts';
import { Progress } from '../output/progress.ts';
import { write } from '../output/rows.ts';
import { readRunFile } from '../processes/data-folder.ts';
import { bundleFiles } from '../support/bundle-files.ts';
import { Redactor } from '../support/redaction.ts';
import { tarOf } from '../support/tar.ts';
import { configSources, openClient, remoteInstance } from './instance.ts';
import { INSTANCE_FLAGS, type Verb, type VerbContext } from './verb.ts';

const PARTS = 10;

/** `skerry support-bundle`: what somebody needs who helps from afar, without payloads and secrets. */
export const supportBundleVerb: Verb = {
  path: ['support-bundle'],
  summary:
    'Writes an archive for somebody who helps: versions, configuration, findings, figures; no payloads, passwords and tokens taken out.',
  positionals: [],
  flags: [
    {
      name: 'file',
      type: 'text',
      value: 'FILE',
      what: 'The archive; skerry-support-TIME.tar.gz when absent.',
    },
    {
      name: 'log-file',
      type: 'text',
      value: 'FILE',
      what: 'File to which the output of skerry up goes; its last lines are taken.',
    },
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry support-bundle',
    'skerry support-bundle --log-file /var/log/skerry.log --file bundle.tar.gz',
  ],
  async run(context) {
    const clock = nodeClock();
    const loaded = loadConfig(configSources(context));
    const { dataDir } = loaded.config;
    const isRunning = remoteInstance(context) !== undefined || readRunFile(dataDir) !== undefined;
    const progress = new Progress(context.stderr, clock.monotonicMs);
    let done = 0;
    const files = await bundleFiles({
      loaded,
      client: isRunning ? openClient(context) : undefined,
      logFile: context.flags['log-file'] === undefined ? undefined : String(context.flags['log-file']),
      redactor: new Redactor(knownSecrets(context, dataDir)),
      signal: context.signal,
      onPart: (note) => progress.show({ done: done++, total: PARTS, note }),
    });
    progress.end();
    const nowSecs = Math.floor(clock.nowMicros() / 1e6);
    const stamp = new Date(nowSecs * 1_000).toISOString().replaceAll(/[-:]|\.000/g, '');
    const path = String(context.flags.file ?? `skerry-support-${stamp}.tar.gz`);
    try {
      writeFileSync(path, gzipSync(tarOf(files, nowSecs)), { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      throw new CliError('bundle-unwritable', `Writing ${path} failed: ${String(cause)}.`, {}, cause);
    }
    await write(context.stdout, `${path}\n`);
    context.stderr.write(
      `${files.length} files, without payloads; what looks like a password or a token was taken out of them. Names of devices, projects and files are in them: look through it before you send it.\n`,
    );
    if (!isRunning) context.stderr.write('No instance answered, so its figures are missing.\n');
    return 0;
  },
};

/** Secrets in reach of this command: the token of the data folder and what the environment names a secret. */
function knownSecrets({ environment }: VerbContext, dataDir: string): string[] {
  const token = join(dataDir, 'token');
  return [
    ...(existsSync(token) ? [readFileSync(token, 'utf8').trim()] : []),
    ...Object.entries(environment).flatMap(([name, value]) =>
      /token|pass|secret|key/i.test(name) && value !== undefined ? [value] : [],
    ),
  ];
}
