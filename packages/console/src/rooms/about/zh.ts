import { count } from '../../words/chinese.ts';
import type { AboutWords } from './en.ts';

/** Texts about the product, in Chinese. */
export const zh: AboutWords = {
  title: '关于',
  version: '版本',
  started: '运行自',
  dataDir: '数据目录',
  listeners: '开放的地址',
  documents: '文档',
  openApi: 'HTTP API 的描述 (OpenAPI)',
  limits: '限制及当前用量',
  limitsWords: '一切都有限制；每一项都说明达到时会发生什么。',
  limit: '限制',
  value: '上限',
  now: '当前',
  whenFull: '达到时',
  unmeasured: '未测量',
  limitsMeasured: '仅显示已测量的',
  units: { ms: '毫秒', secs: '秒', micros: '微秒', days: '天', levels: '层' },
  licences: '许可证',
  licencesWords: (parts) => `Skerry 采用 Apache License 2.0。它建立在他人的 ${count(parts)} 项成果之上：`,
  name: '名称',
  licence: '许可证',
};
