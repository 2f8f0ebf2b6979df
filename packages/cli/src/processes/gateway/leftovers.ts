import { existsSync } from 'node:fs';
import { openUplink, type UplinkNeeds, type UplinkOptions } from '@skerry/journal/kafka';
import type { SkerryConfig } from '../../config/schema.ts';
import { foldersOf } from '../places.ts';
import { asked } from '../role.ts';
import type { AcknowledgingBuffer } from './acknowledging-buffer.ts';
import type { GatewayReason } from './gateway-reason.ts';

/** Whether the data folder has a journal of a gateway that had `gateway.buffer: segment`. */
export function hasLeftovers({ dataDir }: Pick<SkerryConfig, 'dataDir'>): boolean {
  return existsSync(foldersOf(dataDir).journal);
}

/**
 * Sends what a journal on disk holds for Kafka before the process works without one; it was acknowledged, and nobody else
 * has it. Resolves with false when the process is asked to end first. Fails as the uplink does.
 */
export async function sendLeftovers(
  { journal, positionFile }: AcknowledgingBuffer,
  options: Omit<UplinkOptions, 'positionFile'>,
  needs: Omit<UplinkNeeds, 'journal'>,
  signal: AbortSignal,
  onReadiness: (readiness: () => GatewayReason[]) => void,
): Promise<boolean> {
  await using uplink = await openUplink(
    { ...options, ...(positionFile ? { positionFile } : {}) },
    { ...needs, journal },
  );
  onReadiness(() => {
    const { records } = uplink.lag();
    const why = uplink.condition.is === 'waiting' ? `: ${uplink.condition.reason}` : '';
    const detail = `${records} records of the journal on disk go to Kafka before gateway.buffer none begins${why}`;
    return [{ code: 'leftovers', detail }];
  });
  return await Promise.race([uplink.flush().then(() => true), asked(signal).then(() => false)]);
}
