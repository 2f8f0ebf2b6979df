import type { Clock, Meter } from '@skerry/kernel';
import type { RebirthCause, RebirthWanted } from './decoders/sparkplug-book.ts';
import { faultMessage } from './fault-message.ts';
import { LIMITS } from './limits.ts';
import type { LiveSubscription } from './live-subscription.ts';
import type { Mailbox } from './mailbox.ts';
import type { Pipeline } from './pipeline.ts';
import type { FromPipeline, PipelineRequests, ToPipeline } from './pipeline-messages.ts';

/** A pipeline that is answered for. */
export interface ServedPipeline extends Disposable {
  /** Passes on that the births of a Sparkplug edge node are wanted. */
  rebirth(node: RebirthWanted, cause: RebirthCause): void;
}

interface Feed {
  readonly subscription: LiveSubscription;
  /** True while the other side has not used up what it was sent. */
  isBusy: boolean;
}

/**
 * Answers a `PipelineClient` on another thread: requests by id, and points to each live feed every 100 ms, one message
 * at a time per feed. Disposing it ends the feeds; the pipeline stays the caller's.
 */
export function servePipeline(
  mailbox: Mailbox,
  pipeline: Pipeline,
  needs: { readonly clock: Pick<Clock, 'startTicker'>; readonly meter: Pick<Meter, 'snapshot'> },
): ServedPipeline {
  const feeds = new Map<number, Feed>();
  const post = (message: FromPipeline): void => mailbox.post(message);
  mailbox.onMessage((message) => {
    // the other end is a PipelineClient of the same build
    receive(message as ToPipeline, pipeline, needs.meter, feeds, post);
  });
  const ticker = needs.clock.startTicker(LIMITS.liveTickMs.value, () => {
    for (const [id, feed] of feeds) push(id, feed, post);
  });
  pipeline.ended.then(
    () => post({ type: 'ended', fault: undefined }),
    (fault: unknown) => post({ type: 'ended', fault: faultMessage(fault) }),
  );
  return {
    rebirth: (node, cause) => post({ type: 'rebirth', node, cause }),
    [Symbol.dispose]: () => {
      ticker[Symbol.dispose]();
      for (const feed of feeds.values()) feed.subscription[Symbol.dispose]();
      feeds.clear();
    },
  };
}

function receive(
  message: ToPipeline,
  pipeline: Pipeline,
  meter: Pick<Meter, 'snapshot'>,
  feeds: Map<number, Feed>,
  post: (message: FromPipeline) => void,
): void {
  switch (message.type) {
    case 'request':
      void answer(message, pipeline, meter, post);
      return;
    case 'offer':
      pipeline.offer(message.batch);
      return;
    case 'subscribe':
      subscribe(message, pipeline, feeds, post);
      return;
    case 'taken': {
      const feed = feeds.get(message.id);
      if (feed) feed.isBusy = false;
      return;
    }
    case 'unsubscribe':
      feeds.get(message.id)?.subscription[Symbol.dispose]();
      feeds.delete(message.id);
  }
}

async function answer(
  request: Extract<ToPipeline, { type: 'request' }>,
  pipeline: Pipeline,
  meter: Pick<Meter, 'snapshot'>,
  post: (message: FromPipeline) => void,
): Promise<void> {
  const { id, method, args } = request;
  const methods: PipelineRequests = requestsOf(pipeline, meter);
  try {
    // the client's methods have the types of these, so the arguments fit
    const value = await (methods[method] as (...args: unknown[]) => unknown)(...args);
    post({ type: 'answer', id, value });
  } catch (fault) {
    post({ type: 'fault', id, fault: faultMessage(fault) });
  }
}

function requestsOf(pipeline: Pipeline, meter: Pick<Meter, 'snapshot'>): PipelineRequests {
  return {
    flush: () => pipeline.flush(),
    devices: (query) => pipeline.devices(query),
    device: (key) => pipeline.device(key),
    latest: (key) => pipeline.latest(key),
    gaps: (query) => pipeline.gaps(query),
    points: (query) => pipeline.points(query),
    deadLetters: (filter) => pipeline.deadLetters(filter),
    deadLetter: (offset) => pipeline.deadLetter(offset),
    deadLetterReasons: (scope) => pipeline.deadLetterReasons(scope),
    ledger: () => pipeline.ledger(),
    alarms: () => pipeline.alarms(),
    figures: () => pipeline.figures(),
    connectivity: (query) => pipeline.connectivity(query),
    metrics: () => meter.snapshot(),
    stageList: () => pipeline.stages.list(),
    stageGet: (kind, name, scope) => pipeline.stages.get(kind, name, scope),
    stageCheck: (document, places) => pipeline.stages.check(document, places),
    stageOutcome: (id) => pipeline.stages.outcome(id),
    stageTrial: (request) => pipeline.stages.trial(request),
    stageShadow: (id, document, range) => pipeline.stages.shadow(id, document, range),
    stageShadowCancel: (id) => pipeline.stages.cancelShadow(id),
  };
}

function subscribe(
  message: Extract<ToPipeline, { type: 'subscribe' }>,
  pipeline: Pipeline,
  feeds: Map<number, Feed>,
  post: (message: FromPipeline) => void,
): void {
  const { id, filters, cursor } = message;
  try {
    const feed: Feed = { subscription: pipeline.subscribe(filters, cursor), isBusy: false };
    feeds.set(id, feed);
    const first = feed.subscription.pull();
    feed.isBusy = true;
    // the first pull is always sent: it carries the cursor that the feed begins at
    post({ type: 'live', id, pull: first });
  } catch (fault) {
    post({ type: 'refused', id, fault: faultMessage(fault) });
  }
}

function push(id: number, feed: Feed, post: (message: FromPipeline) => void): void {
  if (feed.isBusy) return;
  const pull = feed.subscription.pull();
  if (pull.rows === 0 && !pull.gap) return;
  feed.isBusy = true;
  post({ type: 'live', id, pull });
}
