import { useFetched } from './fetched.ts';
import { getConfig } from './generated/client.ts';
import { messages } from './messages.ts';
import { Card, Command } from './parts.tsx';

/** What to do while nothing was ever received: a command that works as it stands. */
export function EmptyPlatform() {
  const { data } = useFetched('config', getConfig);
  const mqtt = data?.listeners.find((listener) => listener.name === 'mqtt');
  return (
    <Card title={messages.empty.title} className="empty">
      <p>{messages.empty.words}</p>
      {data && mqtt && (
        <Command
          text={`mosquitto_pub -h ${mqtt.host} -p ${mqtt.port} -q 1 -t ${data.exampleTopic} -m '{"temperature": 21.5}'`}
        />
      )}
    </Card>
  );
}
