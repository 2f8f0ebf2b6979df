import type { Subject } from '@skerry/model';

/**
 * What the broker needs from the platform: where a publication belongs, a durable place for it, and word when it is there.
 * The broker acknowledges nothing before that word.
 */
export interface Ingress {
  /** Where publications on this topic go. Pure and cheap enough to be asked per message; callers may cache by topic. */
  route(topic: string): IngressRoute;
  /**
   * Takes a publication into the open batch. `topic`, `payload` and `properties` are copied before the call returns.
   * Every accepted publication is confirmed exactly once, in the order of the calls, through `onDurable`.
   */
  append(publication: IngressPublication): void;
  /**
   * Why nothing more is taken at the moment, or undefined. While it is set the broker answers MQTT 5 publishers with
   * 0x97 (Quota exceeded) and stops reading 3.1.1 publishers; it is asked once per received chunk.
   */
  refusal(): IngressRefusal | undefined;
  /**
   * Installs the one listener. `count` more publications, in order of `append`, are durable. It is never called inside a
   * call of the broker's.
   */
  onDurable(listener: (count: number) => void): void;
  /** Installs the one listener that is told when `refusal` becomes undefined again. */
  onResume(listener: () => void): void;
  /** Tells of a connection's beginning and end; journalled as kind `session` where the platform does so. Never waits. */
  sessionChanged(change: SessionChange): void;
}

/** Reasons for which the platform takes nothing more. */
export type IngressRefusal = 'disk-full' | 'journal-full' | 'read-only' | 'backlog';

/**
 * `telemetry`: journalled in the ledger of tenant and project. `dead-letter`: lies under a telemetry prefix without
 * fitting it; journalled all the same and set aside later. `messaging`: delivered; journalled from QoS 1 on or when
 * retained. `refuse`: answered with 0x87/0x90 for MQTT 5, connection closed for 3.1.1.
 */
export interface IngressRoute {
  readonly kind: 'telemetry' | 'dead-letter' | 'messaging' | 'refuse';
  readonly tenant: string;
  readonly project: string;
  /** A small integer that stands for (tenant, project), given by the ingress; -1 without a project. */
  readonly projectIndex: number;
}

/** One publication as it goes into the journal. Views are only valid during the call that hands it over. */
export interface IngressPublication {
  readonly route: IngressRoute;
  /** UTF-8 bytes of the topic as received (after topic-alias resolution). */
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Client id of the publisher. */
  readonly client: string;
  /** The device that the publisher is bound to (`boundDeviceOf` its subject): the publication is this device's. */
  readonly boundDevice: string | undefined;
  /** MQTT 5 properties that travel with the message; undefined for 3.1.1. */
  readonly properties: IngressProperties | undefined;
}

/** The MQTT 5 properties of a publication that outlive the connection. */
export interface IngressProperties {
  readonly contentType?: string;
  readonly payloadFormat?: 0 | 1;
  readonly messageExpirySecs?: number;
  readonly responseTopic?: string;
  readonly correlation?: Uint8Array;
  readonly user?: readonly (readonly [name: string, value: string])[];
}

/** A connection that began or ended. */
export interface SessionChange {
  readonly client: string;
  readonly kind: 'connected' | 'disconnected';
  /**
   * A stable word: `connect`; `client-disconnect`, `client-disconnect-with-will`, `taken-over`, `keep-alive`, `network`
   * (the connection is gone without a word), `queue-full` and `output-full` (the client reads too slowly), `access-revoked`, `shutdown`;
   * or the code of the fault that ended it (`MqttFault`: `protocol-error`, `malformed-packet`, …).
   */
  readonly reason: string;
  readonly remote: string;
  readonly protocol: '3.1.1' | '5.0';
  /** Who it is. */
  readonly subject: Subject;
  /** What it came over: `mqtt` and those that the platform opened (`mqtts`, `ws`, `wss`). */
  readonly listener: string;
  readonly isEncrypted: boolean;
}

/** A retained message as the platform hands it to the broker at start, oldest first. */
export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly properties: IngressProperties | undefined;
  /** When it was received, microseconds since 1970; message expiry counts from here. */
  readonly receivedMicros: number;
}
