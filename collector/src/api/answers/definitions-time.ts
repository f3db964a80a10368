/** Time and what is made of it: rates, coverage, energy, and the definitions others use. */
import { BUCKET_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import type { Definition } from './definition.ts'

const version = BUCKET_DEFINITION_VERSION

export const DEFINITIONS_OF_TIME: readonly Definition[] = [
  {
    id: 'card_hours',
    version,
    zh: {
      name: '卡时',
      text: '一张卡一小时。账以整数毫秒记（卡·毫秒），任一时段七种状态之和等于该时段。不同型号的卡时不可比，也不相加；跨型号只用 P·时。',
      formula: '卡时 = 卡·毫秒 ÷ 3,600,000',
    },
    en: {
      name: 'Card-hours',
      text: 'One card for one hour. Booked in whole card-milliseconds; over any span the seven states add up to it. Card-hours of two models are not comparable and are not added: over models there is P·h.',
      formula: 'card-hours = card-milliseconds ÷ 3,600,000',
    },
  },
  {
    id: 'p_hours',
    version,
    zh: {
      name: 'P·时',
      text: '算力乘时间（FP16 稠密）。跨型号汇总只用它。无目录数的型号不计入。',
      formula: 'Σ 卡时 × 每卡 P',
    },
    en: {
      name: 'P·h',
      text: 'P × hours (dense FP16): the only sum over models. Unrated models add nothing.',
      formula: 'Σ card-hours × P of one card',
    },
  },
  {
    id: 'core_hours',
    version,
    zh: {
      name: '核时',
      text: '一个 CPU 逻辑核一小时，与卡时、P·时分列，从不相加。一本账给出所述时刻之前最近一个整点小时：总量是节点在该小时内报告的核数乘时间，在用量是其中的忙时；未报告的节点不计入，故同时给出报告节点数。',
      formula: '核时 = Σ 核·毫秒 ÷ 3,600,000',
    },
    en: {
      name: 'Core-hours',
      text: 'One logical CPU core for one hour; apart from card-hours and P·h, never added to them. The ledger gives the last full hour before its instant: the total is cores × the time of which nodes have told them, busy is what of it was at work; nodes that tell nothing are not in it, so that the nodes that do are counted beside.',
      formula: 'core-hours = Σ core-milliseconds ÷ 3,600,000',
    },
  },
  {
    id: 'busy_rate',
    version,
    zh: {
      name: '忙碌率',
      text: '利用率不低于 5% 的时间占已知时间的比。同时给出界限：未知时间全不忙、全忙。按卡时（单一型号）和按 P·时分别给出。',
      formula: '活动 ÷（全部 − 未知）；界限 [活动 ÷ 全部,（活动 + 未知）÷ 全部]',
    },
    en: {
      name: 'Busy rate',
      text: 'Time at 5 % utilization or more, of the time that is known; with the bounds for unknown time all idle and all busy. By card time (one model) and by P·h.',
      formula: 'active ÷ (all − unknown); bounds [active ÷ all, (active + unknown) ÷ all]',
    },
  },
  {
    id: 'allocation_rate',
    version,
    zh: {
      name: '分配率',
      text: '由调度、合同或租约给出的时间（不论忙否）占已知时间的比，界限同忙碌率。',
      formula: '给出 ÷（全部 − 未知）；界限 [给出 ÷ 全部,（给出 + 未知）÷ 全部]',
    },
    en: {
      name: 'Allocation rate',
      text: 'Time given away by a scheduler, a contract or a lease, busy or not, of the time that is known; bounds as for the busy rate.',
      formula: 'given ÷ (all − unknown); bounds [given ÷ all, (given + unknown) ÷ all]',
    },
  },
  {
    id: 'coverage',
    version,
    zh: {
      name: '覆盖率',
      text: '有状态证据的部分。时间汇总按时间算；一本账按该时刻的接入卡数算。低于 90% 的站点只显示，不排名。',
      formula: '（全部 − 未知）÷ 全部；一本账：（接入 − 未知 − 未告知）÷ 接入',
    },
    en: {
      name: 'Coverage',
      text: 'The part of which the state is proven: of time in rollups, of connected cards in the ledger. Below 90 % a site is shown, not ranked.',
      formula: '(all − unknown) ÷ all; ledger: (connected − unknown − untold) ÷ connected',
    },
  },
  {
    id: 'utilization_coverage',
    version,
    zh: {
      name: '利用率覆盖率',
      text: '实际取得的采样占应取采样的比。状态可以由占有情况证明而没有利用率，故与覆盖率分列。',
      formula: '取得采样数 ÷ 应取采样数',
    },
    en: {
      name: 'Utilization coverage',
      text: 'Samples taken, of samples expected. A state can be proven by possession without a utilization, so that this is another figure than coverage.',
      formula: 'samples got ÷ samples expected',
    },
  },
  {
    id: 'utilization_zero',
    version,
    zh: {
      name: '对照：利用率为 0',
      text: '外界常用的“空闲”定义之一，仅供对照：利用率恰为 0 的采样占比。其中大多仍驻留着模型，不等于可存入的空闲。',
      formula: '利用率恰为 0 的采样数 ÷ 取得采样数',
    },
    en: {
      name: 'Comparison: utilization 0',
      text: 'One of the definitions of idle that others publish, for comparison only: the share of samples at exactly 0. Most of these still hold a loaded model; it is not what can be deposited.',
      formula: 'samples at exactly 0 ÷ samples got',
    },
  },
  {
    id: 'utilization_below_tenth',
    version,
    zh: {
      name: '对照：利用率低于 10%',
      text: '外界常用的“空闲”定义之一，仅供对照：利用率低于 10% 的采样占比（含 0）。',
      formula: '利用率 < 10% 的采样数 ÷ 取得采样数',
    },
    en: {
      name: 'Comparison: utilization below 10 %',
      text: 'One of the definitions of idle that others publish, for comparison only: the share of samples below 10 %, zero included.',
      formula: 'samples below 10 % ÷ samples got',
    },
  },
  {
    id: 'allocated_idle',
    version,
    zh: {
      name: '对照：已分配而无活动',
      text: '外界常用的“空闲”定义之一，仅供对照：由调度或合同给出却没有活动的时间，占全部给出时间的比。租约之内的闲置属于“已借出”，不在其中。',
      formula: '“已分配”状态的时间 ÷ 给出的时间',
    },
    en: {
      name: 'Comparison: allocated but idle',
      text: 'One of the definitions of idle that others publish, for comparison only: time that a scheduler or a contract has given away and that shows no activity, of all time given away. What is idle within a lease is lent and not in it.',
      formula: 'time in state allocated ÷ time given',
    },
  },
  {
    id: 'energy',
    version,
    zh: {
      name: '电量',
      text: '加速卡自身读数累计的电量，不含主机、网络和制冷。读不到功率的卡不计入，因此是下限。',
      formula: 'kWh = Σ 焦耳 ÷ 3,600,000',
    },
    en: {
      name: 'Energy',
      text: 'Of the accelerators themselves, by their own readings; without host, network and cooling. A card whose power cannot be read adds nothing, so that it is a lower bound.',
      formula: 'kWh = Σ joules ÷ 3,600,000',
    },
  },
  {
    id: 'p_hours_per_kwh',
    version,
    zh: {
      name: '每千瓦时 P·时',
      text: '每度电对应的活动 P·时（峰值口径，不是实测运算量），只计有目录数的卡。电量只读到一部分时间时，此数偏高。',
      formula: '活动 P·时 ÷ kWh',
    },
    en: {
      name: 'P·h per kWh',
      text: 'Active P·h for each kWh (peak rate, not operations measured), of rated cards. Where energy was read for a part of the time only it is too high.',
      formula: 'active P·h ÷ kWh',
    },
  },
  {
    id: 'tariff_period',
    version,
    zh: {
      name: '峰谷时段',
      text: '按站点申报的电价日历（站点时区，起点含、终点不含）把每一时刻归入一个时段，如尖、峰、平、谷。没有日历的站点单列。',
      formula: null,
    },
    en: {
      name: 'Tariff period',
      text: 'By the tariff calendar that the site has stated (its time zone; from included, to excluded) every instant lies in one period, such as peak or valley. Sites without one are a row of their own.',
      formula: null,
    },
  },
  {
    id: 'pue',
    version,
    zh: {
      name: 'PUE',
      text: '数据中心总能耗与信息设备能耗之比，由站点申报，注明申报人和生效时间；本系统不测量。',
      formula: '数据中心总能耗 ÷ 信息设备能耗（申报）',
    },
    en: {
      name: 'PUE',
      text: 'Total energy of the data centre against that of its IT equipment, as its site states it, with author and validity; we do not measure it.',
      formula: 'total energy ÷ energy of IT equipment (declared)',
    },
  },
  {
    id: 'rack_occupancy',
    version,
    zh: {
      name: '上架率',
      text: '已用机架占可用机架的比，由站点申报，注明申报人和生效时间。',
      formula: '已用机架 ÷ 可用机架（申报）',
    },
    en: {
      name: 'Rack occupancy',
      text: 'Racks in use, of racks available, as the site states it, with author and validity.',
      formula: 'racks in use ÷ racks available (declared)',
    },
  },
]
