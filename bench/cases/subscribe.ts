import { atMost, type BenchCase, type Figures, type Side, SKERRY, timesPeer } from '../frame/case.ts';
import { runScript } from '../frame/script-run.ts';

const SCRIPT = new URL('./subscribe-run.ts', import.meta.url);

function side(name: string, promise: string): Side {
  return {
    name,
    promise,
    run: async ({ secs }) => {
      const [figures] = await runScript(SCRIPT, [name, String(secs)]);
      return figures as Figures; // what subscribe-run.ts prints
    },
  };
}

/** Receiving from an external broker, beside mqtt.js. */
export const SUBSCRIBE: BenchCase = {
  name: 'subscribe',
  title:
    'Subscriber: messages of QoS 1 and 200 B taken from a broker that writes in batches, and acknowledged',
  sides: [
    side(SKERRY, 'topic and payload as views; PUBACK when the consumer has said durable, in order'),
    side('mqtt.js', 'topic as string, payload as Buffer; PUBACK when the listener has returned'),
  ],
  targets: [atMost('cpuSecsPerMillion', 1, 'CPU-s per million'), timesPeer('perSec', 3, 'mqtt.js')],
  short: { rounds: 2, secs: 2 },
  full: { rounds: 5, secs: 10 },
  notes: [
    'MQTT 5, one connection, window 4,096, 1,000 topics; the source sends 256 packets a write and runs in a process of its own on the same cores. CPU and RSS are of the subscribing process.',
  ],
};
