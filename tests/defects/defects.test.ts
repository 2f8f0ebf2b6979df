import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHead, viewOf } from '@skerry/series';
import { formatReport, type VerdictName } from '@skerry/verify';
import { turn } from './model-journal.ts';
import { type NodeParts, portOver, SOUND } from './model-node.ts';
import { playScenario } from './scenario.ts';

const SEEDS = [1, 2, 3];
const NO_POINTS = createHead(1, 0);

/** The nine planted defects: what is replaced, and the verdict that must find it. */
const DEFECTS: Readonly<
  Record<string, { readonly parts: Partial<NodeParts>; readonly verdict: VerdictName }>
> = {
  'ack before commit': {
    verdict: 'lost',
    parts: {
      ingress: async (node, messages) => {
        for (const message of messages) {
          void node.journal.append([node.record(message)]);
          node.acknowledge(message);
        }
        await turn();
      },
    },
  },
  'position committed before the data': {
    verdict: 'lost',
    parts: {
      storePort: (store, gate) => {
        const seal: typeof store.seal = async (seal) => {
          const number = 2 * seal.number;
          await store.seal({ ...seal, number: number - 1, points: viewOf(NO_POINTS, number - 1) });
          await gate();
          const { position, points } = seal;
          await store.seal({
            ...seal,
            number,
            from: position,
            points: { ...points, sealNumber: number },
            verdicts: [],
            dedupe: [],
          });
        };
        const load: typeof store.load = async () => {
          const state = await store.load();
          if (state.sealNumber % 2 === 0) return { ...state, sealNumber: state.sealNumber / 2 };
          // the data of the last seal never came
          await store.seal(emptySeal(state));
          return { ...state, sealNumber: (state.sealNumber + 1) / 2 };
        };
        return portOver(store, seal, load);
      },
    },
  },
  'dedupe window lost at restart': {
    verdict: 'dup-resend',
    parts: {
      storePort: (store, gate) =>
        portOver(
          SOUND.storePort(store, gate),
          (seal) => SOUND.storePort(store, gate).seal(seal),
          async () => ({
            ...(await store.load()),
            dedupe: [],
          }),
        ),
    },
  },
  'unordered work inside a key': {
    verdict: 'order',
    parts: {
      ingress: async (node, messages) => {
        const work = messages.map(async (message) => {
          for (let i = node.random.int(6); i > 0; i--) await turn();
          while (!(await node.journal.append([node.record(message)]))) await turn();
          node.acknowledge(message);
        });
        await Promise.all(work);
      },
    },
  },
  'retry that reorders': {
    verdict: 'order',
    parts: {
      ingress: async (node, messages) => {
        const refused: (typeof messages)[number][] = [];
        for (const message of messages) {
          if (await node.journal.append([node.record(message)])) node.acknowledge(message);
          else refused.push(message);
        }
        if (refused.length > 0) await SOUND.ingress(node, refused);
      },
    },
  },
  'trim behind a position that is not synced': {
    verdict: 'lost',
    parts: { trimPosition: (pipeline) => pipeline.position },
  },
  'buffer that drops when full': {
    verdict: 'lost',
    parts: {
      ingress: async (node, messages) => {
        const buffer = messages.slice(0, 32);
        for (const message of messages.slice(32)) node.acknowledge(message);
        await SOUND.ingress(node, buffer);
      },
    },
  },
  'dedupe key with the wall clock': {
    verdict: 'dup-resend',
    parts: {
      ingress: async (node, messages) => {
        const { record } = node;
        const stamped = Object.create(node, {
          record: {
            value: (message: (typeof messages)[number]) => ({
              ...record.call(node, message),
              properties: { 'skerry-epoch': String(node.clock.nowMicros()) },
            }),
          },
          journal: { value: node.journal },
          acknowledge: { value: node.acknowledge.bind(node) },
        });
        await SOUND.ingress(stamped, messages);
      },
    },
  },
  'recovery that serves an unsynced tail': {
    verdict: 'damaged',
    parts: { syncsRecovered: false },
  },
};

/** A seal that changes nothing, with the next number. */
function emptySeal(state: Awaited<ReturnType<Parameters<NodeParts['storePort']>[0]['load']>>) {
  const { journalId, sealNumber, position, telemetryPosition, logTimeMicros } = state;
  const number = sealNumber + 1;
  return {
    number,
    journalId: String(journalId),
    from: position,
    position,
    telemetryPosition,
    logTimeMicros,
    points: viewOf(NO_POINTS, number),
    series: [],
    accounts: [],
    dedupe: [],
    gaps: [],
    deadLetters: [],
    deadLetterChanges: [],
    verdicts: [],
  };
}

test('verify finds nothing in the build without a defect', async () => {
  for (const seed of SEEDS) {
    const { report, refusal } = await playScenario(SOUND, seed);
    assert.equal(refusal, undefined);
    assert.equal(report.isClean, true, formatReport(report));
    assert.ok(report.sent.acked > 150 && report.sent.acked === report.sent.sent);
    assert.equal(report.kept.store?.records, report.sent.sent);
    assert.ok(Number(report.kept.journal?.wireDuplicates) > 0, 'something came twice');
  }
});

for (const [index, [name, { parts, verdict }]] of Object.entries(DEFECTS).entries()) {
  test(`verify finds planted defect ${index + 1}, ${name}, as ${verdict}`, async () => {
    for (const seed of SEEDS) {
      const { report } = await playScenario({ ...SOUND, ...parts }, seed);
      const found = report.verdicts[verdict];
      assert.ok(found.count > 0, formatReport(report));
      const [first] = found.findings;
      if (verdict !== 'damaged') assert.ok(first?.device !== undefined && first.seq !== undefined);
    }
  });
}
