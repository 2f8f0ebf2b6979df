import { ApiProblem } from '@skerry/client';
import { CodedError } from '@skerry/kernel';
import { exitCodeOf } from '../processes/exit-codes.ts';
import { programName, withProgramName } from '../program-name.ts';
import type { Verb, VerbContext } from './verb.ts';

/** One exit code beside those of `CLI_FAULTS`: what it means, and the fault codes of other packages that end so. */
interface ExitMeaning {
  readonly exitCode: number;
  readonly meaning: string;
  readonly codes: readonly string[];
}

const TRY_AGAIN = 75;

/** Exit codes of verbs for faults of other packages, and those of `skerry up`. */
export const EXIT_MEANINGS: readonly ExitMeaning[] = [
  {
    exitCode: 2,
    meaning: 'The instance refused a value of the command line.',
    codes: ['invalid-request', 'range-too-large', 'url-too-long', 'body-too-large', 'topic-invalid'],
  },
  {
    exitCode: 4,
    meaning: 'The token was refused, or may not do this.',
    codes: ['sign-in-required', 'token-refused', 'not-allowed', 'sign-in-refused'],
  },
  {
    exitCode: 5,
    meaning: 'The instance does not answer, or stopped answering.',
    codes: [
      'unreachable',
      'shutting-down',
      'host-refused',
      'connect-failed',
      'connect-refused',
      'connection-lost',
      'publisher-ended',
    ],
  },
  {
    exitCode: 6,
    meaning: 'A file to be compared cannot be read.',
    codes: ['sender-ledger-invalid', 'verify-unreadable'],
  },
  { exitCode: 7, meaning: 'The query took too long.', codes: ['query-deadline'] },
  { exitCode: 8, meaning: 'skerry up: a port could not be bound.', codes: [] },
  { exitCode: 9, meaning: 'What was named does not exist, or cannot be seen.', codes: ['not-found'] },
  { exitCode: 70, meaning: 'An unexpected fault.', codes: [] },
  { exitCode: 71, meaning: 'skerry up: the server could not be started.', codes: [] },
  { exitCode: 74, meaning: 'skerry up: the disk refused to make bytes durable.', codes: [] },
  {
    exitCode: TRY_AGAIN,
    meaning: 'Try again later: too much at once, nothing is taken in, or the answer broke off.',
    codes: ['too-many-queries', 'too-many-streams', 'audit-running', 'unavailable', 'answer-broken'],
  },
  { exitCode: 77, meaning: 'skerry up: journal or store is damaged or belongs to another.', codes: [] },
  { exitCode: 130, meaning: 'Interrupted before the end.', codes: [] },
];

const EXIT_BY_CODE: ReadonlyMap<string, number> = new Map(
  EXIT_MEANINGS.flatMap(({ exitCode, codes }) => codes.map((code) => [code, exitCode] as const)),
);

/**
 * The verb whose faults are told on standard error, with their code and the command that helps, and end in the exit
 * code of `skerry help exit-codes`. Being interrupted ends in 130. Errors without a code are bugs and pass through.
 */
export function explained(verb: Verb): Verb {
  return {
    ...verb,
    run: async (context: VerbContext) => {
      try {
        return await verb.run(context);
      } catch (cause) {
        if (context.signal.aborted && isAbort(cause)) return 130;
        if (!isTold(cause)) throw cause;
        const message = withProgramName(
          messageFor(verb, cause, context.flags),
          programName(context.environment),
        );
        context.stderr.write(`skerry: ${message} [${cause.code}]\n`);
        return EXIT_BY_CODE.get(cause.code) ?? exitCodeFor(cause);
      }
    },
  };
}

/** A fault with a code: of this process, or of the server. */
type ToldFault = CodedError | ApiProblem;

function isTold(cause: unknown): cause is ToldFault {
  return cause instanceof CodedError || cause instanceof ApiProblem;
}

/** Codes of the server that this command line does not know are judged by whether they pass. */
function exitCodeFor(fault: ToldFault): number {
  return fault instanceof ApiProblem && fault.isPassing ? TRY_AGAIN : exitCodeOf(fault);
}

/** An aborted wait, or an answer that broke off because of it. */
function isAbort(cause: unknown): boolean {
  return cause instanceof Error && (cause.name === 'AbortError' || isAbort(cause.cause));
}

function messageFor(verb: Verb, fault: ToldFault, flags: VerbContext['flags']): string {
  const text = flagFaults(verb, fault) ?? fault.message;
  const isList = text.includes('\n');
  const own = isList ? text : sentence(text);
  const help = helpFor(verb, fault.code, flags);
  return help === undefined ? own : `${own}${isList ? '\n' : ' '}${help}`;
}

/** Faults in the query of a request, by the flags that they came from. */
function flagFaults(verb: Verb, fault: ToldFault): string | undefined {
  if (fault.code !== 'invalid-request' || !(fault instanceof ApiProblem)) return undefined;
  const texts = (fault.problem.errors ?? []).map(({ pointer, detail }) => {
    const name = pointer.replace(/^#\//, '');
    return `${verb.flags.some((flag) => flag.name === name) ? `--${name}` : pointer}: ${detail}`;
  });
  return texts.length === 0 ? undefined : texts.join('; ');
}

function sentence(text: string): string {
  return /[.?!:]$/.test(text) ? text : `${text}.`;
}

function helpFor(verb: Verb, code: string, flags: VerbContext['flags']): string | undefined {
  if (code === 'not-found') return notFoundHelp(verb, flags);
  if (SEE_HELP.has(code)) return `See skerry ${verb.path.join(' ')} --help.`;
  return FAULT_HELP[code];
}

/** What has the things that a verb can name, by its words or the first of them; a verb that is not here names none. */
const NOT_FOUND_HELP: Readonly<Record<string, string>> = {
  devices: 'skerry devices has those that were seen.',
  telemetry: 'skerry devices has those that were seen.',
  dlq: 'skerry dlq list --state all has those that exist.',
  pipeline: 'skerry pipeline list has those in force.',
  'pipeline undo': 'skerry pipeline list has those in force, skerry pipeline history their versions.',
  user: 'skerry user list has those that you can see.',
  token: 'skerry token list has those that you can see.',
};

function notFoundHelp({ path }: Verb, flags: VerbContext['flags']): string | undefined {
  if (flags['dead-letter'] !== undefined) return NOT_FOUND_HELP.dlq;
  return NOT_FOUND_HELP[path.join(' ')] ?? NOT_FOUND_HELP[String(path[0])];
}

const SEE_HELP: ReadonlySet<string> = new Set(['invalid-request', 'range-too-large']);

/** The command that helps with a fault, by its code; the message itself has said what was found. */
export const FAULT_HELP: Readonly<Record<string, string>> = {
  unreachable: 'skerry doctor looks for the cause.',
  'connect-failed': 'skerry doctor looks for the cause.',
  'connection-lost': 'skerry doctor looks for the cause.',
  'connect-refused': 'skerry token list has the tokens that are let in.',
  'token-refused': 'skerry token list has the tokens that are known, skerry token create makes another.',
  'sign-in-required': 'skerry token create makes a token; skerry context set names the file that holds it.',
  'not-allowed': 'skerry user list and skerry token list tell who may do what.',
  'config-invalid': 'skerry config print shows where each value comes from.',
  'context-unknown': 'skerry context list has those that exist.',
  'data-folder-in-use': 'skerry doctor names the process.',
  'data-folder-unusable': 'skerry doctor looks for the cause.',
  'disk-full': 'skerry doctor tells what takes the room.',
  unavailable: 'skerry doctor tells why.',
  'journal-damaged':
    'skerry doctor tells what is damaged; skerry support-bundle gathers it for somebody who helps.',
  'store-damaged':
    'skerry doctor tells what is damaged; skerry support-bundle gathers it for somebody who helps.',
  'answer-broken': 'skerry support-bundle gathers what somebody needs who helps.',
  internal: 'skerry support-bundle gathers what somebody needs who helps.',
};
