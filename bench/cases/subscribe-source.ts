// A broker that does nothing but send: PUBLISH of QoS 1 and 200 B in batches, as many as the window allows. Prints its port.
import { createServer, type Socket } from 'node:net';
import { encodePacket, PACKET_TYPE, PacketStream } from '@skerry/mqtt';

const WINDOW = 4_096;
const BATCH = 256;
const TOPICS = 1_000;

const batches = Array.from({ length: 16 }, (_, batch) => batchOf(batch));

const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : 0}\n`);
});

function serve(socket: Socket): void {
  const stream = new PacketStream();
  let sent = 0;
  let acked = 0;
  let isSubscribed = false;
  const pump = (): void => {
    while (isSubscribed && sent - acked + BATCH <= WINDOW) {
      socket.write(batches[(sent / BATCH) % batches.length] ?? new Uint8Array(0));
      sent += BATCH;
    }
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    stream.push(bytes);
    while (stream.next()) {
      const { type } = stream.cursor;
      if (type === PACKET_TYPE.puback) acked++;
      else {
        const packet = stream.packet();
        if (packet.type === 'connect')
          socket.write(encodePacket({ type: 'connack', isSessionPresent: false, reason: 0 }, packet.level));
        if (packet.type === 'subscribe') {
          socket.write(encodePacket({ type: 'suback', packetId: packet.packetId, reasons: [1] }, 5));
          isSubscribed = true;
        }
      }
    }
    pump();
  });
}

/** Packet identifiers run through the window, so that none is on its way twice. */
function batchOf(batch: number): Uint8Array {
  const packets = Array.from({ length: BATCH }, (_, index) => {
    const number = batch * BATCH + index;
    const topic = `mtic/msg/client/realtime/19000000000000${String(number % 10).padStart(5, '0')}/device-${number % TOPICS}`;
    const payload = new TextEncoder().encode(
      `{"deviceId":"device-${number % TOPICS}","timestamp":1732715160,"temperature":25.3,"humidity":65.2}`.padEnd(
        200,
      ),
    );
    return encodePacket(
      { type: 'publish', topic, payload, qos: 1, isDup: false, isRetain: false, packetId: number + 1 },
      5,
    );
  });
  return Buffer.concat(packets);
}
