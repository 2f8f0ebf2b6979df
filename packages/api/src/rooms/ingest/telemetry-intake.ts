import type { Clock, Meter } from '@skerry/kernel';
import type { Call } from '../../call.ts';
import { ApiError } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import type { Platform, TakenTelemetry } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { mediaTypeOf, readRecords } from './body-records.ts';
import { IdempotencyBook, readIdempotencyKey } from './idempotency-book.ts';
import { IntakeRoom, readBody } from './request-body.ts';

/** What the intake works with. */
export interface IntakeNeeds {
  readonly platform: Pick<Platform, 'intakeRefusal' | 'takeIn'>;
  readonly clock: Pick<Clock, 'startTimer'>;
  readonly meter: Meter;
}

/** Takes telemetry in over HTTP: nothing is answered with 2xx before it is durable. */
export class TelemetryIntake {
  readonly #needs: IntakeNeeds;
  readonly #room: IntakeRoom;
  readonly #book = new IdempotencyBook();

  constructor(needs: IntakeNeeds) {
    this.#needs = needs;
    this.#room = new IntakeRoom(
      needs.meter.gauge('iot_api_intake_bytes', 'Bytes of telemetry bodies that are being taken in.'),
    );
  }

  /** Answers `sendTelemetry`; `author` is who sends. */
  async send(call: Call<'sendTelemetry'>, author: string): Promise<Model<'TakenTelemetry'>> {
    this.#checkOpen();
    const { headers } = call.request;
    const mediaType = mediaTypeOf(headers['content-type']);
    const key = readIdempotencyKey(headers['idempotency-key']);
    using place = this.#room.enter(author);
    const body = await readBody(call.request.raw, place, this.#room.inflations, call);
    const { payloads, contentType } = await readRecords(body, mediaType);
    this.#checkOpen();
    const { tenantId: tenant, projectId: project, deviceId: device } = call.params;
    const ids = key === undefined ? {} : { messageIds: idsOf(key, payloads.length, mediaType) };
    const take = () =>
      this.#needs.platform.takeIn({
        tenant,
        project,
        device,
        client: `http:${author}`,
        contentType,
        payloads,
        ...ids,
      });
    if (key === undefined) {
      const taken = await this.#patiently(take());
      return { records: payloads.length, ...taken, isRepeated: false };
    }
    const name = JSON.stringify([author, tenant, project, device, mediaType, key]);
    const { taken, isRepeated } = this.#book.once(name, body, take);
    return { records: payloads.length, ...(await this.#patiently(taken)), isRepeated };
  }

  /** Fails with `intake-refused` while the platform takes nothing in. */
  #checkOpen(): void {
    const refusal = this.#needs.platform.intakeRefusal();
    if (refusal) throw new ApiError('intake-refused', refusal.detail, { reason: refusal.code });
  }

  /** Waits for the disk as long as a client does; fails with `not-durable-yet` then. */
  async #patiently(taken: Promise<TakenTelemetry>): Promise<TakenTelemetry> {
    const late = Promise.withResolvers<never>();
    const patienceMs = LIMITS.intakePatienceMs.value;
    const timer = this.#needs.clock.startTimer(patienceMs, () => {
      const detail = `the journal has not made the records durable in ${patienceMs / 1_000} s; they may become so later: repeat the request under its Idempotency-Key`;
      late.reject(new ApiError('not-durable-yet', detail));
    });
    try {
      return await Promise.race([taken, late.promise]);
    } finally {
      timer[Symbol.dispose]();
    }
  }
}

function idsOf(key: string, records: number, mediaType: string): string[] {
  if (!mediaType.endsWith('ndjson')) return [key];
  return Array.from({ length: records }, (_, index) => `${key}.${index + 1}`);
}
