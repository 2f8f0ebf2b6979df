import type { PipelineShadowReport, PipelineTrialOutcome, StageMessage } from '@skerry/client';
import { CliError } from '../errors.ts';
import { type Column, outputFormat, printRows, table, write } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { FILE_FLAG } from './pipeline.ts';
import { readDocuments, readSamples, type Sample, type WrittenDocument } from './pipeline-files.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

/** `skerry pipeline test`: what each stage makes of samples. */
export const pipelineTestVerb: Verb = {
  path: ['pipeline', 'test'],
  summary: 'Shows what each stage makes of samples or dead letters; nothing is stored.',
  positionals: [],
  flags: [
    {
      ...FILE_FLAG,
      what: 'The document to try in the place of its namesake; those in force alone when absent.',
    },
    {
      name: 'sample',
      type: 'text',
      value: 'FILE',
      what: 'Lines of JSON with topic and payload each; with --topic one payload. - is standard input.',
    },
    { name: 'topic', type: 'text', value: 'TOPIC', what: 'Topic of the one payload that --sample holds.' },
    { name: 'content-type', type: 'text', value: 'TYPE', what: 'Content type of that payload.' },
    { name: 'dead-letter', type: 'number', value: 'OFFSET', what: 'A dead letter as the sample.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry pipeline test -f hot.yaml --sample samples.jsonl',
    'skerry pipeline test -f hot.yaml --sample payload.json --topic iot/acme/plant/d1/telemetry',
    'skerry pipeline test -f hot.yaml --dead-letter 1042',
  ],
  async run(context) {
    const samples = samplesOf(context);
    const document = context.flags.file === undefined ? undefined : oneDocument(context);
    const body = { samples, ...(document === undefined ? {} : { document: document.value }) };
    const outcome = await openClient(context).testPipelines({ body }, { signal: context.signal });
    const format = outputFormat(context.flags.output);
    if (format === 'table' || format === 'wide')
      for (const item of outcome.items) await write(context.stdout, `${trialText(item)}\n`);
    else await printRows(context, format, outcome.items, [], outcome);
    return outcome.items.some(({ verdict }) => verdict === 'deadLettered') ? 1 : 0;
  },
};

type TrialItem = PipelineTrialOutcome['items'][number];

function trialText({ topic, verdict, fault, steps, outputs }: TrialItem): string {
  const rows: (readonly [string, string, string])[] = steps.map(
    ({ pipeline, stage, type, takenOut, after }) => [
      `${pipeline}/${stage}`,
      type,
      takenOut ? 'taken out' : messageText(after),
    ],
  );
  if (fault) rows.push([fault.stage, '', fault.detail]);
  for (const output of outputs) rows.push(['stored', output.isResult ? 'result' : '', messageText(output)]);
  const columns: Column<readonly [string, string, string]>[] = [
    { title: 'STAGE', cell: (row) => row[0] },
    { title: 'TYPE', cell: (row) => row[1] },
    { title: 'BECAME', cell: (row) => row[2] },
  ];
  return `${topic}: ${verdict}\n${rows.length === 0 ? '' : table(rows, columns)}`;
}

function messageText({ device, metrics, time }: StageMessage): string {
  const values = Object.entries(metrics).map(([metric, value]) => `${metric}=${JSON.stringify(value)}`);
  return `${device} at ${time}: ${values.join(' ')}`;
}

/** `skerry pipeline shadow`: a document against what is in force, over recorded records. */
export const pipelineShadowVerb: Verb = {
  path: ['pipeline', 'shadow'],
  summary: 'Compares a document with what is in force over recorded records; nothing is stored.',
  positionals: [],
  flags: [
    { ...FILE_FLAG, isRequired: true },
    { name: 'last', type: 'number', value: 'N', what: 'The newest N records. Default: 10000.' },
    { name: 'from', type: 'text', value: 'TIME', what: 'First receive time: ISO 8601, or now-1h.' },
    { name: 'to', type: 'text', value: 'TIME', what: 'Receive time of the end; now when absent.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: ['skerry pipeline shadow -f hot.yaml', 'skerry pipeline shadow -f hot.yaml --from now-1h'],
  async run(context) {
    const { last, from, to } = context.flags;
    const body = {
      document: oneDocument(context).value,
      ...(last === undefined ? {} : { lastRecords: Number(last) }),
      ...(from === undefined ? {} : { from: String(from) }),
      ...(to === undefined ? {} : { to: String(to) }),
    };
    const report = await openClient(context).shadowPipelines({ body }, { signal: context.signal });
    const format = outputFormat(context.flags.output);
    if (format === 'table' || format === 'wide') await write(context.stdout, shadowText(report));
    else await printRows(context, format, [report], [], report);
    return 0;
  },
};

function shadowText(report: PipelineShadowReport): string {
  const counts: (readonly [string, number, number])[] = (
    ['stored', 'filtered', 'deadLettered', 'messages', 'results'] as const
  ).map((name) => [name, report.inForce[name], report.candidate[name]]);
  const columns: Column<readonly [string, number, number]>[] = [
    { title: 'RECORDS', cell: (row) => row[0] },
    { title: 'IN FORCE', align: 'right', cell: (row) => String(row[1]) },
    { title: 'CANDIDATE', align: 'right', cell: (row) => String(row[2]) },
  ];
  const { records, fromOffset, toOffset, changed, undecodable, durationMs, cut, differences } = report;
  const head = `${records} records of the offsets ${fromOffset} to ${toOffset} in ${durationMs} ms${cut ? ', cut short' : ''}: ${changed} differ, ${undecodable} cannot be decoded.\n\n`;
  const first = differences.map(
    ({ offset, topic, inForce, candidate }) =>
      `\n${offset} ${topic}\n  in force:  ${verdictText(inForce)}\n  candidate: ${verdictText(candidate)}\n`,
  );
  return head + table(counts, columns) + first.join('');
}

function verdictText({
  verdict,
  detail,
  outputs,
}: PipelineShadowReport['differences'][number]['inForce']): string {
  return [verdict, detail, ...outputs.map(messageText)].filter((text) => text !== '').join(', ');
}

function samplesOf(context: VerbContext): Sample[] {
  const { sample, topic, 'dead-letter': letter, 'content-type': contentType } = context.flags;
  if ((sample === undefined) === (letter === undefined))
    throw new CliError(
      'usage',
      'skerry pipeline test wants --sample FILE or --dead-letter OFFSET, and one of them.',
    );
  if (letter !== undefined) return [{ deadLetter: Number(letter) }];
  const textOf = (flag: unknown) => (flag === undefined ? undefined : String(flag));
  return readSamples(String(sample), textOf(topic), textOf(contentType));
}

function oneDocument(context: VerbContext): WrittenDocument {
  const [document, ...more] = readDocuments(String(context.flags.file));
  if (document && more.length === 0) return document;
  throw new CliError(
    'usage',
    `${String(context.flags.file)} holds ${more.length + 1} documents, wanted one.`,
  );
}
