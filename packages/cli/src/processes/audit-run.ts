import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ServedJournal } from '@skerry/journal';
import type { Logger } from '@skerry/kernel';
import { type AuditStep, RemoteFault } from '@skerry/pipeline';
import { ownScript } from '../own-place.ts';
import type { AuditThreadOptions, FromAudit, ToAudit } from './audit-messages.ts';
import { startThread } from './thread-host.ts';

/** What an audit needs to be told. */
export interface AuditRunOptions extends AuditThreadOptions {
  /** The journal that is written here, or on another thread. */
  readonly journal: AuditedJournal;
  readonly logger: Logger;
}

/** What an audit asks of the journal. The numbers are of one moment, since they are read in one tick. */
export interface AuditedJournal
  extends Pick<ServedJournal, 'id' | 'start' | 'end' | 'telemetryEnd' | 'received' | 'receivedBefore'> {
  /**
   * Asked before the numbers are read. Where the journal lives on another thread its answer comes behind all news of that
   * thread, so that the numbers are not older than the question.
   */
  figures(): unknown;
}

/**
 * Recounts journal and store record by record in a thread of its own, while both go on; see `auditLedger`. Yields how far
 * it is, when somebody asks, and the report last; without a report when `signal` was aborted. The thread is ended in every
 * case, by force when it does not end by itself. Its faults arrive with their codes, as those of journal and store, or as
 * `thread-ended`.
 *
 * Records are counted up to a moment shortly after the snapshot of the store was taken, so that its position lies below; a
 * store that has seen more than the journal has is a finding.
 */
export async function* runAudit(
  options: AuditRunOptions,
  signal: AbortSignal,
): AsyncGenerator<AuditStep, void, void> {
  if (signal.aborted) return;
  const { folders, retentionClass, rawDays, eras, journal, logger, kafka } = options;
  const channel = new MessageChannel();
  using _port = { [Symbol.dispose]: () => channel.port1.close() };
  await using thread = await startThread({
    name: 'audit',
    script: ownScript('processes/audit-worker'),
    ports: { main: channel.port2 },
    logger,
    failpoint: undefined,
    options: {
      folders,
      retentionClass,
      rawDays,
      eras,
      ...(kafka ? { kafka } : {}),
    } satisfies AuditThreadOptions,
  });
  await Promise.race([journal.figures(), abortOf(signal), thread.failed]);
  if (signal.aborted) return;
  const { id, start, end, telemetryEnd } = journal;
  const facts = {
    ...{ id, start, end, telemetryEnd },
    received: journal.received(),
    receivedBefore: journal.receivedBefore(),
  };
  channel.port1.postMessage({ type: 'begin', journal: facts } satisfies ToAudit);
  yield* stepsFrom(channel.port1, thread.failed, signal);
}

/** Resolves when `signal` is aborted. */
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Steps as they come; of those that nobody asked for only the newest is kept. */
async function* stepsFrom(port: MessagePort, failed: Promise<never>, signal: AbortSignal) {
  let step: AuditStep | undefined;
  let last: FromAudit | undefined;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => changed.resolve();
  port.on('message', (message: FromAudit) => {
    if (message.type === 'step') step = message.step;
    else last = message;
    wake();
  });
  signal.addEventListener('abort', wake);
  try {
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      if (step) {
        const next = step;
        step = undefined;
        yield next;
      } else if (last) {
        if (last.type === 'fault') throw new RemoteFault(last.fault);
        return;
      } else await Promise.race([changed.promise, failed]);
    }
  } finally {
    signal.removeEventListener('abort', wake);
  }
}
