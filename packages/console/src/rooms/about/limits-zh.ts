/** What a limit bounds, and what happens when it is reached. */
export interface LimitWords {
  readonly what: string;
  readonly whenFull: string;
}

const SUBSCRIPTION_REFUSED = '再建立的订阅被拒绝 (SUBACK 0x97; MQTT 3.1.1 为 0x80)。';
const NOT_RETAINED = '新主题上的消息照常送达并写入日志，但不作为保留消息保存；计数。';
const TAKEN_APART = '在后台拆分为各序列自己的块。';

/** The limits whose use is measured, in Chinese, by package and name; the others are shown in the words of the server. */
export const LIMITS_ZH: Readonly<Record<string, LimitWords>> = {
  'access.hashesWaitingMax': {
    what: '等待验证的密码数；每次只计算一个散列。',
    whenFull: '再来的登录以 503 `sign-in-busy` 拒绝。',
  },
  'api.connectionsMax': {
    what: '同时打开的 HTTP 连接数。',
    whenFull: '为新的连接关闭最早的、尚未发来完整请求或空闲的连接；若全部都在工作，则关闭新的连接。',
  },
  'api.streamsMax': {
    what: '同时打开的事件流 (SSE) 数。',
    whenFull: '再打开的流以 503 `too-many-streams` 拒绝。',
  },
  'api.queriesMax': {
    what: '同时进行的遥测查询数。',
    whenFull: '再来的查询以 503 `too-many-queries` 和 `retry-after` 拒绝。',
  },
  'api.exportsMax': {
    what: '同时进行的导出数。',
    whenFull: '再来的导出以 503 `too-many-queries` 和 `retry-after` 拒绝。',
  },
  'api.intakeBytesMax': {
    what: '正在接收的遥测正文，所有请求合计。',
    whenFull: '请求以 503 `intake-refused` (原因 `backlog`) 拒绝。',
  },
  'journal.journalBytesMax': {
    what: '日志的大小；磁盘空间更少时以磁盘为准。',
    whenFull: '从 80 % 起，所有必需的消费者都已读过的整段被删除。',
  },
  'journal.segmentBytesMax': {
    what: '一个日志段的大小；日志空间的三十二分之一更小时以后者为准。',
    whenFull: '日志在新的段中继续。',
  },
  'journal.waitingBytesMax': {
    what: '在追加线程中等待写入日志的记录。',
    whenFull: '追加端报告已满，发布者被要求等待。',
  },
  'mqtt.connectionsMax': {
    what: '同时打开的 MQTT 连接数。',
    whenFull: '再来的连接立即关闭；其余连接照常服务。',
  },
  'mqtt.subscriptionsMax': { what: '一个会话的订阅数。', whenFull: SUBSCRIPTION_REFUSED },
  'mqtt.subscriptionsTotalMax': { what: '所有会话的订阅数合计。', whenFull: SUBSCRIPTION_REFUSED },
  'mqtt.sessionsMax': {
    what: '内存中的会话数，包括已断开的客户端。',
    whenFull:
      '离线最久的会话结束并发布其遗嘱，同一主体的会话优先；没有离线会话时以 CONNACK 0x97 或 0x03 拒绝。',
  },
  'mqtt.queuesBytesMax': {
    what: '所有会话中等待的主题和载荷合计。',
    whenFull: '与单个会话的队列已满时相同。',
  },
  'mqtt.retainedCountMax': { what: '保留消息数。', whenFull: NOT_RETAINED },
  'mqtt.retainedBytesMax': { what: '保留消息的主题和载荷。', whenFull: NOT_RETAINED },
  'pipeline.nodeSeriesMax': {
    what: '整个存储的序列数。',
    whenFull: '会再增加一个序列的记录整条成为死信 (series-limit)。',
  },
  'pipeline.nodeDevicesMax': {
    what: '整个存储的设备数。',
    whenFull: '再多一台设备的记录整条成为死信 (series-limit)。',
  },
  'pipeline.letterDevicesMax': {
    what: '整个存储的设备数未达到此值时，死信的主题所指的设备也成为已知设备。',
    whenFull: '尚未存储任何数据的设备的死信照样保留，计数时不归于任何设备。',
  },
  'pipeline.dedupeEntriesMax': {
    what: '所有去重窗口中的编号合计，每个约占 24 字节内存。',
    whenFull: '为消息编号的设备平分窗口；从第 513 台这样的设备起，每台少于 4,096 个。',
  },
  'pipeline.deviceGapsMax': {
    what: '一台设备的编号在一个纪元内保留的缺口数。',
    whenFull: '最早的缺口被忘记并计数。',
  },
  'pipeline.deviceEpochsMax': {
    what: '一台设备保留其缺口的编号纪元数。',
    whenFull: '最久没有消息的纪元连同其缺口被忘记；缺口计数。',
  },
  'pipeline.hotBytesMax': {
    what: '追加后直接移交、尚未解码的批次。',
    whenFull: '再来的批次不被接收；管道自己读取日志。',
  },
  'pipeline.subscriptionsMax': {
    what: '同时进行的实时订阅数。',
    whenFull: '再来的订阅以 live-refused 拒绝。',
  },
  'pipeline.pipelinesMax': {
    what: '一个节点上声明的管道和查找表数。',
    whenFull: '再声明的以 stages-refused 拒绝。',
  },
  'pipeline.sparkplugNodesMax': {
    what: '保留其出生消息的 Sparkplug 边缘节点数。',
    whenFull: '再多一个节点的出生消息成为死信 (undecodable)。',
  },
  'pipeline.sparkplugMetricsMax': {
    what: '所有保留的 Sparkplug 出生消息中的指标数，每个约占 150 字节内存。',
    whenFull: '会带来更多指标的出生消息成为死信 (undecodable)。',
  },
  'pipeline.groupsMax': {
    what: '一个 Aggregate 阶段的分组数。',
    whenFull: '再多一个分组的记录成为死信 (stage-failed)。',
  },
  'series.packsMax': { what: '256 个序列的一个区块在其小时结束之前的包数。', whenFull: TAKEN_APART },
  'series.packedPointsMax': { what: '256 个序列的一个区块的包中的数据点数。', whenFull: TAKEN_APART },
  'series.minutesSealsMax': {
    what: '在汇总完成之前，其合计保留在内存中的封存数。',
    whenFull: '之后的封存从其数据块重新读取。',
  },
  'kernel.spansQueuedMax': {
    what: '启用跟踪时，一个线程中等待发送给收集器的 span 数。',
    whenFull: '再来的 span 被丢弃并计数；其他工作不等待。',
  },
  'series.cacheSeriesWaitingMax': {
    what: '一个分区中最新值等待写入 Redis 的序列数。',
    whenFull: '它们被放弃；Redis 恢复后缓存从空开始。',
  },
};
