import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMosquitto } from '@skerry/testkit/engines';
import { aMember, publish, texts, until } from './scene.ts';

const TIMEOUT = { timeout: 60_000 };

for (const level of [4, 5] as const) {
  test(
    `Subscriber at level ${level}: messages that came while it was away arrive, in order, once`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto();
      {
        await using member = await aMember(mosquitto.port, { level });
        await member.subscriber.subscribed();
        await publish(mosquitto.port, 'plant/a', texts('here', 500));
        await until(
          () => member.keeper.texts.length === 500,
          () => member.keeper.texts.length,
        );
        await member.subscriber.drained();
        assert.deepEqual(member.keeper.texts, texts('here', 500));
      }
      await publish(mosquitto.port, 'plant/b', texts('away', 700));
      await using member = await aMember(mosquitto.port, { level });
      await until(
        () => member.keeper.texts.length >= 700,
        () => [member.keeper.texts.length, member.events],
      );
      assert.deepEqual(member.keeper.texts, texts('away', 700));
      assert.ok(member.events.some((event) => event.type === 'connected' && event.isSessionPresent));
    },
  );
}
