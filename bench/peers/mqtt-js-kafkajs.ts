// What a careful person writes in one script: mqtt.js in, kafkajs out, PUBACK after the produce. With care: messages are
// gathered while one request is on its way, the producer is idempotent with acks=all, PUBACKs are held back and go out
// in order. mqtt.js has no way to do that: its own sending of PUBACK is put off.
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import mqtt, { type Packet } from 'mqtt';

const BATCH_MESSAGES = 1_000;
const [, , , url = '', brokers = '', topic = '', partitions = '1'] = process.argv;

interface Held {
  readonly key: string;
  readonly value: Buffer;
  readonly packetId: number;
}

const kafka = new Kafka({ clientId: 'peer', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ topics: [{ topic, numPartitions: Number(partitions) }], waitForLeaders: true });
await admin.disconnect();
const producer = kafka.producer({
  idempotent: true,
  maxInFlightRequests: 1,
  createPartitioner: Partitioners.DefaultPartitioner,
});
await producer.connect();

let held: Held[] = [];
let stored = 0;
let isSending = false;

const client = mqtt.connect(url, { clientId: 'peer', clean: false, protocolVersion: 4 });
type Send = (packet: Packet, done?: (error?: Error) => void, ...rest: unknown[]) => unknown;
const inner = client as unknown as { _sendPacket: Send }; // there is no public way to put a PUBACK off
const send = inner._sendPacket.bind(client);
inner._sendPacket = (packet, done, ...rest) => {
  if (packet.cmd !== 'puback') return send(packet, done, ...rest);
  done?.();
  return client;
};
client.on('message', (name, value, packet) => {
  held.push({ key: name.slice(name.lastIndexOf('/') + 1), value, packetId: packet.messageId ?? 0 });
  if (!isSending) void sendAll();
});
client.on('connect', () => void client.subscribeAsync('mtic/msg/client/realtime/#', { qos: 1 }));

async function sendAll(): Promise<void> {
  isSending = true;
  await new Promise(setImmediate);
  while (held.length > 0) {
    const batch = held.slice(0, BATCH_MESSAGES);
    held = held.slice(BATCH_MESSAGES);
    await producer.send({ topic, acks: -1, messages: batch });
    stored += batch.length;
    for (const { packetId } of batch) send({ cmd: 'puback', messageId: packetId });
  }
  isSending = false;
}

process.send?.(0);
process.on('message', () => process.send?.(stored));
process.on('disconnect', () => process.exit());
