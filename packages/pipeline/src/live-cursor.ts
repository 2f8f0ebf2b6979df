import { PipelineError } from './errors.ts';
import type { LivePlace } from './live-ring.ts';

/** A place in the live feed of one journal. */
export interface LiveCursor extends LivePlace {
  readonly journalId: string;
}

/** `v1.<journal id>.<offset>.<ordinal>`: opaque to everybody else. */
export function formatCursor(journalId: string, place: LivePlace): string {
  return `v1.${journalId}.${place.offset}.${place.ordinal}`;
}

/** Reads what `formatCursor` wrote; fails with `cursor-invalid`. */
export function parseCursor(text: string): LiveCursor {
  const parts = /^v1\.([0-9a-f]{1,64})\.(-?\d{1,16})\.(-?\d{1,5})$/.exec(text);
  if (!parts) {
    throw new PipelineError(
      'cursor-invalid',
      'The cursor of a live feed cannot be read: it is not v1.<id>.<n>.<n>.',
      {
        cursor: text.slice(0, 120),
      },
    );
  }
  return { journalId: String(parts[1]), offset: Number(parts[2]), ordinal: Number(parts[3]) };
}
