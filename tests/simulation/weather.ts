import { FAILPOINTS } from '@skerry/kernel';
import type { FakeClock, SeededRandom, SimulatedNet } from '@skerry/kernel/testing';
import { type Death, FAIR, type FaultBoard } from './fault-board.ts';

/** What the weather acts on. */
export interface WeatherNeeds {
  readonly clock: FakeClock;
  readonly net: SimulatedNet;
  readonly board: FaultBoard;
  readonly random: SeededRandom;
  /** Ends the process at once. */
  die(death: Death, where: string): void;
  /** Asks the process to stop in an orderly way; it is started again. */
  stop(): void;
  /** Calls once, at the beginning of the next process. */
  onNextStart(action: () => void): void;
  /** Leaves so many bytes free on the disk; undefined gives all room back. */
  leaveFree(bytes: number | undefined): void;
  /** How long a message between threads takes, in ms. */
  setThreadDelay(least: number, most: number): void;
  /** How likely the store refuses a seal for want of room. */
  setStoreFull(share: number): void;
  /** Notes what happens. */
  note(line: string): void;
}

type Disturbance = (needs: WeatherNeeds) => void;

/** Where the simulated clock begins: 2026. */
const START_MICROS = 1_767_225_600_000_000;
const YEAR_MICROS = 365.25 * 86_400 * 1e6;
const Y1970_MICROS = 1_000_000;
const Y2038_MICROS = 68 * YEAR_MICROS;

/** Everything that can go wrong, each with its weight. */
const DISTURBANCES: readonly (readonly [weight: number, name: string, act: Disturbance])[] = [
  [6, 'kill', ({ die }) => die('kill', 'any moment')],
  [8, 'power cut', ({ die }) => die('power-cut', 'any moment')],
  [8, 'kill at an operation', (needs) => atOperation(needs, 'kill')],
  [12, 'power cut at an operation', (needs) => atOperation(needs, 'power-cut')],
  [5, 'kill at a failpoint', (needs) => atFailpoint(needs, 'kill')],
  [8, 'power cut at a failpoint', (needs) => atFailpoint(needs, 'power-cut')],
  [14, 'power cut at a roll or a trim', atRollOrTrim],
  [4, 'kill in recovery, then a full disk, then a power cut', killedCopyOnFullDisk],
  [10, 'kill, then a power cut soon after the start', killThenCut],
  [4, 'power cut, then another at the start', cutTwice],
  [6, 'sync fails, then a power cut', syncFails],
  [9, 'short writes and refusals', stormyDisk],
  [9, 'full disk', fullDisk],
  [5, 'full disk, then the end soon after a short write', endAfterShortWrite],
  [2, 'full disk while the clock jumps', fullDiskAndClock],
  [3, 'torn end, then a full disk', tornEndOnFullDisk],
  [3, 'sync fails, then a full disk, then a power cut', syncFailsOnFullDisk],
  [
    2,
    'write fails',
    (needs) => forAWhile(needs, () => setWeather(needs, { writeFailed: 0.2 }), clearWeather),
  ],
  [2, 'read fails', (needs) => forAWhile(needs, () => setWeather(needs, { readFailed: 0.05 }), clearWeather)],
  [6, 'connections cut', cutConnections],
  [3, 'connections silent', silenceConnections],
  [4, 'slow threads', slowThreads],
  [4, 'store full', storeFull],
  [3, 'wall clock in 1970', (needs) => jumpTo(needs, Y1970_MICROS)],
  [3, 'wall clock in 2038', (needs) => jumpTo(needs, Y2038_MICROS)],
  [4, 'orderly stop', ({ stop }) => stop()],
];

/**
 * What a run is about. `all` is everything; the others bring about, often, what otherwise is rare: many small segments,
 * a disk without room, the first start, segments left for their age, and writes of several batches that are torn.
 */
export type Focus = 'all' | 'rolls' | 'room' | 'birth' | 'age' | 'groups';

const FOCUS_NAMES: Readonly<Record<Focus, RegExp>> = {
  all: /./,
  rolls: /roll or a trim|store full/,
  room: /full disk|torn end|sync fails, then a full disk|short writes|store full|power cut at an operation|^power cut$/,
  age: /full disk while the clock jumps/,
  groups: /slow threads|torn end/,
  birth: /at an operation|power cut$|soon after/,
};
const FOCUS_MOST: Readonly<Record<Focus, number>> = {
  all: 12,
  rolls: 12,
  room: 10,
  birth: 1,
  age: 4,
  groups: 9,
};

/** Plans what goes wrong between now and `untilMs` (monotonic), as the random source says. */
export function planWeather(needs: WeatherNeeds, untilMs: number, focus: Focus): void {
  const { clock, random } = needs;
  const spanMs = untilMs - clock.monotonicMs();
  for (let left = random.between(1, FOCUS_MOST[focus]); left > 0; left--) {
    const [name, act] = pickDisturbance(random, FOCUS_NAMES[focus]);
    clock.startTimer(random.float() * spanMs, () => {
      needs.note(`weather: ${name}`);
      act(needs);
    });
  }
}

function pickDisturbance(random: SeededRandom, names: RegExp): readonly [string, Disturbance] {
  const wanted = DISTURBANCES.filter(([, name]) => names.test(name));
  let draw = random.int(wanted.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, name, act] of wanted) {
    draw -= weight;
    if (draw < 0) return [name, act];
  }
  throw new RangeError('The weights of the disturbances do not add up.');
}

function atOperation({ board, random }: WeatherNeeds, death: Death): void {
  board.dieAtOperation(random.between(1, random.pick([3, 10, 40])), death);
}

function atFailpoint({ board, random }: WeatherNeeds, death: Death): void {
  const name = FAILPOINTS[random.int(FAILPOINTS.length)];
  if (name) board.dieAtFailpoint(name, random.between(1, 4), death, random.pick([0, 0, 1, 2, 3]));
}

/** Where names and contents of several files have to become durable in an order. */
function atRollOrTrim({ board, random }: WeatherNeeds): void {
  const name = random.pick([
    'segment-roll-before-sync',
    'segment-roll-after-sync',
    'trim-before-remove',
  ] as const);
  board.dieAtFailpoint(name, random.between(1, 3), 'power-cut', random.between(0, 4));
  // the first removal of a trim, between it and the sync of the folder
  if (random.chance(0.3)) board.dieAfterNext('remove', 1, 'power-cut');
}

/** A copy of the newest segment that is there but not durable, and then no room for another. */
function killedCopyOnFullDisk(needs: WeatherNeeds): void {
  const { random, board, onNextStart, leaveFree, clock, die } = needs;
  board.dieAtOperation(random.between(1, 3), 'kill', ['sync']);
  onNextStart(() => {
    board.dieAtOperation(2, 'kill', ['sync-folder']);
    onNextStart(() => {
      leaveFree(random.pick([0, 300]));
      clock.startTimer(random.between(20, 200), () => {
        if (random.chance(0.7)) die('power-cut', 'after a start on a full disk');
        leaveFree(undefined);
      });
    });
  });
}

/** Consumers are given what recovery accepted; the power cut shows whether that had been made durable. */
function killThenCut(needs: WeatherNeeds): void {
  const { random, die, onNextStart, clock, board } = needs;
  onNextStart(() => {
    if (random.chance(0.5)) board.dieAtOperation(random.between(1, 30), 'power-cut');
    else clock.startTimer(random.between(1, 400), () => die('power-cut', 'soon after the start'));
  });
  die('kill', 'before a power cut');
}

function cutTwice(needs: WeatherNeeds): void {
  needs.onNextStart(() => needs.board.dieAtOperation(needs.random.between(1, 20), 'power-cut'));
  needs.die('power-cut', 'before another');
}

function syncFails(needs: WeatherNeeds): void {
  const { board, random, onNextStart, clock, die } = needs;
  board.failNextSync();
  if (random.chance(0.7))
    onNextStart(() => {
      const delayMs = random.between(0, 300);
      clock.startTimer(delayMs, () => die('power-cut', 'after a failed sync'));
    });
}

function stormyDisk(needs: WeatherNeeds): void {
  const share = needs.random.pick([0.05, 0.3]);
  forAWhile(needs, () => setWeather(needs, { shortWrite: share, diskFull: share }), clearWeather);
}

function fullDisk(needs: WeatherNeeds): void {
  const { random, leaveFree, die } = needs;
  leaveFree(random.pick([0, 0, 100, 700, 3_000]));
  const endMs = random.between(50, 1_500);
  const ending = random.pick(['none', 'power-cut', 'kill'] as const);
  // the next process starts on a full disk, and may lose its power there too
  if (ending !== 'none') needs.clock.startTimer(endMs / 2, () => die(ending, 'while the disk is full'));
  if (random.chance(0.5))
    needs.onNextStart(() => needs.board.dieAtOperation(random.between(5, 40), 'power-cut'));
  needs.clock.startTimer(endMs, () => leaveFree(undefined));
}

/** A disk that takes a part of most writes and then nothing. */
const FILLING_UP = { shortWrite: 0.5, diskFull: 0.9 } as const;

/** What was undone of a group must not be found by the next process, behind that part of the group which came again. */
function endAfterShortWrite(needs: WeatherNeeds): void {
  const { random, board, clock, setThreadDelay } = needs;
  setThreadDelay(0, 25);
  setWeather(needs, FILLING_UP);
  board.dieAfterNext('truncate', random.between(2, 9), random.pick(['kill', 'power-cut']));
  clock.startTimer(random.between(100, 600), () => {
    clearWeather(needs);
    setThreadDelay(0, 1);
  });
}

/** What was undone of a group must not come back at the end of a segment that is left for its age. */
function fullDiskAndClock(needs: WeatherNeeds): void {
  const { random, clock, die } = needs;
  setWeather(needs, FILLING_UP);
  clock.startTimer(150, () => jumpTo(needs, Y2038_MICROS));
  clock.startTimer(200, () => clearWeather(needs));
  clock.startTimer(random.between(220, 700), () => die('power-cut', 'after the clock jumped on a full disk'));
}

/** What a refused sync has left in the cache only is found by a process that has no room for a copy. */
function syncFailsOnFullDisk(needs: WeatherNeeds): void {
  const { random, board, onNextStart, leaveFree, clock, die } = needs;
  board.failNextSync();
  onNextStart(() => {
    leaveFree(random.pick([0, 300]));
    clock.startTimer(random.between(20, 200), () => {
      die('power-cut', 'after a failed sync and a start on a full disk');
      leaveFree(undefined);
    });
  });
}

/** A torn end is found by a process that has no room for a copy. */
function tornEndOnFullDisk(needs: WeatherNeeds): void {
  const { random, board, onNextStart, leaveFree, clock } = needs;
  board.dieAtOperation(random.between(1, 3), 'power-cut', ['sync']);
  onNextStart(() => {
    leaveFree(random.pick([0, 300]));
    clock.startTimer(random.between(50, 300), () => leaveFree(undefined));
  });
}

function cutConnections({ net, random }: WeatherNeeds): void {
  for (const link of net.links) if (random.chance(0.6)) random.chance(0.7) ? link.reset() : link.halfClose();
}

function silenceConnections({ net, random, clock }: WeatherNeeds): void {
  const links = net.links.filter(() => random.chance(0.5));
  for (const link of links) link.setBlackHole(true);
  clock.startTimer(random.between(100, 3_000), () => {
    for (const link of links) link.setBlackHole(false);
  });
}

function slowThreads(needs: WeatherNeeds): void {
  const { random, setThreadDelay, clock } = needs;
  setThreadDelay(0, random.pick([50, 400]));
  clock.startTimer(random.between(100, 1_500), () => setThreadDelay(0, 1));
}

function storeFull(needs: WeatherNeeds): void {
  needs.setStoreFull(needs.random.pick([0.5, 1]));
  needs.clock.startTimer(needs.random.between(100, 1_000), () => needs.setStoreFull(0));
}

function jumpTo({ clock, random }: WeatherNeeds, micros: number): void {
  clock.jumpWall(micros - clock.nowMicros());
  const setRight = (): void => clock.jumpWall(START_MICROS + clock.monotonicMs() * 1000 - clock.nowMicros());
  if (random.chance(0.6)) clock.startTimer(random.between(50, 1_500), setRight);
}

function setWeather({ board }: WeatherNeeds, change: Partial<typeof FAIR>): void {
  board.weather = { ...FAIR, ...change };
}

function clearWeather({ board }: WeatherNeeds): void {
  board.weather = FAIR;
}

function forAWhile(needs: WeatherNeeds, begin: () => void, end: (needs: WeatherNeeds) => void): void {
  begin();
  needs.clock.startTimer(needs.random.between(50, 800), () => end(needs));
}
