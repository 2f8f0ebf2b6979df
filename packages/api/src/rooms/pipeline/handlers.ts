import {
  type DocumentFault,
  isAllowed,
  parseStagesDocument,
  SOURCE_ANNOTATION,
  type StagesDocument,
} from '@skerry/model';
import type { Asker } from '../../admission.ts';
import type { Call, Handlers } from '../../call.ts';
import { ApiError, type RequestFault } from '../../errors.ts';
import { requireMatch, versionTag } from '../../etag.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import type { Model } from '../../schemas.ts';
import { parseTime } from '../../time.ts';
import type { PIPELINE_OPERATIONS } from './operations.ts';
import { showDetail, showEntry, showShadow, showTrial, showVersion } from './shape.ts';
import type {
  DocumentChange,
  DocumentDetail,
  DocumentKind,
  DocumentScope,
  ShadowRange,
  TrialSample,
} from './stage-platform.ts';

type Needs = Pick<HandlerNeeds, 'platform' | 'access' | 'clock'>;
type Ids = keyof typeof PIPELINE_OPERATIONS;

/** Serves the declared pipelines: who may read or change all of what a document is about may do so with the document. */
export function pipelineHandlers(needs: Needs): Handlers<Ids> {
  const { stages } = needs.platform;
  return {
    listPipelines: async ({ asker }) => {
      const all = await stages.list();
      const items = all.filter(({ match }) => isAllowed(asker.subject, 'pipeline:read', scopeOf(match)));
      return { items: items.map(showEntry) };
    },
    getPipeline: async (call) => {
      const detail = await seen(call, needs);
      if (!detail.isInForce) throw unknown(detail.kind, detail.name);
      return answerWith(call, detail);
    },
    getPipelineHistory: async (call) => ({ items: (await seen(call, needs)).versions.map(showVersion) }),
    putPipeline: (call) => put(call, needs),
    deletePipeline: async (call) => change(call, needs, await seen(call, needs), 'remove'),
    undoPipeline: async (call) => change(call, needs, await seen(call, needs), 'undo'),
    testPipelines: (call) => tryOut(call, needs),
    shadowPipelines: (call) => shadow(call, needs),
  };
}

type NamedCall = Call<'getPipeline' | 'getPipelineHistory' | 'deletePipeline' | 'undoPipeline'>;

/**
 * The document of the path, where the subject may see it. Without a tenant it is the only one of its name that the
 * subject sees, those in force before those that were removed.
 */
async function seen({ asker, params, query }: NamedCall, { platform }: Needs): Promise<DocumentDetail> {
  const { kind = 'Pipeline', tenant, project } = query;
  const { name } = params;
  const isSeen = ({ match }: Pick<DocumentDetail, 'match'>) =>
    isAllowed(asker.subject, 'pipeline:read', scopeOf(match));
  let scope: DocumentScope | undefined;
  if (tenant !== undefined || project !== undefined)
    scope = { ...(tenant ? { tenant } : {}), ...(project ? { project } : {}) };
  else {
    const all = (await platform.stages.list()).filter(
      (one) => one.kind === kind && one.name === name && isSeen(one),
    );
    const inForce = all.filter(({ isInForce }) => isInForce);
    const [first, ...others] = inForce.length > 0 ? inForce : all;
    if (first && others.length > 0) throw severalOf(kind, name, [first, ...others]);
    scope = first && scopeOf(first.match);
  }
  const detail = scope && (await platform.stages.get(kind, name, scope));
  if (detail && isSeen(detail)) return detail;
  throw unknown(kind, name);
}

function severalOf(
  kind: DocumentKind,
  name: string,
  all: readonly Pick<DocumentDetail, 'match'>[],
): ApiError {
  const places = all.map(({ match: { tenant = '', project = '' } }) => `tenant=${tenant}&project=${project}`);
  return new ApiError(
    'invalid-request',
    `${all.length} documents are the ${kind} ${name}; the query was to name the tenant and project of one: ${places.join(' or ')}`,
  );
}

/** A text that was written for the document in force is not that of another one. */
function withoutOldSource(document: StagesDocument, before: StagesDocument | undefined): StagesDocument {
  const { annotations: { [SOURCE_ANNOTATION]: source, ...others } = {}, ...metadata } = document.metadata;
  if (source === undefined || source !== before?.metadata.annotations?.[SOURCE_ANNOTATION]) return document;
  if (JSON.stringify({ ...document, metadata }) === JSON.stringify({ ...before, metadata })) return document;
  const annotations = Object.keys(others).length === 0 ? {} : { annotations: others };
  return { ...document, metadata: { ...metadata, ...annotations } };
}

async function put(call: Call<'putPipeline'>, needs: Needs): Promise<Model<'PipelineDetail'>> {
  const { params, body, asker } = call;
  const document = await documentIn(body, '', needs, asker, 'pipeline:change');
  const { kind, metadata, spec } = document;
  if (metadata.name !== params.name)
    throw refusal(
      [{ path: 'metadata.name', detail: `is ${metadata.name}, wanted ${params.name} as in the path` }],
      '',
    );
  const { name } = metadata;
  const { match } = spec;
  const before = await needs.platform.stages.get(kind, name, scopeOf(match));
  const current = before?.isInForce ? before.document : undefined;
  return change(call, needs, before ?? { kind, name, match }, 'apply', withoutOldSource(document, current));
}

/** Makes a change of the document as it was seen: another one in between refuses it, whoever made that. */
async function change(
  call: Call<'putPipeline' | 'deletePipeline' | 'undoPipeline'>,
  { platform, access }: Needs,
  before: DocumentDetail | Pick<DocumentDetail, 'kind' | 'name' | 'match'>,
  action: DocumentChange['action'],
  document?: StagesDocument,
): Promise<Model<'PipelineDetail'>> {
  const { asker, request } = call;
  const { kind, name } = before;
  const scope = scopeOf(before.match);
  allow(asker, scope);
  const current = 'isInForce' in before && before.isInForce ? before : undefined;
  requireMatch(request, current && versionTag(current.offset));
  if (request.headers['if-none-match'] === '*' && current)
    throw new ApiError('precondition-failed', `found version ${current.version}, if-none-match wants none`);
  const isGuarded =
    request.headers['if-match'] !== undefined || request.headers['if-none-match'] !== undefined;
  const asked: DocumentChange = {
    action,
    kind,
    name,
    scope,
    expected: current?.offset ?? -1,
    ...(document ? { document } : {}),
  };
  const { subject, from } = asker;
  const note = {
    author: subject.name,
    action: `pipelines.${action}`,
    target: `${kind} ${name}`,
    from,
    scope,
  };
  const outcome = await access.audit.around(note, () => platform.stages.change(asked, subject.name));
  const { state, detail, faults } = outcome;
  if (state === 'refused' && action === 'apply' && faults.length > 0) throw refusal(faults, '');
  if (state === 'refused')
    throw new ApiError('conflict', [detail, ...faults.map((one) => `${one.path}: ${one.detail}`)].join(' '));
  if (state === 'conflict') throw new ApiError(isGuarded ? 'precondition-failed' : 'conflict', detail);
  if (state === 'not-found') throw new ApiError('not-found', detail);
  const after = await platform.stages.get(kind, name, scope);
  if (!after) throw unknown(kind, name);
  return answerWith(call, after);
}

async function tryOut(
  { asker, body }: Call<'testPipelines'>,
  needs: Needs,
): Promise<Model<'PipelineTrialOutcome'>> {
  const { platform } = needs;
  const document =
    body.document === undefined
      ? undefined
      : await documentIn(body.document, '/document', needs, asker, 'pipeline:read');
  const samples: TrialSample[] = [];
  for (const [i, sample] of body.samples.entries()) samples.push(await sampleOf(sample, i, asker, needs));
  const outcomes = await platform.stages.trial(document, samples);
  for (const { tenant, project } of outcomes)
    if (tenant !== '') allow(asker, { tenant, project }, 'pipeline:read');
  return { items: outcomes.map(showTrial) };
}

type BodySample = Model<'PipelineTrial'>['samples'][number];

async function sampleOf(
  { topic, payload, encoding = 'text', contentType, received, deadLetter }: BodySample,
  index: number,
  { subject }: Asker,
  needs: Needs,
): Promise<TrialSample> {
  const rest = contentType === undefined ? {} : { contentType };
  if (deadLetter !== undefined) {
    const letter = await needs.platform.deadLetter(deadLetter);
    if (!letter || !isAllowed(subject, 'dead-letters:read', letter))
      throw new ApiError('not-found', `no dead letter has the offset ${deadLetter}`);
    const { payload, receivedMicros, headers } = letter;
    const kept = headers === undefined ? {} : { headers };
    return { topic: letter.topic, payload, receivedMicros, ...kept, ...rest };
  }
  const at = `samples[${index}]`;
  if (topic === undefined)
    throw refusal([{ path: `${at}.topic`, detail: 'is missing beside no deadLetter' }], '');
  if (payload === undefined)
    throw refusal([{ path: `${at}.payload`, detail: 'is missing beside no deadLetter' }], '');
  if (encoding !== 'json' && typeof payload !== 'string')
    throw refusal(
      [{ path: `${at}.payload`, detail: `is no text, wanted one for the encoding ${encoding}` }],
      '',
    );
  const bytes =
    encoding === 'base64'
      ? Buffer.from(String(payload), 'base64')
      : Buffer.from(encoding === 'json' ? JSON.stringify(payload) : String(payload));
  const receivedMicros =
    received === undefined ? undefined : momentOf(received, `${at}.received`, needs.clock.nowMicros());
  return { topic, payload: bytes, ...rest, ...(receivedMicros === undefined ? {} : { receivedMicros }) };
}

async function shadow(
  { asker, body, signal }: Call<'shadowPipelines'>,
  needs: Needs,
): Promise<Model<'PipelineShadowReport'>> {
  const { platform, clock } = needs;
  const nowMicros = clock.nowMicros();
  const { document: written, fromOffset, toOffset, from, to, lastRecords } = body;
  const document = await documentIn(written, '/document', needs, asker, 'pipeline:read');
  const range: ShadowRange = {
    ...(fromOffset === undefined ? {} : { fromOffset }),
    ...(toOffset === undefined ? {} : { toOffset }),
    ...(from === undefined ? {} : { fromMicros: momentOf(from, 'from', nowMicros) }),
    ...(to === undefined ? {} : { toMicros: momentOf(to, 'to', nowMicros) }),
    ...(lastRecords === undefined ? {} : { lastRecords }),
  };
  return showShadow(await platform.stages.shadow(document, range, signal));
}

/** The entity tag of the document beside its answer. */
function answerWith(
  call: Pick<Call<'getPipeline'>, 'reply'>,
  detail: DocumentDetail,
): Model<'PipelineDetail'> {
  call.reply.header('etag', versionTag(detail.offset));
  return showDetail(detail);
}

/** The document of a body, which can be put in force; else every fault at once, those of its expressions too. */
async function documentIn(
  value: unknown,
  at: string,
  { platform }: Needs,
  asker: Asker,
  action: 'pipeline:read' | 'pipeline:change',
): Promise<StagesDocument> {
  const parsed = parseStagesDocument(value);
  // before anything is looked up for it
  allow(asker, (parsed.document ?? parsed.partial.document).spec.match, action);
  const faults = parsed.document
    ? await platform.stages.check(parsed.document)
    : [...parsed.faults, ...(await platform.stages.check(parsed.partial.document, parsed.partial.places))];
  if (parsed.document && faults.length === 0) return parsed.document;
  throw refusal(
    faults.filter(({ path }, i) => faults.findIndex((one) => one.path === path) === i),
    at,
  );
}

/** Every fault with its pointer into the body. */
function refusal(faults: readonly DocumentFault[], at: string): ApiError {
  const errors = faults.map(({ path, detail }): RequestFault => {
    const pointer = path === '' ? '' : `/${path.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`;
    return { in: 'body', pointer: `#${at}${pointer}`, detail };
  });
  const detail = faults
    .map((one) => (one.path === '' ? one.detail : `${one.path}: ${one.detail}`))
    .join('; ');
  return new ApiError('invalid-request', detail, { errors });
}

function momentOf(written: string, path: string, nowMicros: number): number {
  const micros = parseTime(written, nowMicros);
  if (micros !== undefined) return micros;
  throw refusal([{ path, detail: `is ${JSON.stringify(written)}, wanted a time in ISO 8601` }], '');
}

function scopeOf({ tenant, project }: { readonly tenant?: string; readonly project?: string }) {
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
  };
}

function allow(
  { subject }: Asker,
  match: Parameters<typeof scopeOf>[0],
  action: 'pipeline:read' | 'pipeline:change' = 'pipeline:change',
): void {
  if (isAllowed(subject, action, scopeOf(match))) return;
  const { tenant = 'all tenants', project = 'all projects' } = match;
  throw new ApiError('not-allowed', `${subject.name} has no grant for ${action} in ${tenant}, ${project}`);
}

function unknown(kind: DocumentKind, name: string): ApiError {
  return new ApiError('not-found', `no ${kind} ${JSON.stringify(name)} is in force`);
}
