import { count, things } from '../../words/chinese.ts';
import type { LedgerWords } from './en.ts';

/** Texts of the ledger, in Chinese. */
export const zh: LedgerWords = {
  title: '账目',
  lead: '收到的每条记录都恰好记在一个账户中。“已接收”在记录持久化时计数，其他账户随数据管线的位置计数；因此总和可能不符，届时即为告警。',
  balanced: '平衡',
  outOfBalance: '不平',
  balancedWords: (received) => `在每个项目中，已接收都等于其他账户之和：${things(received, '条记录')}。`,
  all: '全部项目',
  notes: '不确定之处',
  note: {
    'gateway-ahead': (records, gateway) =>
      `网关 ${gateway} 的至多 ${things(records, '条记录')}已有结论，而该网关尚未报告：在其报告之前，按结论计数。`,
    'gateway-untold': (records, journal) =>
      `${things(records, '条记录')}来自不报告其接收情况的网关（日志 ${journal}）：它没有 PostgreSQL，或尚未连上。`,
    'gateway-silent': (records, gateway) =>
      `网关 ${gateway} 的${things(records, '条记录')}已确认但尚未进入 Kafka，而该网关已停止：在其数据文件夹上启动任意网关，即会发送。`,
    'foreign-records': (records) => `${things(records, '条记录')}由其他生产者放入 Kafka，按结论计数。`,
    'kafka-silent': () => 'Kafka 没有应答：其中无人读取的内容不在此账目中。',
  },
  byProject: '按租户与项目',
  tenant: '租户',
  project: '项目',
  nobody: '无租户',
  nobodyWords: '主题没有给出租户和项目：位于遥测前缀之下，但不符合任何模板。',
  qos0: (records) => `其中 ${things(records, '条记录')}以 QoS 0 发送`,
  byDevice: '按设备',
  device: '设备',
  deviceHint: '设备编号',
  deviceWords:
    '查找设备即可查看其账目。记录从解码起才可知属于哪台设备，因此设备的“已接收”是其他账户之和，且没有待处理的记录。',
  noDevice: (text) => `没有编号包含“${text}”的设备。`,
  gaps: '设备编号的缺口',
  gapsWords: '设备在两条消息之间跳过的编号：它们从未被收到。两端的编号本身也缺失。',
  noGaps: '没有缺口。为消息编号的设备发送了每一个编号。',
  epoch: '纪元',
  from: '首个缺失',
  to: '末个缺失',
  missing: '缺失数',
  moreGaps: (gaps) => `列出了前 ${count(gaps)} 处缺口。`,
  meanings: '各词的含义',
  meaning: {
    received: '已持久化到日志：发送方已得到确认。',
    stored: '其数据点已在存储中。没有数据点的记录也计入此处。',
    deduplicated: '同一设备的同一消息已经存储过；确认丢失后再次发送。',
    filtered: '声明的处理阶段将其取出，或并入了聚合。',
    deadLettered: '无法处理；完整保留，直到有人重放或丢弃。',
    discarded: '有人放弃的死信。',
    expired: '在处理或重放之前，因时间或大小的限制而被移除。',
    pending: '已安全写入日志，尚无结论；通常仅数秒。',
  },
};
