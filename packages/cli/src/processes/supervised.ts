import { CodedError } from '@skerry/kernel';
import type { VerbContext } from '../commands/verb.ts';
import { exitCodeOf } from './exit-codes.ts';
import { PRIVATE_MASK } from './folder-rights.ts';
import { superviseServer } from './supervisor.ts';

/** Set for the child by the supervisor. */
export const SUPERVISED = 'SKERRY_SUPERVISED';

/** Supervises this very command line, run again as a child, with further environment; resolves with the exit code of the whole. */
export function supervised(
  dataDir: string,
  canReadOnly: boolean,
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  process.umask(PRIVATE_MASK);
  return superviseServer({ args: process.argv.slice(1), dataDir, canReadOnly, environment });
}

/** Runs the child's work; a fault of it is told on stderr and becomes an exit code. */
export async function reported(
  { stderr }: Pick<VerbContext, 'stderr'>,
  work: () => Promise<number>,
): Promise<number> {
  process.umask(PRIVATE_MASK);
  try {
    return await work();
  } catch (fault) {
    const code = fault instanceof CodedError ? ` [${fault.code}]` : '';
    const text =
      fault instanceof Error ? (code ? fault.message : (fault.stack ?? fault.message)) : String(fault);
    stderr.write(`skerry: ${text}${code}\n`);
    return exitCodeOf(fault);
  }
}
