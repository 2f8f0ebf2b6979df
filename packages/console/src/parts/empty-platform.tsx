import { getConfig } from '../generated/client.ts';
import { useFetched } from '../live/fetched.ts';
import { useShared } from '../words/shared.ts';
import { Card, Command } from './parts.tsx';

/** What to do while nothing was ever received: a command that works as it stands. */
export function EmptyPlatform() {
  const { empty } = useShared();
  const { data } = useFetched('config', getConfig);
  const mqtt = data?.listeners.find((listener) => listener.name === 'mqtt');
  return (
    <Card title={empty.title} className="empty">
      <p>{empty.words}</p>
      {data && mqtt && (
        <Command
          text={`mosquitto_pub -h ${mqtt.host} -p ${mqtt.port} -q 1 -t ${data.exampleTopic} -m '{"temperature": 21.5}'`}
        />
      )}
    </Card>
  );
}
