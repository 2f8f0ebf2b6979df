import { FAILPOINTS, type FailpointHook, type FailpointName, noFailpoints } from '@skerry/kernel';
import { CliError } from '../errors.ts';

/**
 * The hook for `SKERRY_FAILPOINT=name:kill:nth`: the process kills itself at the nth passage. Each thread counts its own
 * passages; every name belongs to one thread. Without a text it does nothing. Fails with `usage`.
 */
export function failpointHook(text: string | undefined): FailpointHook {
  if (text === undefined || text === '') return noFailpoints;
  const [name, action, count] = text.split(':');
  const nth = Number(count);
  const isKnown = FAILPOINTS.includes(name as FailpointName); // only compared
  if (!isKnown || action !== 'kill' || !Number.isSafeInteger(nth) || nth < 1) {
    throw new CliError(
      'usage',
      `Reading SKERRY_FAILPOINT failed: found ${JSON.stringify(text)}, wanted name:kill:nth with a name of docs/ARCHITECTURE.md.`,
    );
  }
  let passages = 0;
  return (passed) => {
    if (passed === name && ++passages === nth) process.kill(process.pid, 'SIGKILL');
  };
}
