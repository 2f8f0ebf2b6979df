import type { VerbContext } from '../commands/verb.ts';
import type { LoadedConfig } from '../config/load.ts';
import { reported, SUPERVISED, supervised } from './supervised.ts';

/** What `skerry up` was asked for. */
export interface UpOptions extends LoadedConfig {
  /** Come up without taking anything in. */
  readonly isReadOnly: boolean;
  /** Print a link that signs the administrator in; a first start does in any case. */
  readonly wantsSignInLink: boolean;
  readonly context: Pick<VerbContext, 'stdout' | 'stderr' | 'signal' | 'environment'>;
}

/**
 * Runs the platform: the first process supervises, its child serves. Resolves with the exit code when it was stopped or
 * cannot go on.
 */
export async function runUp(options: UpOptions): Promise<number> {
  const { config, context } = options;
  if (context.environment[SUPERVISED] === undefined) return supervised(config.dataDir, true);
  return await reported(context, async () => {
    const { serve } = await import('./server.ts');
    return await serve(options);
  });
}
