import { type BenchCase, type Figures, type Side, SKERRY } from '../frame/case.ts';
import { runScript } from '../frame/script-run.ts';

const SCRIPT = new URL('./stages-run.ts', import.meta.url);

function side(name: string, promise: string): Side {
  return {
    name,
    promise,
    run: async ({ secs }) => {
      const [figures] = await runScript(SCRIPT, [name, String(secs)]);
      return figures as Figures; // what stages-run.ts prints
    },
  };
}

/** Declared stages: a filter, a transform and an aggregate over 1,000 devices, beside the same written in JavaScript. */
export const STAGES: BenchCase = {
  name: 'stages',
  title: 'Stages: Filter, Transform and Aggregate over 1,000 devices',
  sides: [
    side(
      SKERRY,
      'a checked CEL filter, a CEL transform and windows of a minute; cost counted, all of it undoable',
    ),
    side('plain-js', 'the same by hand: no check, no cost, nothing can be undone'),
    side('filter', 'the filter alone'),
    side('transform', 'the transform alone'),
    side('aggregate', 'the aggregate alone'),
    side('messages', 'no stage: what making the messages costs'),
  ],
  targets: [
    {
      wanted: 'the same results as plain JavaScript',
      judge: (medians) => {
        const mine = medians[SKERRY];
        const its = medians['plain-js'];
        if (!mine || !its) return undefined;
        const isMet =
          mine.kept === its.kept && mine.results === its.results && mine.checksum === its.checksum;
        return { found: isMet ? 'the same' : `${JSON.stringify(mine)} / ${JSON.stringify(its)}`, isMet };
      },
    },
    {
      wanted: 'cpuSecsPerMillion <= 3',
      judge: (medians) => {
        const found = medians[SKERRY]?.cpuSecsPerMillion;
        return found === undefined ? undefined : { found: found.toFixed(2), isMet: found <= 3 };
      },
    },
  ],
  short: { rounds: 3, secs: 2 },
  full: { rounds: 5, secs: 5 },
  notes: [
    'One message per device and second, two metrics each; metrics are a map that is made for each message, as decoding does. Each side in a process of its own.',
  ],
};
