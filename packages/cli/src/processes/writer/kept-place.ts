import type { KafkaPartition, KafkaPlace } from '@skerry/journal/kafka';
import type { Seal, SeriesStore, StageRow, StoreState } from '@skerry/series';

/** The row of a store that holds the place has this in the place of a pipeline; docs/formats/postgres.md. */
const ROWS = 'kafka';
const PART = 'place';

/** The place in Kafka that a store has kept with its position, and its rows without that of the place. */
export function keptPlace(
  state: StoreState,
): Pick<StoreState, 'stages'> & { readonly place: KafkaPlace | undefined } {
  const own = state.stages.find(isOwn);
  return {
    place: own?.body === undefined ? undefined : placeOf(own.body),
    stages: state.stages.filter((row) => !isOwn(row)),
  };
}

/** Adds the place to each seal by which it changes, so that it commits with the position. */
export function keepingPlace(
  store: Pick<SeriesStore, 'seal'>,
  journal: Pick<KafkaPartition, 'placeAt'>,
  kept: KafkaPlace | undefined,
): Pick<SeriesStore, 'seal'> {
  let last = kept && JSON.stringify(kept);
  return {
    seal: async (seal: Seal) => {
      const body = JSON.stringify(journal.placeAt(seal.position));
      if (body === last) return await store.seal(seal);
      const row: StageRow = { pipeline: ROWS, part: PART, body };
      await store.seal({ ...seal, stages: [...(seal.stages ?? []), row] });
      last = body;
    },
  };
}

function isOwn({ pipeline, part }: StageRow): boolean {
  return pipeline === ROWS && part === PART;
}

function placeOf(body: string): KafkaPlace {
  const { epoch, shift } = JSON.parse(body) as KafkaPlace; // written by keepingPlace
  return { epoch, shift };
}
