import { type CommandNeeds, followCommands, type GatewayCommand } from '@skerry/journal/kafka';
import type { Meter } from '@skerry/kernel';
import { rebirthCommand, rebirthTopic } from '@skerry/pipeline/rebirth';
import type { SkerryConfig } from '../../config/schema.ts';
import { LIMITS } from '../../limits.ts';
import { topicWishOf } from '../kafka-way.ts';
import type { GatewaySources } from './gateway-sources.ts';

/** What requests for births are passed on with. */
export interface RebirthCommandsNeeds extends CommandNeeds {
  readonly sources: Pick<GatewaySources, 'publish'>;
  /** Journal of this gateway: who took the record in that made the births wanted asks for them. */
  readonly journalId: string;
  readonly meter: Meter;
}

/** First levels of filters that Sparkplug's topics can match. */
const FIRST_LEVELS = ['spBv1.0', '+', '#'];

/** Publishes the requests of writers for births of Sparkplug edge nodes at the brokers that their messages come from. Disposing ends it. */
export function passOnRebirths(
  config: Pick<SkerryConfig, 'kafka' | 'sources'>,
  { sources, journalId, meter, ...needs }: RebirthCommandsNeeds,
): AsyncDisposable {
  const passed = meter.counter(
    'iot_gateway_rebirths_total',
    'Requests for births that were published to Sparkplug edge nodes.',
  );
  const isSparkplug = config.sources.some(({ topics }) =>
    topics.some((filter) => FIRST_LEVELS.includes(filter.split('/')[0] ?? '')),
  );
  if (!isSparkplug) return { [Symbol.asyncDispose]: async () => undefined };
  const client = needs.client.fork();
  const ending = new AbortController();
  const take = ({ group, node, gateway }: GatewayCommand, sentMicros: number): void => {
    const nowMicros = needs.clock.nowMicros();
    const isOld = nowMicros - sentMicros > LIMITS.rebirthRecordMs.value * 1_000;
    if (isOld || (gateway !== undefined && gateway !== journalId)) return;
    const heard = `spBv1.0/${group}/NDATA/${node}`;
    const count = sources.publish(heard, rebirthTopic(group, node), rebirthCommand(nowMicros));
    passed.add(count);
    needs.logger.log('info', 'A Sparkplug edge node is asked for its births', {
      group,
      node,
      brokers: count,
    });
  };
  const following = followCommands(topicWishOf(config), { ...needs, client }, take, ending.signal);
  following.catch(() => undefined); // it is awaited at the end
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await client[Symbol.asyncDispose]();
      await following.catch(() => undefined); // a fault of an end
    },
  };
}
