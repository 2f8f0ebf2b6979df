import type { Address, Clock, Logger } from '@skerry/kernel';
import { openPublisher, type PublisherNeeds } from '@skerry/mqtt';
import { type FarmMessage, WindFarm } from '../demo/wind-farm.ts';

/** What the demo works with. */
export interface DemoNeeds extends PublisherNeeds {
  readonly clock: Clock;
  readonly logger: Logger;
}

const SEED = 20_260;
const TURBINES = 12;
const STEP_MS = 1_000;

/**
 * Publishes a simulated wind farm over MQTT: twelve turbines and a met mast, one message each a second, as tenant `demo`,
 * project `wind-farm`. While the broker does not take its messages the wind stands still. Disposing it ends it.
 */
export async function startDemo(address: Address, needs: DemoNeeds): Promise<AsyncDisposable> {
  const { clock, logger } = needs;
  const farm = new WindFarm({
    seed: SEED,
    turbines: TURBINES,
    tenant: 'demo',
    project: 'wind-farm',
    epoch: Math.floor(clock.nowMicros() / 1e6),
  });
  const publisher = await openPublisher(
    { address, clientId: 'skerry-demo', keepAliveSecs: 30, window: 64 },
    needs,
  );
  const encoder = new TextEncoder();
  let unsent: FarmMessage[] = [];
  const ticker = clock.startTicker(STEP_MS, () => {
    if (publisher.failure) {
      logger.log('error', 'The demo has ended.', { fault: publisher.failure });
      ticker[Symbol.dispose]();
      return;
    }
    if (unsent.length === 0) unsent = farm.step(clock.nowMicros(), STEP_MS / 1_000);
    while (unsent[0] && publisher.publish(unsent[0].topic, encoder.encode(unsent[0].payload))) unsent.shift();
  });
  return {
    [Symbol.asyncDispose]: async () => {
      ticker[Symbol.dispose]();
      await publisher[Symbol.asyncDispose]();
    },
  };
}
