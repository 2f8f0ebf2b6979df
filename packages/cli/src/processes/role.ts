import { readFileSync } from 'node:fs';
import type { VerbContext } from '../commands/verb.ts';
import type { LoadedConfig } from '../config/load.ts';
import { type Role, refuseFaults, roleFaults } from '../config/role-rules.ts';
import { CliError } from '../errors.ts';
import { reported, SUPERVISED, supervised } from './supervised.ts';

/** Buffers of a burst go back to the system when it is over, instead of raising the size from which they do (mallopt(3)). */
const ROLE_ENVIRONMENT = { MALLOC_TRIM_THRESHOLD_: '131072' };

/** What a role was asked for. */
export interface RoleOptions extends LoadedConfig {
  readonly context: Pick<VerbContext, 'stdout' | 'stderr' | 'signal' | 'environment'>;
}

/**
 * Runs a role: the first process supervises, its child serves. Resolves with the exit code when it was stopped or cannot
 * go on. Fails with `config-invalid` that names all that the role misses.
 */
export async function runRole(
  role: Role,
  options: RoleOptions,
  serve: () => Promise<(options: RoleOptions) => Promise<number>>,
): Promise<number> {
  refuseFaults(`of a ${role}`, roleFaults(role, options.config));
  if (options.context.environment[SUPERVISED] === undefined)
    return await supervised(options.config.dataDir, false, ROLE_ENVIRONMENT);
  return await reported(options.context, async () => (await serve())(options));
}

/** Resolves when the process is asked to end. */
export function asked(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The text of a file that a key of the configuration names, without the newline at its end; undefined for no name. Fails with `config-invalid`. */
export function readSecret(key: string, path: string): string | undefined {
  return readNamed(key, path)?.replace(/\r?\n$/, '');
}

/** The text of a file that a key of the configuration names; undefined for no name. Fails with `config-invalid`. */
export function readNamed(key: string, path: string): string | undefined {
  if (path === '') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      'config-invalid',
      `${key}: found ${path}, wanted a file that can be read: ${why}.`,
      {},
      cause,
    );
  }
}

/** What a read of named files gives, which is read anew at each call; what it gave last while they are being replaced, of which `tell` hears. Fails with `config-invalid` as the read does now. */
export function reread<T>(read: () => T, tell: (fault: CliError) => void = () => undefined): () => T {
  let last = read();
  return () => {
    try {
      last = read();
    } catch (fault) {
      if (!(fault instanceof CliError)) throw fault;
      tell(fault);
    }
    return last;
  };
}
