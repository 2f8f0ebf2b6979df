import type { Clock, Connection, Net } from '@skerry/kernel';
import type { SeededRandom } from '@skerry/kernel/testing';
import { encodeConnect, encodePublish } from './wire.ts';

/** What a stranger works with. */
export interface StrangerNeeds {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly port: number;
}

/** The tenant of strangers; the judge leaves what is theirs to the ledger and the audit. */
export const STRANGER = 'stranger';

const STAY_MS = 300;
const SECOND = '2026-01-01T00:00:0';

/** Telemetry as devices of others write it: every form of value and time that the decoder knows, and what it refuses. */
const PAYLOADS: readonly [string, ...string[]] = [
  '7',
  ' -12.5e-3 ',
  '"a text"',
  'true',
  'null',
  '[]',
  '{}',
  '[1,2,3]',
  '[{"v":1},{"v":2,"ts":1767225601},{"deviceId":"inner","v":3}]',
  '[{"v":1},[2]]',
  '[{"v":1},',
  '{"device_id":"other","id":"third","v":1}',
  '{"id":12,"v":2}',
  '{"deviceId":"a/b","v":3}',
  '{"deviceId":"","v":3}',
  '{"messageId":"m1","v":4}',
  '{"messageId":"m1","v":5}',
  '{"seq":3,"bootId":"b","v":1}',
  '{"seq":1,"bootId":"b","v":2}',
  '{"seq":"9","epoch":4,"v":3}',
  '{"seq":-1,"v":3}',
  '{"seq":1.5,"v":3}',
  '{"e":"\\u0041\\\\\\/\\b\\f\\n\\r\\t\\"\\ud83d\\ude00"}',
  '{"e":"\\ud83d"}',
  '{"e":"\\q"}',
  '{"e":"\\u12"}',
  '{"e":"a\u0001b"}',
  '{"e":"äöü 漢字 😀"}',
  '{"\\u0065scaped":1,"":2}',
  '{"v":01}',
  '{"v":1.}',
  '{"v":-}',
  '{"v":1e400}',
  '{"v":-1E+2,"w":0.1e-7,"x":123456789.123456789}',
  '{"v":9007199254740992,"w":-9007199254740993,"x":123456789012345678901234567890}',
  '{"v":NaN}',
  '{"v":1}{"v":2}',
  '{"v":1} x',
  '{"v" 1}',
  '{"v":1,}',
  '{v:1}',
  '{"v":tru}',
  '{"a":{"b":{"c":{"d":[1,{"e":2},[3,4],"t",null,true]}}}}',
  `{"deep":${'{"d":'.repeat(40)}1${'}'.repeat(40)}}`,
  `{"list":[${Array.from({ length: 40 }, (_, i) => i).join()}]}`,
  `{${Array.from({ length: 60 }, (_, i) => `"m${i}":${i}`).join()}}`,
  '{"__proto__":1,"constructor":2}',
  '{"v":1,"v":2}',
  ...[
    '"2026-01-01"',
    `"${SECOND}0Z"`,
    `"${SECOND}0.123456789Z"`,
    `"${SECOND}0+05:30"`,
    `"${SECOND}0-0330"`,
    `"${SECOND}0+01"`,
    '"2016-12-31T23:59:60Z"',
    '"2026-02-30"',
    '"2026-01-01T25:00:00Z"',
    '"2026-01-01T00:00:00+25:00"',
    '"1767225600"',
    '"1767225600123456789"',
    '"99999999999999999999"',
    '"soon"',
    '1767225600.5',
    '1767225600123456',
    '-5',
    '4102444800',
    'true',
    'null',
    '[1]',
    '{"a":1}',
  ].map((time) => `{"ts":${time},"v":1}`),
];

/** A client whose devices publish whatever their makers thought of, under topics of a tenant of its own. */
export class Stranger {
  readonly #needs: StrangerNeeds;
  #isActive = true;

  constructor(needs: StrangerNeeds) {
    this.#needs = needs;
    void this.#visit();
  }

  /** Comes no more. */
  stop(): void {
    this.#isActive = false;
  }

  async #visit(): Promise<void> {
    const { net, clock, random, port } = this.#needs;
    while (this.#isActive) {
      await clock.sleep(random.between(20, STAY_MS));
      // nobody listens now and then: it comes again
      const connection = await net.connect({ host: '127.0.0.1', port }).catch(() => undefined);
      if (connection && this.#isActive) await this.#publish(connection);
    }
  }

  async #publish(connection: Connection): Promise<void> {
    const { clock, random } = this.#needs;
    let isOpen = true;
    connection.start({
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => {
        isOpen = false;
      },
    });
    connection.write(encodeConnect(4, STRANGER, 0));
    for (let packetId = 1; packetId <= random.between(2, 12) && isOpen; packetId++) {
      await clock.sleep(random.int(20));
      const topic = `iot/${STRANGER}/${random.pick(['odd', 'odder'])}/${random.pick(['d', 'e', 'f'])}/telemetry`;
      const payload = new TextEncoder().encode(random.pick(PAYLOADS));
      connection.write(encodePublish(4, { topic, payload, qos: 1, packetId }));
    }
    connection.end();
  }
}
