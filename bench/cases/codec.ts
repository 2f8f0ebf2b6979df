import { type BenchCase, type Figures, type Side, SKERRY, timesPeer } from '../frame/case.ts';
import { runScript } from '../frame/script-run.ts';

const SCRIPT = new URL('./codec-run.ts', import.meta.url);

function side(name: string, promise: string): Side {
  return {
    name,
    promise,
    run: async ({ secs }) => {
      const [figures] = await runScript(SCRIPT, [name, String(secs)]);
      return figures as Figures; // what codec-run.ts prints
    },
  };
}

/** Decoding PUBLISH and encoding PUBACK, beside mqtt-packet. */
export const CODEC: BenchCase = {
  name: 'codec',
  title:
    'Codec: PUBLISH decoded, PUBACK encoded; 1,000 topics that come again, which our side knows by their bytes',
  sides: [
    side(
      SKERRY,
      'topic as checked string, payload as view, all properties checked; topics found by their bytes as the broker does',
    ),
    side(
      'mqtt-packet',
      'topic as string, looked through for what was not UTF-8; payload as view; properties not checked',
    ),
    side(
      'skerry-objects',
      'the same codec with an object for every packet and without knowing any topic from before',
    ),
  ],
  targets: [
    timesPeer('perSec', 3, 'mqtt-packet'),
    {
      wanted: 'all sides deliver the same and refuse the same',
      judge: (medians) => {
        const found = Object.values(medians).map(
          ({ refused, checksum }) => `${refused} refused, ${checksum}`,
        );
        if (found.length < 2 || found.some((text) => text.includes('undefined'))) return undefined;
        const isMet = new Set(found).size === 1;
        return { found: isMet ? 'the same' : found.join(' / '), isMet };
      },
    },
  ],
  short: { rounds: 3, secs: 2 },
  full: { rounds: 5, secs: 10 },
  notes: [
    '16 connections of 4,096 PUBLISH packets in reads of 64 KiB, 1,000 topics, one in twenty not ASCII; half MQTT 5, two thirds of those packets with properties; every fourth connection ends with a topic that is not UTF-8. Each side in a process of its own.',
  ],
};
