import { MqttError } from '../errors.ts';

/** Gives a topic name back; throws `topic-invalid` for an empty one or one with a wildcard [MQTT-4.7.3-1, MQTT-3.3.2-2]. */
export function checkTopicName(topic: string): string {
  if (topic === '') throw new MqttError('topic-invalid', 'A topic name is empty.');
  if (topic.includes('+') || topic.includes('#'))
    throw new MqttError('topic-invalid', 'A topic name holds a wildcard.');
  return topic;
}
