import { CodedError } from '@skerry/kernel';
import { nearestWord } from '@skerry/model';
import { exitCodeHelp, overviewHelp, verbHelp } from './commands/help.ts';
import { findVerb, parseLine, splitLine } from './commands/parse.ts';
import type { Verb } from './commands/verb.ts';
import { contextDefaults } from './config/contexts.ts';
import { CliError } from './errors.ts';
import { exitWhenParentEnds } from './parent-pipe.ts';
import { VERSION } from './version.ts';

// a supervisor and its server live long: they load nothing of the other verbs
const LASTING: Readonly<Record<string, () => Promise<Verb>>> = {
  up: async () => (await import('./commands/up.ts')).upVerb,
  gateway: async () => (await import('./commands/gateway.ts')).gatewayVerb,
  writer: async () => (await import('./commands/writer.ts')).writerVerb,
  cloud: async () => (await import('./commands/cloud.ts')).cloudVerb,
};
const line = process.argv.slice(2);
const lasting = LASTING[splitLine(line).words[0] ?? ''];
const VERBS: readonly Verb[] = lasting ? [await lasting()] : (await import('./commands/verbs.ts')).VERBS;
exitWhenParentEnds();
process.exitCode = await runLine(line);

async function runLine(line: readonly string[]): Promise<number> {
  const { leading, words } = splitLine(line);
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    // whoever reads has read enough
    if (cause.code === 'EPIPE') process.exit(0);
    const message = `Writing to standard output failed: ${cause.message}; wanted a place that takes all of it.`;
    process.exit(explain(new CliError('output-failed', message, {}, cause)));
  });
  if (words[0] === 'help' && words[1] !== undefined && words[1] !== 'exit-codes') {
    return runLine([...words.slice(1), '--help']);
  }
  if (words[0] === undefined || ['--help', '-h', 'help'].includes(words[0])) {
    process.stdout.write(words[1] === 'exit-codes' ? exitCodeHelp() : overviewHelp(VERBS, VERSION));
    return words[0] === undefined ? 2 : 0;
  }
  if (words[0] === '--version' || words[0] === 'version') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  try {
    return await runVerb(words, leading);
  } catch (cause) {
    return explain(cause);
  }
}

async function runVerb(words: readonly string[], leading: readonly string[]): Promise<number> {
  const found = findVerb(VERBS, words);
  if (!found) throw unknownVerb(words);
  const rest = [...leading, ...found.rest];
  const line = parseLine(found.verb, rest, (verb, given) => contextDefaults(verb, given, process.env));
  if (line.wantsHelp) {
    process.stdout.write(verbHelp(found.verb));
    return 0;
  }
  const controller = new AbortController();
  // a terminal and a supervisor may both ask; only a person who asks again by Ctrl-C is in a hurry
  process.on('SIGTERM', () => controller.abort());
  process.on('SIGINT', () => {
    if (controller.signal.aborted && process.stdin.isTTY) process.exit(130);
    controller.abort();
  });
  return await found.verb.run({
    flags: line.flags,
    positionals: line.positionals,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal: controller.signal,
  });
}

function unknownVerb(words: readonly string[]): CliError {
  const close =
    nearestWord(
      words.slice(0, 2).join(' '),
      VERBS.map((verb) => verb.path.join(' ')),
    ) ??
    nearestWord(
      String(words[0]),
      VERBS.map((verb) => String(verb.path[0])),
    );
  return new CliError(
    'usage',
    `Found ${JSON.stringify(words.slice(0, 2).join(' '))}, wanted a verb${close ? `; did you mean skerry ${close}?` : '.'} See skerry --help.`,
  );
}

function explain(cause: unknown): number {
  if (cause instanceof CodedError) {
    process.stderr.write(`skerry: ${cause.message} [${cause.code}]\n`);
    return cause instanceof CliError ? cause.exitCode : 70;
  }
  process.stderr.write(
    `skerry: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`,
  );
  return 70;
}
