export { rebirthCommand } from './decoders/sparkplug-command.ts';
export { rebirthTopic, type SparkplugTopic } from './decoders/sparkplug-topic.ts';
