import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address, Connection, Net } from '../net.ts';
import { hasCode } from './has-code.ts';

const LOOPBACK: Address = { host: '127.0.0.1', port: 0 };

/** A network under test, and a way to let its time pass while a condition is awaited. */
export interface NetUnderTest extends AsyncDisposable {
  readonly net: Net;
  /** Resolves when `isTrue` holds; lets whatever the network waits for happen. */
  until(isTrue: () => boolean): Promise<void>;
  /** Resolves with the answer; lets whatever the network waits for happen. */
  during<T>(answer: Promise<T>): Promise<T>;
}

/** What every `Net` promises. Registers its tests under `name`. */
export function netSuite(name: string, openNet: () => NetUnderTest | Promise<NetUnderTest>): void {
  const check = (fact: string, prove: (under: NetUnderTest) => Promise<void>): void => {
    test(`${name} ${fact}`, async () => {
      await using under = await openNet();
      await prove(under);
    });
  };
  checkAddresses(check);
  checkStream(check);
  checkFlow(check);
  checkEnd(check);
}

type Check = (fact: string, prove: (under: NetUnderTest) => Promise<void>) => void;

function checkAddresses(check: Check): void {
  check('picks a free port for 0', async ({ net }) => {
    await using one = await net.listen(LOOPBACK, () => undefined);
    await using two = await net.listen(LOOPBACK, () => undefined);
    assert.ok(one.address.port > 0 && two.address.port > 0 && one.address.port !== two.address.port);
  });
  check('refuses a port that is taken and gives it after the listener is gone', async ({ net }) => {
    const one = await net.listen(LOOPBACK, () => undefined);
    await assert.rejects(
      net.listen(one.address, () => undefined),
      hasCode('port-in-use'),
    );
    await one[Symbol.asyncDispose]();
    await using again = await net.listen(one.address, () => undefined);
    assert.equal(again.address.port, one.address.port);
  });
  check('refuses an address that the machine does not have', async ({ net }) => {
    const foreign = net.listen({ host: '192.0.2.1', port: 0 }, () => undefined);
    await assert.rejects(foreign, hasCode('address-not-available'));
  });
  check('fails to connect where nobody listens', async ({ net, during }) => {
    const gone = await net.listen(LOOPBACK, () => undefined);
    await gone[Symbol.asyncDispose]();
    await assert.rejects(during(net.connect(gone.address)), hasCode('connect-failed'));
  });
  check('gives up connecting when the signal is aborted', async ({ net }) => {
    await using listener = await net.listen(LOOPBACK, () => undefined);
    const reason = new Error('no longer wanted');
    await assert.rejects(net.connect(listener.address, AbortSignal.abort(reason)), reason);
  });
}

function checkStream(check: Check): void {
  check('delivers bytes in order both ways, whatever their slices', async (under) => {
    await using pair = await openPair(under);
    const sent = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
    for (let at = 0; at < sent.byteLength; at += 7_777)
      pair.client.connection.write(sent.slice(at, at + 7_777));
    pair.server.connection.write(Uint8Array.of(1, 2, 3));
    await under.until(() => pair.server.bytes.length === sent.byteLength && pair.client.bytes.length === 3);
    assert.deepEqual(Uint8Array.from(pair.server.bytes), sent);
    assert.deepEqual(pair.client.bytes, [1, 2, 3]);
  });
  check('calls no callback inside write, resume, end or destroy', async (under) => {
    await using pair = await openPair(under);
    let isInside = true;
    pair.client.onEvent = () => assert.equal(isInside, false);
    pair.server.onEvent = () => assert.equal(isInside, false);
    pair.server.connection.pause();
    pair.client.connection.write(new Uint8Array(10));
    pair.server.connection.resume();
    pair.client.connection.destroy();
    pair.server.connection.destroy();
    isInside = false;
    await under.until(() => pair.client.closes === 1 && pair.server.closes === 1);
  });
}

function checkFlow(check: Check): void {
  check('stops data while paused, refuses above the high-water mark, drains after resume', async (under) => {
    await using pair = await openPair(under);
    pair.server.connection.pause();
    let written = 0;
    while (pair.client.connection.write(new Uint8Array(65_536)) && written < 256 * 65_536) written += 65_536;
    written += 65_536;
    assert.ok(pair.client.connection.bufferedBytes > 0);
    assert.equal(pair.client.drains, 0);
    pair.server.connection.resume();
    await under.until(() => pair.client.drains > 0 && pair.server.bytes.length === written);
    assert.equal(pair.client.connection.bufferedBytes, 0);
  });
}

function checkEnd(check: Check): void {
  check(
    'sends what is buffered before an orderly end, which both sides see without an error',
    async (under) => {
      await using pair = await openPair(under);
      pair.client.connection.write(new Uint8Array(100_000));
      pair.client.connection.end();
      await under.until(() => pair.client.closes === 1 && pair.server.closes === 1);
      assert.equal(pair.server.bytes.length, 100_000);
      assert.deepEqual([pair.client.error, pair.server.error], [undefined, undefined]);
    },
  );
  check('ignores a write after the end', async (under) => {
    await using pair = await openPair(under);
    pair.client.connection.end();
    assert.equal(pair.client.connection.write(Uint8Array.of(1)), true);
    await under.until(() => pair.client.closes === 1 && pair.server.closes === 1);
    assert.deepEqual(pair.server.bytes, []);
  });
  check('tells the close once after destroy, at both ends', async (under) => {
    await using pair = await openPair(under);
    pair.client.connection.destroy();
    pair.client.connection.destroy();
    await under.until(() => pair.client.closes === 1 && pair.server.closes === 1);
    assert.equal(pair.client.connection.write(Uint8Array.of(1)), true);
    assert.deepEqual([pair.client.closes, pair.server.closes], [1, 1]);
  });
  check('leaves existing connections alone when the listener goes', async (under) => {
    await using pair = await openPair(under);
    await pair.listener[Symbol.asyncDispose]();
    pair.client.connection.write(Uint8Array.of(7));
    await under.until(() => pair.server.bytes.length === 1);
  });
}

/** One end of a connection with everything it was told. */
class End {
  readonly connection: Connection;
  readonly bytes: number[] = [];
  drains = 0;
  closes = 0;
  error: Error | undefined;
  onEvent: () => void = () => undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      onData: (bytes) => {
        this.onEvent();
        for (const byte of bytes) this.bytes.push(byte);
      },
      onDrain: () => {
        this.onEvent();
        this.drains++;
      },
      onClose: (error) => {
        this.onEvent();
        this.closes++;
        this.error = error;
      },
    });
  }
}

async function openPair({
  net,
  until,
  during,
}: NetUnderTest): Promise<
  AsyncDisposable & { readonly client: End; readonly server: End; readonly listener: AsyncDisposable }
> {
  const accepted: End[] = [];
  const listener = await net.listen(LOOPBACK, (connection) => accepted.push(new End(connection)));
  const client = new End(await during(net.connect(listener.address)));
  await until(() => accepted.length === 1);
  const [server] = accepted;
  assert.ok(server);
  return {
    client,
    server,
    listener,
    [Symbol.asyncDispose]: async () => {
      client.connection.destroy();
      server.connection.destroy();
      await listener[Symbol.asyncDispose]();
    },
  };
}
