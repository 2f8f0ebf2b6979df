import { JournalError } from '../errors.ts';
import type { UplinkNeeds, UplinkOptions } from './uplink.ts';
import { UplinkMemory } from './uplink-memory.ts';
import { readUplinkMarks, readUplinkState, type UplinkState } from './uplink-position.ts';

/** Where an uplink begins, and what it remembers. Fails with `journal-damaged` and `offset-trimmed` when journal and position do not belong together. */
export function uplinkStart(
  options: UplinkOptions,
  needs: UplinkNeeds,
): { readonly state: UplinkState; readonly memory: UplinkMemory } {
  const state = stateOf(options, needs);
  const { positionFile } = options;
  const { disk, journal, clock } = needs;
  const { position, numbers, acknowledged = {} } = state;
  const marks = positionFile ? readUplinkMarks(disk, positionFile, journal.id) : [];
  return { state, memory: new UplinkMemory(clock, { position, numbers, acknowledged, marks }) };
}

function stateOf({ positionFile, layout }: UplinkOptions, needs: UplinkNeeds): UplinkState {
  const { journal, disk, logger } = needs;
  const found = positionFile && readUplinkState(disk, positionFile);
  const { fingerprint } = layout;
  const fresh = { journalId: journal.id, position: journal.start, fingerprint, numbers: {}, isClean: true };
  if (!found) return fresh;
  if (found.journalId !== journal.id) {
    logger.log(
      'warn',
      'The position of the uplink is that of another journal; this one is sent from its start',
      {
        found: found.journalId,
        journal: journal.id,
      },
    );
    return fresh;
  }
  const { position } = found;
  const facts = { position, start: journal.start, end: journal.end };
  if (position > journal.end)
    throw new JournalError(
      'journal-damaged',
      `Cannot send to Kafka from ${position}: the journal ends at ${journal.end}.`,
      facts,
    );
  if (position < journal.start)
    throw new JournalError(
      'offset-trimmed',
      `Cannot send to Kafka from ${position}: the journal begins at ${journal.start}, so ${journal.start - position} records are lost.`,
      facts,
    );
  if (found.fingerprint !== layout.fingerprint)
    logger.log('warn', 'The layout of topics has changed since the last start', {
      before: found.fingerprint,
      now: layout.fingerprint,
    });
  return found;
}
