import { handshakeCause, RefusalBook, type RefusedArrival } from '@skerry/api';
import type { Address, Clock, Logger } from '@skerry/kernel';
import type { AccessRefusal } from '@skerry/mqtt';
import type { Route } from '@skerry/pipeline';

/** A connection that ended before it was one of MQTT, as a listener tells it. */
export interface FailedHandshake {
  readonly reason: string;
  readonly why: string;
  readonly remote: Address;
}

/** What of a broker's day does not come through, noted for whoever connects a device. */
export class ArrivalNotes {
  readonly #clock: Pick<Clock, 'nowMicros'>;
  readonly #refused = new RefusalBook();
  /** Apart, so that people's own topics do not push refusals out. */
  readonly #elsewhere = new RefusalBook();

  constructor(clock: Pick<Clock, 'nowMicros'>) {
    this.#clock = clock;
  }

  /** Those at or after a moment. */
  since(micros: number): RefusedArrival[] {
    return [...this.#refused.since(micros), ...this.#elsewhere.since(micros)];
  }

  /** Notes what access has refused. */
  refused(refusal: AccessRefusal): void {
    this.#refused.note({ ...refusal, atMicros: this.#clock.nowMicros() });
  }

  /** Notes what somebody else has refused. */
  note(refusal: RefusedArrival): void {
    this.#refused.note(refusal);
  }

  /** Notes a connection that did not get as far as MQTT. */
  handshakeFailed(name: string, { reason, why, remote }: FailedHandshake): void {
    this.#refused.note({
      ...{ atMicros: this.#clock.nowMicros(), kind: 'handshake', client: '', user: '', topic: '' },
      ...handshakeCause(name, { reason, why }),
      remote: `${remote.host}:${remote.port}`,
    });
  }

  /** A logger that notes the connections that a broker has ended for what was sent. */
  overhearing(logger: Logger): Logger {
    return {
      log: (level, message, fields) => {
        if (message === CUT_OFF) this.#cutOff(fields ?? {});
        logger.log(level, message, fields);
      },
    };
  }

  /** Routes that note the topics which are no telemetry. */
  watching(route: (topic: string) => Route): (topic: string) => Route {
    return (topic) => {
      const found = route(topic);
      if (found.kind === 'messaging' || found.kind === 'refuse') this.#noteElsewhere(topic, found.kind);
      return found;
    };
  }

  #noteElsewhere(topic: string, reason: 'messaging' | 'refuse'): void {
    if (topic.startsWith('$')) return;
    this.#elsewhere.note({
      atMicros: this.#clock.nowMicros(),
      kind: 'elsewhere',
      client: '',
      user: '',
      topic,
      reason,
      why: 'no telemetry template of routing.telemetry fits it.',
      remote: '',
    });
  }

  /** Whoever is cut off for want of a right has been noted with what was refused. */
  #cutOff(fields: Readonly<Record<string, unknown>>): void {
    if (fields.reason === 'not-authorized') return;
    this.#refused.note({
      atMicros: this.#clock.nowMicros(),
      kind: 'cut-off',
      client: String(fields.client ?? ''),
      user: String(fields.user ?? ''),
      topic: String(fields.topic ?? ''),
      reason: String(fields.reason ?? ''),
      why: String(fields.why ?? ''),
      remote: String(fields.remote ?? ''),
    });
  }
}

/** What `FaultNotices` of the broker says. */
const CUT_OFF = 'MQTT client cut off.';
