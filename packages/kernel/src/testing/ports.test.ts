import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock, nodeDisk, nodeNet } from '../node/index.ts';
import { turn } from '../node/turn.ts';
import { clockSuite } from './clock-suite.ts';
import { diskSuite } from './disk-suite.ts';
import { FakeClock } from './fake-clock.ts';
import { type NetUnderTest, netSuite } from './net-suite.ts';
import { SeededRandom } from './seeded-random.ts';
import { selfSigned } from './self-signed.ts';
import { memoryDisk } from './simulated-disk.ts';
import { SimulatedNet } from './simulated-net.ts';

diskSuite('nodeDisk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-disk-'));
  return {
    disk: nodeDisk(),
    folder,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
});

diskSuite('memoryDisk', () => ({
  disk: memoryDisk({ folders: ['/var/skerry'] }),
  folder: '/var/skerry',
  [Symbol.asyncDispose]: async () => undefined,
}));

clockSuite('nodeClock', () => ({ clock: nodeClock(), until: untilTurn }));

clockSuite('FakeClock', () => {
  const clock = new FakeClock();
  return { clock, until: (isTrue) => untilTurn(isTrue, () => clock.advance(0.5)) };
});

netSuite('nodeNet', () => netUnderTest(nodeNet()));

netSuite('nodeNet that gathers', () => netUnderTest(nodeNet({ readRestMs: 1 })));

netSuite('nodeNet over TLS', () => {
  const credentials = selfSigned();
  const { listenTls, connectTls } = nodeNet();
  return netUnderTest({
    listen: (address, onConnection) => listenTls(address, credentials, onConnection),
    connect: (address, signal) => connectTls(address, { authority: credentials.certificate }, signal),
  });
});

netSuite('SimulatedNet without a clock', () => netUnderTest(new SimulatedNet()));

for (const seed of [1, 2, 3]) {
  netSuite(`SimulatedNet of seed ${seed}`, () => {
    const clock = new FakeClock();
    const random = new SeededRandom(seed);
    return netUnderTest(new SimulatedNet({ clock, random }), () => clock.advance(1));
  });
}

function netUnderTest(net: NetUnderTest['net'], step?: () => void): NetUnderTest {
  return {
    net,
    until: (isTrue) => untilTurn(isTrue, step),
    during: async (answer) => {
      let isSettled = false;
      const settle = (): void => {
        isSettled = true;
      };
      answer.then(settle, settle);
      await untilTurn(() => isSettled, step);
      return answer;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The runner's own deadline ends a wait whose condition never comes true. */
async function untilTurn(isTrue: () => boolean, step: () => void = () => undefined): Promise<void> {
  while (!isTrue()) {
    step();
    await turn();
  }
}
