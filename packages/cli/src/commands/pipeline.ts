import type { PipelineDetail, PipelineEntry, PipelineVersion } from '@skerry/client';
import { CliError } from '../errors.ts';
import { type Column, outputFormat, printRows, write } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { readDocuments } from './pipeline-files.ts';
import { withSource, writtenText } from './pipeline-source.ts';
import {
  type Flag,
  INSTANCE_FLAGS,
  OUTPUT_FLAG,
  type Positional,
  type Verb,
  type VerbContext,
} from './verb.ts';

const KINDS = ['Pipeline', 'LookupTable'] as const;
const NAME: Positional = { name: 'NAME', what: 'Name of the document.', isRequired: true };
const KIND_FLAG: Flag = {
  name: 'kind',
  type: 'text',
  choices: KINDS,
  what: 'Kind of the document; Pipeline when absent.',
};

const PLACE_FLAGS: readonly Flag[] = [
  KIND_FLAG,
  {
    name: 'tenant',
    type: 'text',
    value: 'TENANT',
    what: 'Tenant that the document is about; wanted only where several documents have the name.',
  },
  {
    name: 'project',
    type: 'text',
    value: 'PROJECT',
    what: 'Project that it is about, beside its tenant.',
  },
];

/** The file that holds documents. */
export const FILE_FLAG: Flag = {
  name: 'file',
  short: 'f',
  type: 'text',
  value: 'FILE',
  what: 'YAML or JSON with one document or several; - is standard input.',
};

/** `skerry pipeline list`. */
export const pipelineListVerb: Verb = {
  path: ['pipeline', 'list'],
  summary: 'Declared pipelines and lookup tables, and what their stages did since the start.',
  positionals: [],
  flags: [OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry pipeline list', 'skerry pipeline list -o wide'],
  async run(context) {
    const { signal } = context;
    const page = await openClient(context).listPipelines({}, { signal });
    const items = page.items.filter(({ inForce }) => inForce);
    await printRows(context, outputFormat(context.flags.output), rowsOf(items), STAGE_COLUMNS, page);
    if (items.length === 0)
      context.stderr.write(
        'No pipeline is declared: telemetry is stored as it comes. skerry pipeline apply -f FILE declares one.\n',
      );
    return 0;
  },
};

interface StageRow {
  readonly entry: PipelineEntry;
  readonly stage: PipelineEntry['stages'][number] | undefined;
}

function rowsOf(items: readonly PipelineEntry[]): StageRow[] {
  return items.flatMap((entry): StageRow[] =>
    entry.stages.length === 0
      ? [{ entry, stage: undefined }]
      : entry.stages.map((stage) => ({ entry, stage })),
  );
}

const figure = (title: string, of: (stage: NonNullable<StageRow['stage']>) => number): Column<StageRow> => ({
  title,
  align: 'right',
  cell: ({ stage }) => (stage ? String(of(stage)) : ''),
});

const STAGE_COLUMNS: readonly Column<StageRow>[] = [
  { title: 'NAME', cell: ({ entry }) => entry.name },
  { title: 'KIND', isWide: true, cell: ({ entry }) => entry.kind },
  { title: 'FOR', cell: ({ entry }) => scopeOf(entry) },
  { title: 'VERSION', align: 'right', cell: ({ entry }) => String(entry.version) },
  { title: 'STAGE', cell: ({ stage }) => stage?.name ?? '' },
  { title: 'TYPE', cell: ({ stage, entry }) => stage?.type ?? entry.kind },
  figure('IN', (stage) => stage.in),
  figure('OUT', (stage) => stage.out),
  figure('TAKEN OUT', (stage) => stage.takenOut),
  {
    title: 'DEAD-LETTERED',
    align: 'right',
    cell: ({ stage }) => (stage ? String(stage.deadLettered) : ''),
    tone: ({ stage }) => (stage && stage.deadLettered > 0 ? 'warning' : undefined),
  },
  { ...figure('LATE', (stage) => stage.late), isWide: true },
  { ...figure('RESULTS', (stage) => stage.results), isWide: true },
  { ...figure('COST', (stage) => stage.cost), isWide: true },
  { ...figure('GROUPS', (stage) => stage.groups), isWide: true },
  { title: 'CHANGED', isWide: true, cell: ({ entry }) => entry.changed },
  { title: 'AUTHOR', isWide: true, cell: ({ entry }) => entry.author },
];

function scopeOf({ tenant, project, topics }: PipelineEntry): string {
  const place = tenant === null ? 'everything' : project === null ? tenant : `${tenant}/${project}`;
  return topics.length === 0 ? place : `${place} (${topics.join(', ')})`;
}

/** `skerry pipeline get`: the document as it can be applied again. */
export const pipelineGetVerb: Verb = {
  path: ['pipeline', 'get'],
  summary: 'A declared document as YAML, as it can be applied again.',
  positionals: [NAME],
  flags: [...PLACE_FLAGS, OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry pipeline get hot > hot.yaml', 'skerry pipeline get sites --kind LookupTable'],
  async run(context) {
    const { signal, ...place } = named(context);
    const detail = await openClient(context).getPipeline(place, { signal });
    const format = outputFormat(context.flags.output);
    if (format === 'table' || format === 'wide') await write(context.stdout, writtenText(detail.document));
    else await printRows(context, format, [detail], [], detail);
    return 0;
  },
};

/** `skerry pipeline apply`: puts documents in force. */
export const pipelineApplyVerb: Verb = {
  path: ['pipeline', 'apply'],
  summary: 'Puts the documents of a file in force for everything that is received from now on.',
  positionals: [],
  flags: [{ ...FILE_FLAG, isRequired: true }, OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry pipeline apply -f hot.yaml', 'skerry pipeline apply -f - < hot.yaml'],
  async run(context) {
    const { signal } = context;
    const documents = readDocuments(String(context.flags.file));
    const client = openClient(context);
    const done: PipelineDetail[] = [];
    for (const document of documents) {
      const { name } = document;
      const detail = await client.putPipeline({ name, body: withSource(document) }, { signal });
      context.stderr.write(
        `${detail.kind} ${name}: version ${detail.version} is in force from offset ${detail.offset} on.\n`,
      );
      done.push(detail);
    }
    const format = outputFormat(context.flags.output);
    if (format !== 'table' && format !== 'wide') await printRows(context, format, done, []);
    return 0;
  },
};

/** `skerry pipeline delete`: takes a document out of force. */
export const pipelineDeleteVerb: Verb = {
  path: ['pipeline', 'delete'],
  summary: 'Takes a document out of force; its history stays, so that undo brings it back.',
  positionals: [NAME],
  flags: [...PLACE_FLAGS, ...INSTANCE_FLAGS],
  examples: ['skerry pipeline delete hot'],
  async run(context) {
    const { signal, ...place } = named(context);
    const { name, kind } = place;
    await openClient(context).deletePipeline(place, { signal });
    context.stderr.write(
      `${kind} ${name} is out of force. Unless it was large, skerry pipeline undo ${name} brings it back.\n`,
    );
    return 0;
  },
};

/** `skerry pipeline undo`: the version before is in force again. */
export const pipelineUndoVerb: Verb = {
  path: ['pipeline', 'undo'],
  summary: 'Puts the version before the one in force in force again; a second time, the one before that.',
  positionals: [NAME],
  flags: [...PLACE_FLAGS, ...INSTANCE_FLAGS],
  examples: ['skerry pipeline undo hot'],
  async run(context) {
    const { signal, ...place } = named(context);
    const { name, kind } = place;
    const detail = await openClient(context).undoPipeline(place, { signal });
    const state = detail.inForce ? `version ${detail.version} is in force` : 'nothing is in force';
    context.stderr.write(
      `${kind} ${name}: ${state}, as it was before. skerry pipeline history ${name} tells all versions.\n`,
    );
    return 0;
  },
};

/** `skerry pipeline history`: every version with author and time. */
export const pipelineHistoryVerb: Verb = {
  path: ['pipeline', 'history'],
  summary: 'Versions of a document with author and time, the newest first.',
  positionals: [NAME],
  flags: [...PLACE_FLAGS, OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry pipeline history hot', 'skerry pipeline history hot -o yaml'],
  async run(context) {
    const { signal, ...place } = named(context);
    const page = await openClient(context).getPipelineHistory(place, { signal });
    await printRows(context, outputFormat(context.flags.output), page.items, VERSION_COLUMNS, page);
    return 0;
  },
};

const VERSION_COLUMNS: readonly Column<PipelineVersion>[] = [
  { title: 'VERSION', align: 'right', cell: ({ version }) => String(version) },
  { title: 'CHANGED', cell: ({ changed }) => changed },
  { title: 'AUTHOR', cell: ({ author }) => author },
  {
    title: 'ACTION',
    cell: ({ action, of, version }) => (of === version ? action : `${action} to version ${of}`),
  },
  { title: 'FROM OFFSET', align: 'right', cell: ({ offset }) => String(offset) },
];

function named(context: VerbContext) {
  const kind = KINDS.find((one) => one === (context.flags.kind ?? 'Pipeline'));
  const [name] = context.positionals;
  if (kind === undefined || name === undefined)
    throw new CliError('usage', 'The name of a document is missing.');
  const { tenant, project } = context.flags;
  return {
    name,
    kind,
    ...(typeof tenant === 'string' ? { tenant } : {}),
    ...(typeof project === 'string' ? { project } : {}),
    signal: context.signal,
  };
}
