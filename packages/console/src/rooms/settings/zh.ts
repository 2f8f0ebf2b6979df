import { things } from '../../words/chinese.ts';
import type { SettingsWords } from './en.ts';

/** Texts of the settings, in Chinese. */
export const zh: SettingsWords = {
  title: '设置',
  lead: '此服务器运行时使用的配置。可以通过配置文件、环境变量或命令行参数修改，重新启动后生效。',
  listeners: '已打开的地址',
  what: '服务',
  address: '地址',
  find: '查找设置',
  onlySet: '仅显示已设置的项',
  shown: (settings) => things(settings, '项设置'),
  none: '没有符合条件的设置。',
  noSet: '没有设置任何项：所有值均为默认值。',
  narrow: '只有可以查看整个平台的用户才能看到这些值。',
  setting: '设置项',
  value: '值',
  source: '来源',
  sources: {
    default: '默认值',
    file: '文件',
    environment: '环境变量',
    flag: '命令行参数',
  },
  standard: (value) => `默认值 ${value}`,
  follows: (path) => `因为 ${path} 为 0`,
  empty: '空',
  change: '如何修改',
  inFile: '在配置文件中',
  byEnvironment: '通过环境变量',
  byFlag: '通过命令行参数',
  strength: '命令行参数优先于环境变量，环境变量优先于配置文件。',
};
