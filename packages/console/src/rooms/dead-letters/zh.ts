import { count, things } from '../../words/chinese.ts';
import type { DeadLettersWords } from './en.ts';

/** Texts of the dead letters, in Chinese. */
export const zh: DeadLettersWords = {
  title: '死信',
  words: '无法处理的记录。它们会完整保留，直到被重放或丢弃。',
  state: '状态',
  states: { open: '未处理', replayed: '已重放', discarded: '已丢弃', expired: '已过期', any: '不限' },
  reason: '原因',
  byReason: '按原因',
  reasons: {
    'unknown-topic': '未知主题',
    undecodable: '无法解码',
    'series-limit': '序列过多',
    'too-many-points': '数据点过多',
    'stage-failed': '处理阶段失败',
    'kafka-refused': '被 Kafka 拒绝',
  },
  why: {
    'unknown-topic': '主题位于遥测前缀之下，但不符合任何主题模板。请修正发送方的主题，或添加模板。',
    undecodable: '载荷的格式没有解码器认识。请修正发送方，或声明解码器。',
    'series-limit': '设备的序列将超过限制。请查找不断增长的名称或数组。',
    'too-many-points': '一条记录包含的数据点超过限制。请分成较小的部分发送。',
    'stage-failed': '声明的处理阶段无法计算它。请修正该阶段，然后重放。',
    'kafka-refused':
      'Kafka 永远不会将其收入主题：记录过大，或主题的名称或数量不允许。重放会绕过该主题将其存储。',
  },
  none: '这里没有死信。每条记录都已处理。',
  noneOf: '没有符合条件的死信。',
  offset: '偏移',
  received: '接收时间',
  topic: '主题',
  size: '大小',
  one: (offset) => `死信 ${offset}`,
  back: '全部死信',
  client: '客户端',
  stage: '阶段',
  device: '设备',
  payload: '载荷',
  text: '文本',
  hex: '十六进制',
  notText: '这些字节不是 UTF-8。',
  truncated: '仅显示开头的字节。',
  listed: (letters) => things(letters, '条死信'),
  firstOnly: (letters) => `列出了前 ${count(letters)} 条。`,
  replay: '重放',
  discard: '丢弃',
  replayAll: (letters) => `重放全部 ${count(letters)} 条`,
  discardAll: (letters) => `丢弃全部 ${count(letters)} 条`,
  replayWords: (letters) =>
    `${things(letters, '条记录')}将再次交给数据管线处理。再次失败的保持未处理；重复操作没有影响。`,
  discardWords: (letters) => `${things(letters, '条记录')}将被永久放弃。账目会记为已丢弃；此操作无法撤销。`,
  outcome: (act, { changed, failedAgain, undecided, unchanged }) => {
    const parts = [
      { records: changed, became: act === 'replay' ? '已处理' : '已丢弃' },
      { records: failedAgain, became: '再次失败，仍未处理' },
      { records: undecided, became: '仍在等待数据管线' },
      { records: unchanged, became: '已不是未处理状态' },
    ].filter(({ records }) => records > 0);
    if (parts.length === 0) return '没有未处理的记录。';
    return `${parts.map(({ records, became }) => `${things(records, '条记录')}${became}`).join('；')}。`;
  },
  terminal: '在终端中',
  terminalWords: '在服务器所在的机器上，于 Skerry 的目录中：',
  changedBy: (author, moment) => `由 ${author} 于 ${moment}`,
  unknown: '没有此偏移的死信。',
};
