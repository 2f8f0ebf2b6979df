import { atLeast, atMost, type BenchCase, type Figures, type Run, type Side } from '../frame/case.ts';
import { type Broker, type Load, publishFor } from '../frame/load.ts';
import { startSkerry } from '../frame/skerry.ts';
import { pauseThread, whyNoPause } from '../frame/thread-pause.ts';
import { startMosquitto, whyNoMosquitto } from '../peers/mosquitto.ts';
import { PeerProcess } from '../peers/peer-process.ts';

/** PUBLISH -> fsync -> PUBACK while nothing is processed, for one number of connections and messages in flight of each. */
function puback(connections: number, window: number, least: number, mostCpu: number): BenchCase {
  const load = { connections, window, devices: Math.max(1_000, connections), metrics: 2, rate: 0 };
  return {
    name: `puback-${connections}x${window}`,
    title: `PUBLISH -> fsync -> PUBACK, pipeline paused, ${connections} connections x ${window} in flight`,
    sides: [
      {
        name: 'skerry',
        promise:
          'PUBACK after write and fdatasync of the journal. The whole server runs; its pipeline thread is stopped',
        whyMissing: whyNoPause,
        run: (run) => skerry(run, load),
      },
      peer(
        'aedes',
        'PUBACK after COMMIT of one SQLite file (WAL, synchronous=FULL), one transaction per turn of the loop, no subscriber',
        load,
        (folder) => PeerProcess.start('./aedes-sqlite.ts', folder),
      ),
      {
        ...peer(
          'mosquitto',
          'PUBACK before disk: the message is in memory, saved every 5 s (persistence on, kept for one absent subscriber)',
          load,
          startMosquitto,
        ),
        whyMissing: whyNoMosquitto,
      },
    ],
    targets: [atLeast('perSec', least, 'msg/s'), atMost('cpuSecsPerMillion', mostCpu, 'CPU-s/M')],
    short: { rounds: 3, secs: 3 },
    full: { rounds: 5, secs: 10 },
    notes: [
      'The pipeline thread of the real server is stopped by ptrace (PTRACE_SEIZE, PTRACE_INTERRUPT) before the load begins; everything else goes on.',
      'MQTT 3.1.1, JSON of 200 bytes, QoS 1; one second of warming up before each measurement, latencies include it.',
    ],
  };
}

/** The three shapes of the issue. */
export const PUBACK_CASES: readonly BenchCase[] = [
  puback(100, 100, 250_000, 1.5),
  puback(1_000, 10, 100_000, 3.5),
  puback(5_000, 4, 70_000, 5),
];

async function skerry({ folder, secs }: Run, load: Load): Promise<Figures> {
  await using broker = await startSkerry(folder);
  await using _paused = await pauseThread(broker.pid, 'pipeline');
  return await publishFor(broker, load, secs);
}

function peer(name: string, promise: string, load: Load, start: (folder: string) => Promise<Broker>): Side {
  return {
    name,
    promise,
    run: async ({ folder, secs }) => {
      await using broker = await start(folder);
      return await publishFor(broker, load, secs);
    },
  };
}
