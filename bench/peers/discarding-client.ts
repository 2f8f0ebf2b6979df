// A subscriber that acknowledges and discards: what the broker can give.
import { createMeter } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { type MessageConsumer, openSubscriber, type Subscriber } from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';

const [, , , url = ''] = process.argv;
let taken = 0;
let owed = 0;
let subscriber: Subscriber | undefined;
const consumer: MessageConsumer = {
  take: () => {
    taken++;
    if (owed++ === 0)
      setImmediate(() => {
        subscriber?.acknowledge(owed);
        owed = 0;
      });
  },
  refusal: () => undefined,
};
subscriber = await openSubscriber(
  {
    name: 'peer',
    clientId: 'peer',
    filters: [{ filter: 'mtic/msg/client/realtime/#' }],
    level: 4,
    receiveMaximum: 1_000,
  },
  { dial: brokerDialer(url), clock: nodeClock(), random: nodeRandom(), meter: createMeter(), consumer },
);
await subscriber.subscribed();
process.send?.(0);
process.on('message', () => process.send?.(taken));
process.on('disconnect', () => process.exit());
