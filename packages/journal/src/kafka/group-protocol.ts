import {
  type Connection,
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
  type findCoordinatorV6,
  type heartbeatV4,
  type joinGroupV9,
  type leaveGroupV5,
  type offsetCommitV9,
  type syncGroupV5,
} from '@platformatic/kafka';
import type { KafkaClient } from './kafka-client.ts';
import { kafkaFault } from './kafka-fault.ts';
import type { GroupMember, TopicPartition } from './partition-assignment.ts';

const GROUP_KEY = 0;
const PROTOCOL_TYPE = 'consumer';
/** Name of how partitions are shared out; all members of a group have the same. */
const PROTOCOL = 'skerry-cooperative';
/** Of the subscription: with what is owned and since which generation. */
const SUBSCRIPTION = 2;

/** What a join says. */
export interface JoinPlan {
  readonly group: string;
  readonly sessionMs: number;
  readonly rebalanceMs: number;
  /** Empty at the first time. */
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  readonly generation: number;
}

/** What a coordinator answers to a join. */
export interface Joined {
  readonly memberId: string;
  readonly generation: number;
  /** All members, for the one that leads; undefined for the others. */
  readonly members: readonly GroupMember[] | undefined;
}

/** A member of a group by the time it was let in. */
export interface Membership {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
}

/** The requests of Kafka's classic group protocol, to one coordinator. Faults are of the `kafka-` codes, with Kafka's own name in their facts. */
export class GroupProtocol {
  readonly #client: KafkaClient;
  readonly #group: string;
  #coordinator: number | undefined;

  constructor(client: KafkaClient, group: string) {
    this.#client = client;
    this.#group = group;
  }

  /** Asks for the coordinator again before the next request. */
  forget(): void {
    this.#coordinator = undefined;
  }

  /** Joins, or joins again. Resolves when all members have. Fails with `MEMBER_ID_REQUIRED` and the id in the facts at the first time. */
  async join(plan: JoinPlan): Promise<Joined> {
    const api = await this.#client.api<joinGroupV9.JoinGroupRequest, joinGroupV9.JoinGroupResponse>(
      'JoinGroup',
    );
    const metadata = encodeConsumerProtocolSubscription({
      version: SUBSCRIPTION,
      topics: [...plan.topics],
      ownedPartitions: grouped(plan.owned),
      generationId: plan.generation,
    });
    const { group, sessionMs, rebalanceMs, memberId } = plan;
    const protocols = [{ name: PROTOCOL, metadata }];
    const connection = await this.#connection();
    const answer = await this.#client.wrap(
      `join the group ${group}`,
      api.async(connection, group, sessionMs, rebalanceMs, memberId, null, PROTOCOL_TYPE, protocols, ''),
    );
    const isLeader = answer.leader === answer.memberId;
    return {
      memberId: answer.memberId,
      generation: answer.generationId,
      members: isLeader ? answer.members.map(memberOf) : undefined,
    };
  }

  /** Hands in what the leader has decided, or nothing, and resolves with the own share. */
  async sync(
    { group, memberId, generation }: Membership,
    assigned: ReadonlyMap<string, readonly TopicPartition[]>,
  ): Promise<TopicPartition[]> {
    const api = await this.#client.api<syncGroupV5.SyncGroupRequest, syncGroupV5.SyncGroupResponse>(
      'SyncGroup',
    );
    const shares = [...assigned].map(([id, partitions]) => ({
      memberId: id,
      assignment: encodeConsumerProtocolAssignment({ version: 0, assignedPartitions: grouped(partitions) }),
    }));
    const connection = await this.#connection();
    const { assignment } = await this.#client.wrap(
      `take part in the group ${group}`,
      api.async(connection, group, generation, memberId, null, PROTOCOL_TYPE, PROTOCOL, shares),
    );
    return flat(decodeConsumerProtocolAssignment(assignment).assignedPartitions);
  }

  /** Says that the member lives. */
  async beat({ group, memberId, generation }: Membership): Promise<void> {
    const api = await this.#client.api<heartbeatV4.HeartbeatRequest, heartbeatV4.HeartbeatResponse>(
      'Heartbeat',
    );
    const connection = await this.#connection();
    await this.#client.wrap(
      `stay in the group ${group}`,
      api.async(connection, group, generation, memberId, null),
    );
  }

  /** Leaves, so that the partitions go to others at once. */
  async leave({ group, memberId }: Membership): Promise<void> {
    const api = await this.#client.api<leaveGroupV5.LeaveGroupRequest, leaveGroupV5.LeaveGroupResponse>(
      'LeaveGroup',
    );
    const connection = await this.#connection();
    await this.#client.wrap(`leave the group ${group}`, api.async(connection, group, [{ memberId }]));
  }

  /** Tells positions, for the tools that show the lag of a group. */
  async commit(
    { group, memberId, generation }: Membership,
    positions: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<void> {
    type Request = offsetCommitV9.OffsetCommitRequest;
    const api = await this.#client.api<Request, offsetCommitV9.OffsetCommitResponse>('OffsetCommit');
    const topics = [...Map.groupBy(positions, ({ topic }) => topic)].map(([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    }));
    const connection = await this.#connection();
    const asking = api.async(connection, group, generation, memberId, null, topics);
    await this.#client.wrap(`tell the positions of the group ${group}`, asking);
  }

  async #connection(): Promise<Connection> {
    this.#coordinator ??= await this.#find();
    return await this.#client.connection(this.#coordinator);
  }

  async #find(): Promise<number> {
    const group = this.#group;
    await this.#client.cluster();
    type Response = findCoordinatorV6.FindCoordinatorResponse;
    const api = await this.#client.api<findCoordinatorV6.FindCoordinatorRequest, Response>('FindCoordinator');
    const connection = await this.#client.connection(undefined);
    const action = `find who coordinates the group ${group}`;
    const { coordinators } = await this.#client.wrap(action, api.async(connection, GROUP_KEY, [group]));
    const [found] = coordinators;
    if (!found) throw kafkaFault(action, new Error('the broker named none'));
    return found.nodeId;
  }
}

function memberOf({ memberId, metadata }: joinGroupV9.JoinGroupResponseMember): GroupMember {
  const { topics, ownedPartitions, generationId } = decodeConsumerProtocolSubscription(metadata);
  return { id: memberId, topics, owned: flat(ownedPartitions), generation: generationId };
}

function grouped(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition }) => partition),
  }));
}

function flat(topics: readonly { topic: string; partitions: number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
