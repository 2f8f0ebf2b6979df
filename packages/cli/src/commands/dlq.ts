import type {
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterOutcome,
  DeadLetterReasons,
} from '@skerry/client';
import { CliError } from '../errors.ts';
import { bytesInWords } from '../output/age.ts';
import { hexDump } from '../output/hex-dump.ts';
import { type Column, outputFormat, printable, printRows, table, write } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { everyItem, givenTexts, NARROWING_FLAGS } from './narrowing.ts';
import { type Flag, INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

const REASONS = [
  'unknown-topic',
  'undecodable',
  'series-limit',
  'too-many-points',
  'stage-failed',
  'kafka-refused',
] as const satisfies readonly DeadLetter['reason'][];
const STATES = ['open', 'replayed', 'discarded', 'expired'] as const satisfies readonly DeadLetter['state'][];

const FILTER_FLAGS: readonly Flag[] = [
  { name: 'reason', type: 'text', choices: REASONS, what: 'Only this reason.' },
  ...NARROWING_FLAGS,
];

/** `skerry dlq list`. */
export const dlqListVerb: Verb = {
  path: ['dlq', 'list'],
  summary: 'Records that could not be processed and were set aside.',
  positionals: [],
  flags: [
    { name: 'state', type: 'text', choices: [...STATES, 'all'], what: 'Only this state; open when absent.' },
    ...FILTER_FLAGS,
    { name: 'by-reason', type: 'switch', what: 'How many are open of each reason, instead of the letters.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry dlq list',
    'skerry dlq list --by-reason',
    'skerry dlq list --reason undecodable --state all -o ndjson',
  ],
  async run(context) {
    if (context.flags['by-reason'] === true) return await countByReason(context);
    const client = openClient(context);
    const state = STATES.find((one) => one === (context.flags.state ?? 'open'));
    const narrow = { ...filterOf(context), ...(state === undefined ? {} : { state }) };
    const rows = await everyItem<DeadLetter>((page) =>
      client.listDeadLetters({ ...narrow, ...page }, { signal: context.signal }),
    );
    await printRows(context, outputFormat(context.flags.output), rows, LETTER_COLUMNS);
    if (rows.length === 0) context.stderr.write('No dead letter fits.\n');
    return 0;
  },
};

async function countByReason(context: VerbContext): Promise<number> {
  const { state = 'open', reason } = context.flags;
  if (state !== 'open' || reason !== undefined)
    throw new CliError(
      'usage',
      'skerry dlq list --by-reason counts open letters of every reason: found --state or --reason, wanted neither.',
    );
  const narrowing = givenTexts(context, ['tenant', 'project', 'device']);
  const { reasons } = await openClient(context).countDeadLetters(narrowing, { signal: context.signal });
  await printRows(context, outputFormat(context.flags.output), reasons, REASON_COLUMNS);
  return 0;
}

const REASON_COLUMNS: readonly Column<DeadLetterReasons['reasons'][number]>[] = [
  { title: 'REASON', cell: (row) => row.reason },
  { title: 'OPEN', align: 'right', cell: (row) => String(row.open) },
];

const LETTER_COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'OFFSET', align: 'right', cell: (row) => String(row.offset) },
  { title: 'RECEIVED', cell: (row) => row.received },
  { title: 'STATE', cell: (row) => row.state, tone: (row) => (row.state === 'open' ? 'warning' : 'faint') },
  { title: 'REASON', cell: (row) => row.reason },
  { title: 'TOPIC', cell: (row) => row.topic },
  { title: 'BYTES', align: 'right', cell: (row) => String(row.payloadBytes) },
  { title: 'TENANT', isWide: true, cell: (row) => row.tenant },
  { title: 'PROJECT', isWide: true, cell: (row) => row.project },
  { title: 'DEVICE', isWide: true, cell: (row) => row.device },
  { title: 'CLIENT', isWide: true, cell: (row) => row.client },
  { title: 'AUTHOR', isWide: true, cell: (row) => row.author },
  { title: 'DETAIL', cell: (row) => row.detail },
];

/** `skerry dlq show`: one dead letter with its bytes as text and hex. */
export const dlqShowVerb: Verb = {
  path: ['dlq', 'show'],
  summary: 'One dead letter with its bytes, as text and in hex.',
  positionals: [{ name: 'OFFSET', what: 'Its offset in the journal.', isRequired: true }],
  flags: [OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry dlq show 1042', 'skerry dlq show 1042 -o json'],
  async run(context) {
    const offset = offsetOf(String(context.positionals[0]));
    const letter = await openClient(context).getDeadLetter({ offset }, { signal: context.signal });
    const format = outputFormat(context.flags.output);
    if (format === 'table' || format === 'wide') await write(context.stdout, letterText(letter));
    else await printRows(context, format, [letter], [], letter);
    return 0;
  },
};

function letterText(letter: DeadLetterDetail): string {
  const { payload } = letter;
  const bytes = Buffer.from(payload.base64, 'base64');
  const facts: (readonly [string, string])[] = [
    ['offset', String(letter.offset)],
    [
      'state',
      letter.changed === null ? letter.state : `${letter.state} by ${letter.author} at ${letter.changed}`,
    ],
    ['received', letter.received],
    ['topic', letter.topic],
    ['client', letter.client],
    ['device', letter.tenant === '' ? 'unknown' : `${letter.tenant}/${letter.project}/${letter.device}`],
    ['reason', `${letter.reason} (stage ${letter.stage}): ${letter.detail}`],
    ['payload', `${bytesInWords(bytes.length)}, QoS ${letter.qos}`],
  ];
  const columns: Column<readonly [string, string]>[] = [
    { title: 'DEAD LETTER', cell: (fact) => fact[0] },
    { title: '', cell: (fact) => fact[1] },
  ];
  const text = payload.text === null ? 'not UTF-8' : payload.text.split('\n').map(printable).join('\n');
  return `${table(facts, columns)}\nTEXT\n${text}\n\nHEX\n${hexDump(bytes)}`;
}

/** `skerry dlq replay`: puts dead letters through the pipeline again. Twice is harmless. */
export const dlqReplayVerb: Verb = changeVerb(
  'replay',
  'Puts dead letters through the pipeline again; twice is harmless.',
);

/** `skerry dlq discard`: gives dead letters up, under an author. */
export const dlqDiscardVerb: Verb = changeVerb(
  'discard',
  'Gives dead letters up; the ledger counts them as discarded, the author is kept.',
);

function changeVerb(action: 'replay' | 'discard', summary: string): Verb {
  return {
    path: ['dlq', action],
    summary,
    positionals: [{ name: 'OFFSET…', what: 'Offsets of single letters.', isRequired: false, isRest: true }],
    flags: [
      { name: 'all', type: 'switch', what: 'Every open letter; with other flags, every one that fits them.' },
      ...FILTER_FLAGS,
      OUTPUT_FLAG,
      ...INSTANCE_FLAGS,
    ],
    examples: [
      `skerry dlq ${action} 1042 1043`,
      `skerry dlq ${action} --reason undecodable --project plant`,
      `skerry dlq ${action} --all`,
    ],
    run: (context) => change(context, action),
  };
}

async function change(context: VerbContext, action: 'replay' | 'discard'): Promise<number> {
  const filter = filterOf(context);
  const offsets = context.positionals.map(offsetOf);
  checkChoice(context, action, offsets, filter);
  const client = openClient(context);
  const { signal } = context;
  let outcome: DeadLetterOutcome;
  if (offsets.length === 0) {
    const all = action === 'replay' ? client.replayDeadLetters : client.discardDeadLetters;
    outcome = await all({ body: context.flags.all === true ? { ...filter, all: true } : filter }, { signal });
  } else {
    outcome = NOTHING;
    const single = action === 'replay' ? client.replayDeadLetter : client.discardDeadLetter;
    for (const offset of offsets) outcome = sumOf(outcome, await single({ offset }, { signal }));
  }
  await printRows(context, outputFormat(context.flags.output), [outcome], outcomeColumns(action), outcome);
  context.stderr.write(`${outcomeText(action, outcome)} The author is local.\n`);
  if (action === 'replay' && outcome.failedAgain + outcome.undecided > 0) {
    const only = offsets.length === 1 ? `skerry dlq show ${offsets[0]}` : 'skerry dlq list --state all';
    context.stderr.write(`What is refused again stays open; ${only} shows what became of it.\n`);
  }
  return 0;
}

const DONE = {
  replay: () => 'went through the pipeline',
  discard: (letters: number) => (letters === 1 ? 'is discarded' : 'are discarded'),
} as const;

const NOTHING: DeadLetterOutcome = { changed: 0, failedAgain: 0, undecided: 0, unchanged: 0 };

function sumOf(a: DeadLetterOutcome, b: DeadLetterOutcome): DeadLetterOutcome {
  return {
    changed: a.changed + b.changed,
    failedAgain: a.failedAgain + b.failedAgain,
    undecided: a.undecided + b.undecided,
    unchanged: a.unchanged + b.unchanged,
  };
}

function outcomeText(action: 'replay' | 'discard', outcome: DeadLetterOutcome): string {
  const { changed, failedAgain, undecided, unchanged } = outcome;
  const letters = `${changed} ${changed === 1 ? 'letter' : 'letters'}`;
  const done = `${letters} ${DONE[action](changed)}`;
  const parts = [
    done,
    failedAgain > 0 || action === 'replay' ? `${failedAgain} failed again` : '',
    undecided > 0 ? `${undecided} ${undecided === 1 ? 'waits' : 'wait'} for the pipeline` : '',
    `${unchanged} ${unchanged === 1 ? 'was not open and stays as it is' : 'were not open and stay as they are'}`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

function outcomeColumns(action: 'replay' | 'discard'): readonly Column<DeadLetterOutcome>[] {
  const number = (title: string, cell: (row: DeadLetterOutcome) => number) =>
    ({ title, align: 'right', cell: (row: DeadLetterOutcome) => String(cell(row)) }) as const;
  const failed = number('FAILED AGAIN', (row) => row.failedAgain);
  return [
    number(action === 'replay' ? 'PROCESSED' : 'DISCARDED', (row) => row.changed),
    ...(action === 'replay' ? [failed] : []),
    number('UNDECIDED', (row) => row.undecided),
    number('UNCHANGED', (row) => row.unchanged),
  ];
}

/** What is meant is said in one way: offsets, or flags, or `--all`. */
function checkChoice(
  context: VerbContext,
  action: string,
  offsets: readonly number[],
  filter: DeadLetterFilter,
): void {
  const hasFilter = Object.keys(filter).length > 0;
  const isAll = context.flags.all === true;
  if (offsets.length > 0 && (hasFilter || isAll)) {
    throw new CliError(
      'usage',
      `skerry dlq ${action}: found offsets and flags that narrow, wanted one or the other.`,
    );
  }
  if (offsets.length === 0 && !hasFilter && !isAll) {
    throw new CliError(
      'usage',
      `skerry dlq ${action} wants offsets, or flags that narrow, or --all. skerry dlq list has the open ones.`,
    );
  }
}

function filterOf(context: Pick<VerbContext, 'flags'>): DeadLetterFilter {
  const reason = REASONS.find((one) => one === context.flags.reason);
  return {
    ...givenTexts(context, ['tenant', 'project', 'device']),
    ...(reason === undefined ? {} : { reason }),
  };
}

function offsetOf(text: string): number {
  const offset = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(offset)) return offset;
  throw new CliError(
    'usage',
    `Found ${JSON.stringify(text)}, wanted an offset: a whole number from 0. skerry dlq list has them.`,
  );
}
