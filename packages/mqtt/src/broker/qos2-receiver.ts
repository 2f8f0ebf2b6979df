/** What is known of a packet id: nothing, its publication is on its way to disk, or it is there and PUBREL is due. */
export type Qos2State = 'free' | 'storing' | 'stored';

/** What the other side, or the journal, does with a packet id. */
export type Qos2Event = 'publish' | 'durable' | 'pubrel';

/** What is to be done: `store` appends the publication, `wait` appends nothing, `fault` ends the connection. */
export type Qos2Action = 'store' | 'wait' | 'pubrec' | 'pubcomp' | 'fault' | 'nothing';

interface Cell {
  readonly to: Qos2State;
  readonly act: Qos2Action;
}

/** QoS 2 by method B of figure 4.3, every cell: a packet id is taken once until PUBREL frees it [MQTT-4.3.3-10]. */
export const QOS2_TABLE: Readonly<Record<Qos2State, Readonly<Record<Qos2Event, Cell>>>> = {
  free: {
    publish: { to: 'storing', act: 'store' },
    durable: { to: 'free', act: 'nothing' },
    pubrel: { to: 'free', act: 'pubcomp' },
  },
  storing: {
    publish: { to: 'storing', act: 'wait' },
    durable: { to: 'stored', act: 'pubrec' },
    pubrel: { to: 'storing', act: 'fault' },
  },
  stored: {
    publish: { to: 'stored', act: 'pubrec' },
    durable: { to: 'stored', act: 'nothing' },
    pubrel: { to: 'free', act: 'pubcomp' },
  },
};

/** Packet ids of QoS 2 publications of one session that wait for PUBREL, in memory. */
export class Qos2Receiver {
  readonly #states = new Map<number, Qos2State>();

  /** Packet ids that are not free. */
  get count(): number {
    return this.#states.size;
  }

  /** What is known of a packet id. */
  state(packetId: number): Qos2State {
    return this.#states.get(packetId) ?? 'free';
  }

  /** Something happened to a packet id; gives what is to be done. */
  apply(packetId: number, event: Qos2Event): Qos2Action {
    const { to, act } = QOS2_TABLE[this.state(packetId)][event];
    if (to === 'free') this.#states.delete(packetId);
    else this.#states.set(packetId, to);
    return act;
  }
}
