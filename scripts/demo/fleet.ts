/**
 * The made-up fleet of the demo: 8 sites in 8 regions, 32 nodes, 256 accelerators of nine vendors.
 * Names are as the vendors' tools print them, so that the catalogue does its real work. Operators
 * carry made-up credit codes whose check character is right.
 */
import type { Vendor } from '@yiben/shared'

/** A model of accelerator as the demo's probes show it. */
export interface DemoModel {
  readonly vendor: Vendor
  readonly name: string
  readonly memoryTotalMib: number
  /** Memory in use with nothing running, as the catalogue's idle baselines have it. */
  readonly idleMemoryMib: number
  readonly idlePowerWatts: number
  readonly fullPowerWatts: number
}

const MODELS = {
  h800: {
    vendor: 'nvidia',
    name: 'NVIDIA H800',
    memoryTotalMib: 81_559,
    idleMemoryMib: 0,
    idlePowerWatts: 70,
    fullPowerWatts: 640,
  },
  a800: {
    vendor: 'nvidia',
    name: 'NVIDIA A800-SXM4-80GB',
    memoryTotalMib: 81_920,
    idleMemoryMib: 0,
    idlePowerWatts: 62,
    fullPowerWatts: 380,
  },
  h20: {
    vendor: 'nvidia',
    name: 'NVIDIA H20',
    memoryTotalMib: 97_871,
    idleMemoryMib: 0,
    idlePowerWatts: 75,
    fullPowerWatts: 480,
  },
  ascend910b3: {
    vendor: 'ascend',
    name: '910B3',
    memoryTotalMib: 65_536,
    idleMemoryMib: 3_402,
    idlePowerWatts: 92,
    fullPowerWatts: 320,
  },
  mlu370: {
    vendor: 'cambricon',
    name: 'MLU370-X8',
    memoryTotalMib: 49_152,
    idleMemoryMib: 0,
    idlePowerWatts: 55,
    fullPowerWatts: 230,
  },
  k100ai: {
    vendor: 'hygon',
    name: 'K100_AI',
    memoryTotalMib: 65_520,
    idleMemoryMib: 0,
    idlePowerWatts: 95,
    fullPowerWatts: 360,
  },
  c500: {
    vendor: 'metax',
    name: 'MetaX C500',
    memoryTotalMib: 65_536,
    idleMemoryMib: 826,
    idlePowerWatts: 45,
    fullPowerWatts: 330,
  },
  p800: {
    vendor: 'kunlunxin',
    name: 'P800 OAM',
    memoryTotalMib: 98_304,
    idleMemoryMib: 0,
    idlePowerWatts: 86,
    fullPowerWatts: 380,
  },
  s4000: {
    vendor: 'moore-threads',
    name: 'MTT S4000',
    memoryTotalMib: 49_152,
    idleMemoryMib: 0,
    idlePowerWatts: 60,
    fullPowerWatts: 420,
  },
  biv150: {
    vendor: 'iluvatar',
    name: 'Iluvatar BI-V150',
    memoryTotalMib: 32_768,
    idleMemoryMib: 68,
    idlePowerWatts: 98,
    fullPowerWatts: 310,
  },
} as const satisfies Record<string, DemoModel>

export interface DemoSite {
  readonly code: string
  readonly name: string
  readonly regionCode: string
  /** First 17 characters of the operator's credit code; the check character is computed. */
  readonly operatorStem: string
  readonly operatorName: string
  /** Share of the cards that jobs hold on average; the rest is what a bank could draw. */
  readonly load: number
  /** Share of cards that serve a model all day: memory held, mostly no utilization. */
  readonly serving: number
  /** One entry per node of eight cards. */
  readonly nodes: readonly DemoModel[]
  /** Whether the owner consents to deposits. */
  readonly deposits: boolean
}

const { h800, a800, h20, ascend910b3, mlu370, k100ai, c500, p800, s4000, biv150 } = MODELS

export const DEMO_SITES: readonly DemoSite[] = [
  {
    code: 'ZJK-01',
    name: '张家口怀来智算中心',
    regionCode: '130730',
    operatorStem: '91130730MA0DEMX01',
    operatorName: '示例算力（张家口）有限公司',
    load: 0.62,
    serving: 0.1,
    nodes: [h800, h800, h800, h800],
    deposits: true,
  },
  {
    code: 'HLGE-01',
    name: '和林格尔云谷数据中心',
    regionCode: '150123',
    operatorStem: '91150123MA0DEMX02',
    operatorName: '示例云谷（内蒙古）有限公司',
    load: 0.35,
    serving: 0.05,
    nodes: [a800, a800, h20, h20],
    deposits: true,
  },
  {
    code: 'GUIAN-01',
    name: '贵安新区智算基地',
    regionCode: '520115',
    operatorStem: '91520115MA0DEMX03',
    operatorName: '示例贵安科技有限公司',
    load: 0.28,
    serving: 0.1,
    nodes: [ascend910b3, ascend910b3, ascend910b3, ascend910b3],
    deposits: true,
  },
  {
    code: 'QY-01',
    name: '庆阳东数西算中心',
    regionCode: '621002',
    operatorStem: '91621002MA0DEMX04',
    operatorName: '示例庆阳算力有限公司',
    load: 0.8,
    serving: 0.1,
    nodes: [ascend910b3, ascend910b3, mlu370, mlu370],
    deposits: true,
  },
  {
    code: 'ZW-01',
    name: '中卫云基地',
    regionCode: '640502',
    operatorStem: '91640502MA0DEMX05',
    operatorName: '示例宁夏云基地有限公司',
    load: 0.22,
    serving: 0,
    nodes: [k100ai, k100ai, c500, c500],
    deposits: true,
  },
  {
    code: 'WH-01',
    name: '芜湖集群智算中心',
    regionCode: '340207',
    operatorStem: '91340207MA0DEMX06',
    operatorName: '示例长三角算力有限公司',
    load: 0.45,
    serving: 0.2,
    nodes: [p800, p800, h20, h20],
    deposits: true,
  },
  {
    code: 'SG-01',
    name: '韶关集群数据中心',
    regionCode: '440204',
    operatorStem: '91440204MA0DEMX07',
    operatorName: '示例粤北数据有限公司',
    load: 0.3,
    serving: 0.1,
    nodes: [s4000, s4000, biv150, biv150],
    deposits: false,
  },
  {
    code: 'QP-01',
    name: '上海青浦推理中心',
    regionCode: '310118',
    operatorStem: '91310118MA0DEMX08',
    operatorName: '示例青浦智能有限公司',
    load: 0.4,
    serving: 0.6,
    nodes: [h20, h20, a800, a800],
    deposits: true,
  },
]

export const DEMO_CARDS_PER_NODE = 8
