import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE_FOLDER, keepFolder } from './cache-folder.ts';
import { runTool } from './programs.ts';

/** With what the files of a new server are made. */
export interface PostgresTools {
  /** Folder of PostgreSQL's programs. */
  readonly programs: string;
  /** User the server runs as; the own one when absent. */
  readonly runAs: string | undefined;
}

/**
 * Puts the files of a new server into a folder of the server's user: superuser `skerry`, database `skerry`, UTF-8,
 * everybody trusted. They are made once for each version and kept in the cache folder, since initdb takes a second of
 * CPU time; so all servers have the same system identifier. Fails with a plain error.
 */
export async function copyPostgresTemplate(
  tools: PostgresTools,
  target: string,
  work: string,
): Promise<void> {
  const version = (await runTool(join(tools.programs, 'postgres'), ['-V']))
    .trim()
    .replaceAll(/[^\w.]+/g, '-');
  const template = join(CACHE_FOLDER, `template-${version}-${process.getuid?.()}`);
  if (!existsSync(template)) await makeTemplate(tools, template, work);
  await runTool('cp', ['-a', '--reflink=auto', `${template}/.`, target]);
  // whoever copied this folder may have made all of it their own
  if (tools.runAs !== undefined) await runTool('chown', ['-R', `${tools.runAs}:${tools.runAs}`, target]);
}

/** Several processes may make it at once; the first one's is kept. */
async function makeTemplate(
  { programs, runAs }: PostgresTools,
  template: string,
  work: string,
): Promise<void> {
  const fresh = join(work, 'template');
  const owner = runAs === undefined ? [] : ['-o', runAs, '-g', runAs];
  await runTool('install', [...owner, '-m', '700', '-d', fresh]);
  const words = ['-D', fresh, '-U', 'skerry', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  await runTool(join(programs, 'initdb'), words, { runAs });
  const line = 'echo "CREATE DATABASE skerry" | "$0" --single -D "$1" postgres';
  await runTool('sh', ['-c', line, join(programs, 'postgres'), fresh], { runAs });
  mkdirSync(CACHE_FOLDER, { recursive: true });
  const half = mkdtempSync(`${template}-`);
  try {
    await runTool('cp', ['-a', `${fresh}/.`, half]);
    keepFolder(half, template);
  } finally {
    rmSync(half, { recursive: true, force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}
