import { createMeter } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { openSubscriber, type Subscriber } from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';
import type { SourceConfig } from '../config/role-schema.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { sourceNotes } from '../config/site-rules.ts';
import { sourceOptions, sourceTls } from '../processes/gateway/source-options.ts';
import type { Finding } from './doctor.ts';
import { ANSWER_MS, count, guarded, ok } from './doctor-looks.ts';

/** Looks at the external MQTT brokers, and at what their sources do that people may not want. */
export async function brokerFindings(config: SkerryConfig): Promise<Finding[]> {
  const looks = config.sources.map((source) => brokerFinding(source, config.gateway.group));
  return [...noteFindings(config), ...(await Promise.all(looks)).flat()];
}

function noteFindings(config: SkerryConfig): Finding[] {
  const advice = 'Change sources where it matters; docs/ENGINES.md says more.';
  return sourceNotes(config).map((found) => ({ check: 'sources', verdict: 'warning', found, advice }));
}

/** Subscribes beside the gateways, not in their share: what comes is a copy, and the session is ended. */
async function brokerFinding(source: SourceConfig, group: string): Promise<Finding[]> {
  const check = `mqtt ${source.name}`;
  const advice = `Start the broker, or mend url, username, passwordFile and caFile of the source ${source.name}.`;
  return await guarded(check, source.url, advice, async () => {
    const options = sourceOptions({ ...source, share: '' });
    const clock = nodeClock();
    let version = '';
    let why = '';
    const later: { subscriber?: Subscriber } = {};
    const subscriber = await openSubscriber(
      {
        ...options,
        clientId: `${group}-doctor-${process.pid}`,
        filters: [...options.filters, { filter: '$SYS/broker/version', qos: 0 }],
        sessionExpirySecs: 0,
        isWatchingDrops: false,
        onEvent: (event) => {
          if (event.why !== '') ({ why } = event);
        },
      },
      {
        dial: brokerDialer(source.url, sourceTls(source)),
        clock,
        random: nodeRandom(),
        meter: createMeter(),
        consumer: {
          refusal: () => undefined,
          take: (message) => {
            if (Buffer.from(message.topic).toString() === '$SYS/broker/version')
              version = Buffer.from(message.payload).toString();
            later.subscriber?.settle(message.number);
          },
        },
      },
    );
    later.subscriber = subscriber;
    await using _ = subscriber;
    const over = new AbortController();
    const isSubscribed = await Promise.race([
      subscriber.subscribed(over.signal).then(() => true),
      clock.sleep(ANSWER_MS / 2, over.signal).then(() => false),
    ]).finally(() => over.abort());
    const { filters, phase } = subscriber.state();
    if (!isSubscribed && phase !== 'connected')
      return [{ check, verdict: 'fault', found: `${source.url}: ${why || 'no answer'}`, advice }];
    const refused = filters.filter(({ filter, why: fault }) => fault !== '' && !filter.startsWith('$SYS/'));
    await subscriber.endSession(AbortSignal.timeout(ANSWER_MS / 2)).catch(() => undefined); // it expires by itself at level 5
    const found = `${source.url}${version === '' ? '' : `, ${version}`}, MQTT ${source.protocol}`;
    if (refused.length === 0)
      return [ok(check, `${found}, ${count(options.filters.length, 'filter')} granted`)];
    const words = refused.map((one) => one.why).join('; ');
    const grant = 'Let the user subscribe to these filters, with the QoS of the source.';
    return [{ check, verdict: 'fault', found: `${found}: ${words}`, advice: grant }];
  });
}
