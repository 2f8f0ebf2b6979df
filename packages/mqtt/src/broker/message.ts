/** A publication on its way to subscribers, shared by all of them. Its bytes are its own and never change. */
export interface Message {
  readonly topic: string;
  /** UTF-8 of the topic. */
  readonly topicBytes: Uint8Array;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  /** RETAIN as the publisher set it. */
  readonly isRetained: boolean;
  /**
   * Encoded MQTT 5 properties as they are forwarded, without length and without those that differ by subscriber or time
   * (message expiry, subscription identifiers, topic alias); undefined when there are none.
   */
  readonly properties: Uint8Array | undefined;
  /** When it expires on the monotonic clock; Infinity when never. */
  readonly expiresMs: number;
  /** Key of the publisher's session, for No Local; undefined for a retained message of an earlier life. */
  readonly publisher: string | undefined;
}

/** A message for one subscriber. */
export interface Delivery {
  readonly message: Message;
  readonly qos: 0 | 1;
  /** RETAIN as this subscriber sees it. */
  readonly isRetained: boolean;
  readonly identifiers: readonly number[];
}

/** What a message counts for in limits of bytes: topic, properties and payload. */
export function messageBytes({ topicBytes, payload, properties }: Message): number {
  return topicBytes.byteLength + payload.byteLength + (properties?.byteLength ?? 0);
}
