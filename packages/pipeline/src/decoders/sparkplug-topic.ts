/** First level of every Sparkplug B topic (Sparkplug 3.0, 4.1). */
export const SPARKPLUG_NAMESPACE = 'spBv1.0';

/** Messages of Sparkplug that carry telemetry, births and deaths. */
const TYPES = ['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH'] as const;

/** One of the types of Sparkplug messages that carry telemetry. */
export type SparkplugType = (typeof TYPES)[number];

/** What the levels of a Sparkplug topic say. */
export interface SparkplugTopic {
  readonly type: SparkplugType;
  readonly group: string;
  readonly node: string;
  /** Empty for a message of the edge node itself. */
  readonly device: string;
  /** Device ids here: of whom the message is, and of its edge node. */
  readonly deviceId: string;
  readonly nodeId: string;
}

/**
 * Reads `spBv1.0/{group}/{type}/{node}/{device?}`; undefined where it is none, or where a message of a node names a device
 * or one of a device does not. A device is called `{node}:{device}`, and `{group}:{node}:{device}` `withGroup`; a colon or
 * percent sign inside of a part stands as `%3A` or `%25`, so that no two are called the same.
 */
export function readSparkplugTopic(
  levels: readonly string[],
  withGroup: boolean,
): SparkplugTopic | undefined {
  const [namespace, group = '', word, node = '', device = ''] = levels;
  const type = TYPES.find((one) => one === word);
  if (namespace !== SPARKPLUG_NAMESPACE || !type || group === '' || node === '' || levels.length > 5)
    return undefined;
  if (type.startsWith('D') !== levels.length > 4 || (levels.length > 4 && device === '')) return undefined;
  const nodeId = withGroup ? `${escaped(group)}:${escaped(node)}` : escaped(node);
  return { type, group, node, device, nodeId, deviceId: deviceIdOf(nodeId, device) };
}

/** The id of a device of the edge node with this id; the node's own for an empty name. */
export function deviceIdOf(nodeId: string, device: string): string {
  return device === '' ? nodeId : `${nodeId}:${escaped(device)}`;
}

/** Whether a topic of the namespace is a command or the state of a host: to be delivered, and no telemetry. */
export function isSparkplugCommand(levels: readonly string[]): boolean {
  const [namespace, group, type] = levels;
  return namespace === SPARKPLUG_NAMESPACE && (group === 'STATE' || type === 'NCMD' || type === 'DCMD');
}

/** The topic on which an edge node is asked for its births. */
export function rebirthTopic(group: string, node: string): string {
  return `${SPARKPLUG_NAMESPACE}/${group}/NCMD/${node}`;
}

function escaped(part: string): string {
  return /[%:]/.test(part) ? part.replaceAll('%', '%25').replaceAll(':', '%3A') : part;
}
