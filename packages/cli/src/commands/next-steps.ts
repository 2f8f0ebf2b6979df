import { isTerminal } from '../output/color.ts';
import { programName, withProgramName } from '../program-name.ts';
import type { Verb } from './verb.ts';

/** What people usually want after a verb has done its work, by the verb's words. */
export const NEXT_STEPS: Readonly<Record<string, readonly string[]>> = {
  replay: ['skerry devices', 'skerry ledger'],
  simulate: ['skerry devices', 'skerry ledger'],
  devices: ['skerry telemetry tail'],
  'telemetry query': ['skerry telemetry tail'],
  'dlq list': ['skerry dlq show OFFSET', 'skerry dlq replay --reason undecodable'],
  'dlq show': ['skerry dlq replay OFFSET', 'skerry dlq discard OFFSET'],
  'dlq replay': ['skerry dlq list', 'skerry ledger'],
  ledger: ['skerry ledger --audit', 'skerry ledger gaps'],
  doctor: ['skerry support-bundle'],
  'config check': ['skerry config print'],
  'context set': ['skerry context list'],
};

/**
 * The verb that says on standard error, where that is a terminal, which commands usually come next. Programs that read
 * the output are not bothered, nor is anybody after a fault.
 */
export function withNextSteps(verb: Verb): Verb {
  const steps = NEXT_STEPS[verb.path.join(' ')];
  if (!steps) return verb;
  return {
    ...verb,
    run: async (context) => {
      const code = await verb.run(context);
      const isForEyes =
        isTerminal(context.stderr) && ['table', undefined].includes(textOf(context.flags.output));
      if (code === 0 && isForEyes && !context.signal.aborted) {
        const next = withProgramName(steps.join('   or   '), programName(context.environment));
        context.stderr.write(`\nNext: ${next}\n`);
      }
      return code;
    },
  };
}

function textOf(flag: string | number | boolean | undefined): string | undefined {
  return flag === undefined ? undefined : String(flag);
}
