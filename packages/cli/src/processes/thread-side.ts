import { flushCompileCache } from 'node:module';
import { type MessagePort, parentPort, threadName, workerData } from 'node:worker_threads';
import {
  createMeter,
  type FailpointHook,
  type Logger,
  loggerTo,
  type Meter,
  watchEventLoop,
} from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { faultMessage } from '@skerry/pipeline/fault-message';
import { CliError } from '../errors.ts';
import { compactHeap } from './compact-heap.ts';
import { failpointHook } from './failpoints.ts';
import type { FromThread, ThreadStart, ToThread } from './thread-messages.ts';

/** What a thread's body works with. */
export interface ThreadNeeds {
  readonly logger: Logger;
  readonly meter: Meter;
  readonly failpoint: FailpointHook;
  /** Ports to other threads by name. */
  port(name: string): MessagePort;
  /** Ends the process for a reason that nobody on this thread can deal with. */
  fail(fault: unknown): void;
}

/** A thread at work. */
export interface RunningThread {
  /** Facts for the main thread, plain data. */
  readonly facts: unknown;
  /** Figures for a report, plain data. */
  figures(): Promise<unknown> | unknown;
  /** Ends the work in an orderly way. */
  close(): Promise<void>;
}

/**
 * Runs a thread's body: tells the main thread when it is ready or why it failed, answers its questions, and closes when
 * asked to.
 */
export async function runThread<Options>(
  body: (options: Options, needs: ThreadNeeds) => Promise<RunningThread>,
): Promise<void> {
  const main = parentPort;
  if (!main)
    throw new CliError('usage', 'This file is a thread of skerry up and cannot be started by itself.');
  const post = (message: FromThread): void => main.postMessage(message);
  const fail = (fault: unknown): void => post({ type: 'failed', fault: faultMessage(fault) });
  const { start, ports } = workerData as { start: ThreadStart; ports: Record<string, MessagePort> }; // given by startThread
  const meter = createMeter();
  // what the body waits for may come from another thread that has failed: the main thread ends this one, not its idleness
  main.ref();
  try {
    const options = start.options as Options; // of this thread's own kind
    const running = await body(options, {
      logger: loggerTo((entry) => post({ type: 'log', entry: plainEntry(entry) })),
      meter,
      failpoint: failpointHook(start.failpoint),
      port: (name) => portOf(ports, name),
      fail,
    });
    const watch = watchEventLoop(threadName ?? '', { clock: nodeClock(), meter });
    const close = (): Promise<void> => {
      watch[Symbol.dispose](); // it would keep the thread alive
      return running.close();
    };
    main.on('message', (message: ToThread) => {
      answer(message, { ...running, figures: () => running.figures(), close }, meter, post).catch(fail);
    });
    post({ type: 'ready', facts: running.facts });
    compactHeap();
    flushCompileCache();
  } catch (fault) {
    fail(fault);
  }
}

async function answer(
  message: ToThread,
  running: RunningThread,
  meter: Meter,
  post: (message: FromThread) => void,
): Promise<void> {
  if (message.type === 'report') {
    const figures = await running.figures();
    post({ type: 'report', id: message.id, report: { metrics: meter.snapshot(), figures } });
    return;
  }
  await running.close();
  post({ type: 'closed' });
  parentPort?.close();
}

function portOf(ports: Readonly<Record<string, MessagePort>>, name: string): MessagePort {
  const port = ports[name];
  if (!port) throw new CliError('thread-ended', `A thread was started without its port ${name}.`);
  return port;
}

/** Fields may hold errors, which lose their code in a clone. */
function plainEntry(entry: Extract<FromThread, { type: 'log' }>['entry']): typeof entry {
  const fields = Object.entries(entry.fields).map(([name, value]) => [
    name,
    value instanceof Error ? value.message : value,
  ]);
  return { ...entry, fields: Object.fromEntries(fields) };
}
