import { formatRate } from '../../format.ts';
import { count, things } from '../../words/chinese.ts';
import type { SimulationWords } from './en.ts';

/** Texts of the simulation, in Chinese. */
export const zh: SimulationWords = {
  title: '模拟',
  lead: '模拟设备像真实设备一样通过 MQTT 发送数据，无需硬件即可试用控制台的全部功能。',
  start: '启动模拟',
  world: '模拟场景',
  worlds: { 'wind-farm': '风电场', factory: '工厂', traffic: '交通' },
  worldWords: {
    'wind-farm': '风力发电机组：风速、功率曲线、温度、磨损和故障。',
    factory: '生产设备：运行、升温、停机和维修。',
    traffic: '路口车流计数：早晚高峰和拥堵。',
  },
  devices: '设备数量',
  rate: '每秒消息数',
  rateHint: '每台设备。',
  seed: '随机种子',
  seedHint: '种子相同，事件的过程就相同。留空则使用新的种子。',
  tenant: '租户',
  project: '项目',
  projectHint: '留空则使用场景的名称。',
  outOfRange: (from, to) => `请输入 ${from} 到 ${to} 之间的数。`,
  wholeOutOfRange: (from, to) => `请输入 ${from} 到 ${to} 之间的整数。`,
  ends: '它会一直发送，直到被停止或服务器结束运行；服务器重新启动后不会自动恢复。',
  load: (messages) => `合计每秒 ${formatRate(messages)} 条消息。`,
  go: '启动',
  going: '正在启动…',
  running: '正在运行',
  slots: (running, most) => `${count(running)} 个，最多 ${count(most)} 个`,
  full: (most) => `已有 ${things(most, '个模拟')}在运行。请先停止一个。`,
  none: '没有正在运行的模拟。',
  started: (author, ago, isDemo) =>
    `由 ${author} 于${ago}启动；${isDemo ? '会随服务器重新启动' : '随服务器一起结束'}`,
  published: '已发布',
  acked: '已确认',
  facts: (devices, rate, seed) =>
    `${things(devices, '台设备')}，每台每秒 ${formatRate(rate)} 条消息，种子 ${seed}`,
  show: '查看设备',
  stop: '停止',
  again: '重新开始',
  asks: {
    again: {
      title: (name) => `重新开始 ${name}？`,
      words: '它的设备会断开连接，同一场景将以新的种子从头开始。已发布的数据会保留。',
    },
    stop: {
      title: (name) => `停止 ${name}？`,
      words: '它的设备会断开连接，不再发送数据。已发布的数据会保留至过期。',
    },
  },
  stopped: '模拟已停止。已发布的数据会保留至过期。',
  begun: '模拟已启动。',
  fault: (detail) => `模拟意外结束：${detail}`,
};
