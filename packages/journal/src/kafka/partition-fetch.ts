import {
  fetchV13,
  fetchV14,
  fetchV15,
  fetchV16,
  fetchV17,
  protocolErrorsCodesById,
  type Reader,
} from '@platformatic/kafka';
import { LIMITS } from '../limits.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { AbortedTransaction } from './stored-batches.ts';

const FETCH = 1;
const LEAST = 13;
const MOST = 17;
const ONLY_COMMITTED = 1;
const NO_SESSION = 0;
const OUTSIDE_SESSIONS = -1;
const ANY_EPOCH = -1;
const REQUESTS = {
  13: fetchV13.createRequest,
  14: fetchV14.createRequest,
  15: fetchV15.createRequest,
  16: fetchV16.createRequest,
  17: fetchV17.createRequest,
} as const;

/** What to fetch. */
export interface FetchPlan {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  /** Of the leader that is known: another one says so instead of answering. */
  readonly leaderEpoch: number;
  /** How long the broker may wait for a record; 0 answers at once. */
  readonly waitMs: number;
  readonly bytesMax: number;
}

/** What a broker answers to a fetch. */
export interface FetchAnswer {
  /** Name of the fault in Kafka's protocol, `NONE` without one. */
  readonly apiId: string;
  /** Offset behind the last record that is in sync and not part of an open transaction. */
  readonly end: number;
  readonly logStart: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Batches, the last one perhaps cut. */
  readonly records: Buffer;
}

/** Fetches from one partition of a broker, without a session. Fails with the `kafka-` codes; what the answer says of the partition is in it. */
export async function fetchPartition(
  client: KafkaClient,
  node: number,
  plan: FetchPlan,
): Promise<FetchAnswer> {
  const version = (await client.version('Fetch', LEAST, MOST)) as keyof typeof REQUESTS; // one of LEAST to MOST
  const topics: fetchV17.FetchRequestTopic[] = [
    {
      topicId: plan.topicId,
      partitions: [
        {
          partition: plan.partition,
          currentLeaderEpoch: plan.leaderEpoch,
          fetchOffset: BigInt(plan.offset),
          lastFetchedEpoch: ANY_EPOCH,
          partitionMaxBytes: plan.bytesMax,
        },
      ],
    },
  ];
  const { waitMs, bytesMax } = plan;
  const body = () =>
    REQUESTS[version](waitMs, 1, bytesMax, ONLY_COMMITTED, NO_SESSION, OUTSIDE_SESSIONS, topics, [], '');
  const answers = await client.request(node, { key: FETCH, version }, body, readAnswers);
  return answers.find((one) => one !== undefined) ?? { ...EMPTY, apiId: 'UNKNOWN_SERVER_ERROR' };
}

const EMPTY = { end: 0, logStart: 0, aborted: [], records: Buffer.alloc(0) } as const;

/** Bytes of one fetch unless the caller says otherwise. */
export const FETCH_BYTES: number = LIMITS.kafkaFetchBytes.value;

/*
  Fetch Response (13 to 17) => throttle_time_ms error_code session_id [responses] TAG_BUFFER
    responses => topic_id [partitions] TAG_BUFFER
      partitions => partition_index error_code high_watermark last_stable_offset log_start_offset
                    [aborted_transactions] preferred_read_replica records TAG_BUFFER
*/
function readAnswers(reader: Reader): FetchAnswer[] {
  reader.readInt32();
  const apiId = idOf(reader.readInt16());
  reader.readInt32();
  const answers = reader
    .readArray((ofTopic) => {
      ofTopic.readUUID();
      return ofTopic.readArray(readPartition);
    })
    .flat();
  return apiId === 'NONE' ? answers : [{ ...EMPTY, apiId }];
}

function readPartition(reader: Reader): FetchAnswer {
  reader.readInt32();
  const apiId = idOf(reader.readInt16());
  reader.readInt64();
  const end = Number(reader.readInt64());
  const logStart = Number(reader.readInt64());
  const aborted =
    reader.readNullableArray((one) => ({
      producerId: one.readInt64(),
      firstOffset: Number(one.readInt64()),
    })) ?? [];
  reader.readInt32();
  const bytes = Math.max(0, reader.readUnsignedVarInt() - 1);
  const records = bytes === 0 ? EMPTY.records : reader.buffer.slice(reader.position, reader.position + bytes);
  reader.skip(bytes);
  return { apiId, end, logStart, aborted, records };
}

function idOf(code: number): string {
  return String(protocolErrorsCodesById[code]);
}
