import { CodedError } from '@skerry/kernel';
import type { VerbContext } from '../commands/verb.ts';
import type { LoadedConfig } from '../config/load.ts';
import { exitCodeOf } from './exit-codes.ts';
import { PRIVATE_MASK } from './folder-rights.ts';
import { superviseServer } from './supervisor.ts';

/** What `skerry up` was asked for. */
export interface UpOptions extends LoadedConfig {
  /** Come up without taking anything in. */
  readonly isReadOnly: boolean;
  /** Print a link that signs the administrator in; a first start does in any case. */
  readonly wantsSignInLink: boolean;
  readonly context: Pick<VerbContext, 'stdout' | 'stderr' | 'signal' | 'environment'>;
}

/** Set for the child by the supervisor. */
const SUPERVISED = 'SKERRY_SUPERVISED';

/**
 * Runs the platform: the first process supervises, its child serves. Resolves with the exit code when it was stopped or
 * cannot go on.
 */
export async function runUp(options: UpOptions): Promise<number> {
  const { config, context } = options;
  process.umask(PRIVATE_MASK);
  if (context.environment[SUPERVISED] === undefined) {
    return superviseServer({ args: process.argv.slice(1), dataDir: config.dataDir });
  }
  try {
    const { serve } = await import('./server.ts');
    return await serve(options);
  } catch (fault) {
    const code = fault instanceof CodedError ? ` [${fault.code}]` : '';
    const text =
      fault instanceof Error ? (code ? fault.message : (fault.stack ?? fault.message)) : String(fault);
    context.stderr.write(`skerry: ${text}${code}\n`);
    return exitCodeOf(fault);
  }
}
