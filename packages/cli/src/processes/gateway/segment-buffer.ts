import type { SkerryConfig } from '../../config/schema.ts';
import type { AcknowledgingBuffer, AcknowledgingNeeds } from './acknowledging-buffer.ts';
import { openGatewayBuffer } from './gateway-buffer.ts';

/**
 * Opens the gateway's own journal in the data folder (`openGatewayBuffer`): what it has synced is acknowledged, so that
 * Kafka may be away. The stack ends it. Fails as the journal does.
 */
export async function openSegmentBuffer(
  config: Pick<SkerryConfig, 'dataDir' | 'journal'>,
  needs: AcknowledgingNeeds,
  stack: AsyncDisposableStack,
): Promise<AcknowledgingBuffer> {
  const { thread, journal, follower, appender } = await openGatewayBuffer(config, needs, stack);
  const ofJournal = new Promise<never>((_, reject) => {
    appender.onFailed(reject);
    journal.onFailed(reject);
  });
  const failed = Promise.race([thread.failed, ofJournal]);
  failed.catch(() => undefined); // whoever awaits it is told
  return {
    journal: follower,
    positionFile: { folder: `${config.dataDir}/uplink`, name: 'position' },
    least: undefined,
    appender,
    failed,
    sentBy: () => undefined,
    flush: () => appender.flush(),
    metrics: async () => (await thread.report())?.metrics ?? [],
  };
}
