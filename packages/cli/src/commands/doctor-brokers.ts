import { createMeter } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { openSubscriber, type Subscriber, type SubscriberEvent, type WantedFilter } from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';
import type { SourceConfig } from '../config/role-schema.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { sourceNotes } from '../config/site-rules.ts';
import { sourceOptions, sourceTls } from '../processes/gateway/source-options.ts';
import type { Finding } from './doctor.ts';
import { ANSWER_MS, count, guarded, ok } from './doctor-looks.ts';

const RETAINED_MS = 1_000;

/** Looks at the external MQTT brokers, and at what their sources do that people may not want. */
export async function brokerFindings(config: SkerryConfig): Promise<Finding[]> {
  const looks = config.sources.map((source) => brokerFinding(source, config.gateway.group));
  return [...noteFindings(config), ...(await Promise.all(looks)).flat()];
}

function noteFindings(config: SkerryConfig): Finding[] {
  const advice = 'Change sources where it matters; docs/ENGINES.md says more.';
  return sourceNotes(config).map((found) => ({ check: 'sources', verdict: 'warning', found, advice }));
}

/** How a source of the doctor is subscribed to. */
interface Look {
  readonly source: SourceConfig;
  readonly clientId: string;
  readonly filters: readonly WantedFilter[];
  readonly onMessage?: (payload: string) => void;
  readonly onEvent?: (event: SubscriberEvent) => void;
}

/**
 * Subscribes beside the gateways: what comes is a copy, and the session is ended. A source with a share is asked for in a
 * share of doctor's own, since the right to `$share` and the broker's knowing it are another matter than the filter's.
 */
async function brokerFinding(source: SourceConfig, group: string): Promise<Finding[]> {
  const check = `mqtt ${source.name}`;
  const advice = `Start the broker, or mend url, username, passwordFile and caFile of the source ${source.name}.`;
  return await guarded(check, source.url, advice, async () => {
    const clientId = `${group}-doctor-${process.pid}`;
    const share = source.share === '' ? '' : `${source.share}-doctor`;
    const { filters: wanted } = sourceOptions({ ...source, share });
    let why = '';
    let open = wanted.length;
    const answered = Promise.withResolvers<void>();
    const onEvent = (event: SubscriberEvent): void => {
      if (event.why !== '') ({ why } = event);
      const isAnswer = event.type === 'subscribed' || event.type === 'subscription-refused';
      if (isAnswer && --open === 0) answered.resolve();
    };
    await using subscriber = await subscribe({ source, clientId, filters: wanted, onEvent });
    await inTime(answered.promise);
    const { filters, phase } = subscriber.state();
    if (phase !== 'connected')
      return [{ check, verdict: 'fault', found: `${source.url}: ${why || 'no answer'}`, advice }];
    await subscriber.endSession(AbortSignal.timeout(ANSWER_MS / 4)).catch(() => undefined); // it expires by itself at level 5
    const version = await versionOf(source, `${clientId}-version`);
    const found = `${source.url}${version === '' ? '' : `, ${version}`}, MQTT ${source.protocol}`;
    const refused = filters.filter(({ why: fault }) => fault !== '');
    const ways = share === '' ? '' : ', in a share';
    if (refused.length === 0)
      return [ok(check, `${found}, ${count(wanted.length, 'filter')} granted${ways}`)];
    const words = refused.map((one) => one.why).join('; ');
    const grant =
      share === ''
        ? 'Let the user subscribe to these filters, with the QoS of the source.'
        : `Let the user subscribe to these filters with the share ${JSON.stringify(source.share)} of the source, and with its QoS; without $share at the broker leave share empty.`;
    return [{ check, verdict: 'fault', found: `${found}: ${words}`, advice: grant }];
  });
}

/** What mosquitto says of itself; empty for others. Some brokers cut the connection of who asks, so it is one of its own. */
async function versionOf(source: SourceConfig, clientId: string): Promise<string> {
  const told = Promise.withResolvers<string>();
  await using _ = await subscribe({
    source,
    clientId,
    filters: [{ filter: '$SYS/broker/version', qos: 0 }],
    onMessage: told.resolve,
    onEvent: ({ type }) => {
      if (type === 'disconnected' || type === 'subscription-refused') told.resolve('');
      // what is retained comes behind the answer
      if (type === 'subscribed')
        void nodeClock()
          .sleep(RETAINED_MS)
          .then(() => told.resolve(''));
    },
  });
  return (await inTime(told.promise)) ?? '';
}

async function subscribe({ source, onMessage, onEvent, ...own }: Look): Promise<Subscriber> {
  const later: { subscriber?: Subscriber } = {};
  const subscriber = await openSubscriber(
    {
      ...sourceOptions(source),
      ...own,
      sessionExpirySecs: 0,
      ...(onEvent ? { onEvent } : {}),
    },
    {
      dial: brokerDialer(source.url, sourceTls(source)),
      clock: nodeClock(),
      random: nodeRandom(),
      meter: createMeter(),
      consumer: {
        refusal: () => undefined,
        take: (message) => {
          onMessage?.(Buffer.from(message.payload).toString());
          later.subscriber?.settle(message.number);
        },
      },
    },
  );
  later.subscriber = subscriber;
  return subscriber;
}

/** What comes in half of the time of an engine; undefined when nothing does. */
async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  const late = nodeClock()
    .sleep(ANSWER_MS / 2, over.signal)
    .then(() => undefined);
  return await Promise.race([work, late]).finally(() => over.abort());
}
