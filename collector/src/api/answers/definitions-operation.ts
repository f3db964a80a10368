/** What can be drawn and for how long, and how nodes fare: what is said of the present. */
import { LEDGER_DEFINITION_VERSION, STATE_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import type { Definition } from './definition.ts'

const ledger = LEDGER_DEFINITION_VERSION
const state = STATE_DEFINITION_VERSION

export const DEFINITIONS_OF_OPERATION: readonly Definition[] = [
  {
    id: 'drawable',
    version: ledger,
    zh: {
      name: '现可支取',
      text: '已存入、其节点此刻听得到、且未被占用或租出的卡。围栏说明机主的调度系统能否再把作业排上来；暂停的卡可见而不可支取。',
      formula: '现可支取 = 已存入 − 占用或租出 − 暂停',
    },
    en: {
      name: 'Drawable',
      text: 'Deposited cards whose node is heard now, and that are neither held nor lent. A fence says whether the owner’s scheduler can still place jobs there; suspended cards are visible, not drawable.',
      formula: 'drawable = deposited − held or lent − suspended',
    },
  },
  {
    id: 'lot',
    version: ledger,
    zh: {
      name: '批次',
      text: '同一节点上同一型号、已存入的卡。银行只见其不透明的编号，从中看不出节点。',
      formula: null,
    },
    en: {
      name: 'Lot',
      text: 'Deposited cards of one model on one node. The bank knows it by an opaque id, from which no node can be told.',
      formula: null,
    },
  },
  {
    id: 'joint_chance',
    version: ledger,
    zh: {
      name: '联合概率',
      text: '所选全部卡在整个时长内都保持空闲的概率，由预测给出；不是单卡概率。同一池的卡按其历史一同被占用的程度合并，不同池相互独立。没有预测时不给出。',
      formula: 'P(全部卡空闲至少所求时长)',
    },
    en: {
      name: 'Joint chance',
      text: 'The forecast’s probability that all of the cards stay free for all of the time asked: not that of one card. Within a pool cards are joined as its history shows them claimed together; pools are independent. Without a forecast none is told.',
      formula: 'P(all cards free for at least the time asked)',
    },
  },
  {
    id: 'brier',
    version: ledger,
    zh: {
      name: 'Brier 分',
      text: '预测概率与结果（持续为 1，否则为 0）之差的平方的均值，近一周衰减；越小越好。技巧为与 Kaplan-Meier 基线相比的改进。',
      formula: 'Brier = Σ(概率 − 结果)² ÷ 次数；技巧 = 1 − Brier ÷ 基线 Brier',
    },
    en: {
      name: 'Brier score',
      text: 'The mean squared difference of the chance told and the outcome (1 if it lasted, else 0), faded within a week; less is better. Skill is what is gained over Kaplan-Meier.',
      formula: 'Brier = Σ(chance − outcome)² ÷ guesses; skill = 1 − Brier ÷ baseline’s Brier',
    },
  },
  {
    id: 'node_active',
    version: state,
    zh: {
      name: '在册节点',
      text: '已登记而未吊销的节点。在线指此刻与账本有连接。',
      formula: null,
    },
    en: {
      name: 'Active nodes',
      text: 'Enrolled nodes that have not been revoked. Connected: with a connection to the ledger now.',
      formula: null,
    },
  },
  {
    id: 'node_silent',
    version: state,
    zh: {
      name: '静默',
      text: '在册节点没有连接，或 90 秒以上未听到。其卡的时间记为未知（静默），补报之后另记更正。',
      formula: '无连接，或 现在 − 最近听到 > 90 s',
    },
    en: {
      name: 'Silent',
      text: 'An active node without a connection, or unheard for more than 90 s. Its cards’ time is unknown (silent) until it is told, and then corrected.',
      formula: 'no connection, or now − last heard > 90 s',
    },
  },
  {
    id: 'clock_offset',
    version: state,
    zh: {
      name: '时钟偏差',
      text: '账本时间减去节点时间轴，由心跳测得。它是证据，从不用来改写时间；超过 2 秒标出，超过 5 秒不可存入。',
      formula: '偏差 = 账本时间 − 节点时间',
    },
    en: {
      name: 'Clock offset',
      text: 'The ledger’s time minus the node’s own timeline, as heartbeats measure it. It is evidence, and never changes a stamp; over 2 s it is flagged, over 5 s nothing is deposited.',
      formula: 'offset = ledger’s time − node’s time',
    },
  },
  {
    id: 'probe_problem',
    version: state,
    zh: {
      name: '探测有问题',
      text: '某一厂商的工具出错、无响应或读不懂，或读到的单元少于总线上的卡。读不到的一律记为未知或故障，从不记为空闲。',
      formula: '有问题代码，或 读到单元 < 总线上的卡',
    },
    en: {
      name: 'Probe problem',
      text: 'A vendor’s tool failed, did not answer or could not be read, or fewer units were read than cards are on the bus. What could not be read is unknown or faulty, never idle.',
      formula: 'a problem’s code, or units read < cards on the bus',
    },
  },
]
