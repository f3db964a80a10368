/** The stages of the one ledger, and what stands beside them. */
import { LEDGER_DEFINITION_VERSION, STATE_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import type { Definition } from './definition.ts'

const ledger = LEDGER_DEFINITION_VERSION
const state = STATE_DEFINITION_VERSION

export const DEFINITIONS_OF_LEDGER: readonly Definition[] = [
  {
    id: 'declared',
    version: ledger,
    zh: {
      name: '申报',
      text: '运营方自己申报的卡数和算力，注明日期、申报人和口径。各口径（FP16 稠密、FP16 稀疏、未注明）分列，互不相加，也不与实测数相加。',
      formula: '每个站点、每个型号取“知悉时刻”之前最近一次申报，按口径分别求和',
    },
    en: {
      name: 'Declared',
      text: 'Cards and P that operators say they have, with date, author and basis. Each basis (dense FP16, sparse FP16, unstated) keeps a sum of its own; none is added to another, or to what is measured.',
      formula: 'of each site and model the latest declaration made by known_at, summed per basis',
    },
  },
  {
    id: 'declared_flag',
    version: ledger,
    zh: {
      name: '申报存疑',
      text: '申报算力比目录中同型号、同数量卡在所注口径（未注明按稠密）上的数高出 5% 以上。若与稀疏口径相差在 5% 以内，则指明。例：1,184 张 H800 申报 2,300 P，稠密为 1,171 P，稀疏为 2,343 P，故为稀疏口径。标记只是提问，不改动申报数。',
      formula: '申报 P ÷（目录每卡 P × 申报卡数）> 1.05',
    },
    en: {
      name: 'Declared figure in doubt',
      text: 'The declared P is more than 5 % above what the catalogue has for that many cards of that model, on the basis that was stated (dense where none was). Where it lies within 5 % of the sparse figure, that is said: 2,300 P for 1,184 H800 is the sparse basis (dense 1,171 P, sparse 2,343 P). A flag asks; it changes no figure.',
      formula: 'declared P ÷ (catalogue P of one card × declared cards) > 1.05',
    },
  },
  {
    id: 'connected',
    version: ledger,
    zh: {
      name: '接入',
      text: '所述时刻之前 24 小时内，其节点代理给出过关于该卡的证据。每张卡只计一次：切分的卡按整卡计；身份冲突的两方主张中只计一方。',
      formula: '接入 = 未知 + 故障 + 忙 + 已分配 + 被占用 + 空闲 + 已借出 + 未告知',
    },
    en: {
      name: 'Connected',
      text: 'Its node’s agent has proven something of the card within the 24 h before the instant. Each card counts once: a sliced card as one card; of two claims in an identity conflict one.',
      formula: 'connected = unknown + faulty + busy + allocated + occupied + free + lent + untold',
    },
  },
  {
    id: 'not_connected',
    version: ledger,
    zh: {
      name: '未接入',
      text: '已登记的卡，最近一次证据在所述时刻之前 24 小时至 30 天之间。不计入接入。',
      formula: '24 h < 时刻 − 最近证据 ≤ 30 d',
    },
    en: {
      name: 'Not connected',
      text: 'A registered card whose last proof is 24 h to 30 days old at the instant. It is not part of connected.',
      formula: '24 h < instant − last proof ≤ 30 d',
    },
  },
  {
    id: 'lapsed',
    version: ledger,
    zh: {
      name: '失效',
      text: '已登记的卡，30 天以上没有证据，或从未有过证据。不计入接入，也不删除。',
      formula: '时刻 − 最近证据 > 30 d，或没有证据',
    },
    en: {
      name: 'Lapsed',
      text: 'A registered card without proof for more than 30 days, or ever. It is not part of connected, and is never deleted.',
      formula: 'instant − last proof > 30 d, or no proof',
    },
  },
  {
    id: 'access_rate',
    version: ledger,
    zh: {
      name: '接入率',
      text: '接入算力与申报算力之比，只用 FP16 稠密口径的申报数；没有该口径的申报时不给出。可以超过 1。',
      formula: '接入 P ÷ 申报 P（FP16 稠密）',
    },
    en: {
      name: 'Access rate',
      text: 'Connected P against declared P, of declarations on the dense FP16 basis only; not given where there is none. It can exceed 1.',
      formula: 'connected P ÷ declared P (dense FP16)',
    },
  },
  {
    id: 'unknown',
    version: state,
    zh: {
      name: '未知',
      text: '读不到、相互矛盾或失联的时间，每段都记有原因。未知不等于空闲，从不存入。',
      formula: null,
    },
    en: {
      name: 'Unknown',
      text: 'Time that could not be read, that contradicts itself, or of which a node was silent; each with its cause. Unknown is not idle, and is never deposited.',
      formula: null,
    },
  },
  {
    id: 'faulty',
    version: state,
    zh: {
      name: '故障',
      text: '厂商工具报告不健康、不可纠正的 ECC 错误、致命错误、掉卡、无驱动；或被调度系统排空、维护（计划内原因分列）。',
      formula: null,
    },
    en: {
      name: 'Faulty',
      text: 'The vendor’s tool says not healthy, uncorrectable ECC, fatal error, fallen off the bus, no driver; or drained or in maintenance (planned causes are shown apart).',
      formula: null,
    },
  },
  {
    id: 'busy',
    version: state,
    zh: {
      name: '忙',
      text: '任一引擎利用率不低于 5%，或厂商能告知时最近 60 秒内运行过内核；(1%, 5%) 之间为“灰”，按忙计。采样间隔 10 秒（可设 1–60 秒）。',
      formula: 'max(各引擎利用率) ≥ 5%',
    },
    en: {
      name: 'Busy',
      text: 'Any engine’s utilization is at least 5 %, or a kernel ran in the last 60 s where the vendor tells; in (1 %, 5 %) it is grey and booked busy. Sampled every 10 s (1–60 s).',
      formula: 'max(utilization of engines) ≥ 5 %',
    },
  },
  {
    id: 'allocated',
    version: state,
    zh: {
      name: '已分配',
      text: '没有活动，但调度系统、合同或直通已把卡给了别人。',
      formula: null,
    },
    en: {
      name: 'Allocated',
      text: 'Quiet, and a scheduler, a contract or passthrough has given the card away.',
      formula: null,
    },
  },
  {
    id: 'occupied',
    version: state,
    zh: {
      name: '被占用',
      text: '没有活动也未分配，但显存占用高于空载基线，或有计算进程（例如驻留的模型）。',
      formula: '显存占用 > 基线 + max(256 MiB, 1%)，或有计算进程',
    },
    en: {
      name: 'Occupied',
      text: 'Quiet and not given away, but memory in use is above the idle baseline, or a compute process is there (a model that stays loaded).',
      formula: 'memory used > baseline + max(256 MiB, 1 %), or a compute process',
    },
  },
  {
    id: 'free',
    version: state,
    zh: {
      name: '空闲',
      text: '前后两次采样都证明：没有活动、没有分配、显存在基线、没有进程。缺任何一项必需信号就不算空闲。',
      formula: null,
    },
    en: {
      name: 'Free',
      text: 'Proven at both ends of the span: no activity, not given away, memory at the baseline, no process. Where a required signal is missing it is not free.',
      formula: null,
    },
  },
  {
    id: 'untold',
    version: ledger,
    zh: {
      name: '未告知',
      text: '所述时刻已越过节点最新的记录，而又尚未宣告失联。问两分钟以前的时刻就没有这一项。',
      formula: null,
    },
    en: {
      name: 'Untold',
      text: 'The instant lies past what its node has told, and no silence has been declared yet. Asked for an instant two minutes back there is none.',
      formula: null,
    },
  },
  {
    id: 'p',
    version: ledger,
    zh: {
      name: 'P（算力）',
      text: '1 P = 1 PFLOPS，FP16 稠密峰值，取自本系统的目录，不是实测吞吐。目录没有 FP16 稠密数的型号用 BF16 稠密并注明；仍没有的只计卡数，不计 P。切片按份额折算。',
      formula: 'P = 目录 FP16 稠密 TFLOPS ÷ 1000 ÷ 工具列出的单元数 × 份额',
    },
    en: {
      name: 'P (compute)',
      text: '1 P = 1 PFLOPS, peak dense FP16, from our catalogue; not measured throughput. A model without a dense FP16 figure counts its dense BF16 one, and says so; one with neither counts in cards and adds nothing to P. Slices count by their share.',
      formula: 'P = catalogue dense FP16 TFLOPS ÷ 1000 ÷ listed units × share',
    },
  },
  {
    id: 'cores',
    version: ledger,
    zh: {
      name: 'CPU 核数',
      text: '有加速卡接入的节点上、代理报告的处理器逻辑核数。与 P 分列，从不相加。按厂商、型号分组时不给出，因为一个节点可有多种卡。',
      formula: 'Σ 接入节点的逻辑核数；未报告的节点单列',
    },
    en: {
      name: 'CPU cores',
      text: 'Logical processor cores that agents report of nodes with a connected card. Apart from P, never added to it. Not given by vendor or model, because a node may have cards of several.',
      formula: 'Σ logical cores of connected nodes; nodes that do not tell are counted beside',
    },
  },
  {
    id: 'evidence_level',
    version: ledger,
    zh: {
      name: '证据等级',
      text: '该时刻状态的依据：“租约交付”——卡在租约之下，证据不与之矛盾；“调度确认”——节点代理从 Slurm 或 Kubernetes 读取卡给了谁；“自报”——只凭代理和配置（合同日历、无调度）；“无”——未知或未告知。四级相加等于接入，卡数与 P 均分列。',
      formula: '接入 = 租约交付 + 调度确认 + 自报 + 无',
    },
    en: {
      name: 'Level of evidence',
      text: 'What the state of the instant rests on. Delivered: the card is under a lease and its evidence does not speak against it. Scheduler-confirmed: its agent reads from Slurm or Kubernetes who has been given it. Self-reported: the agent and its configuration alone (a contract’s calendar, or no scheduler). None: unknown or untold. The four add up to connected, in cards and in P.',
      formula: 'connected = delivered + scheduler-confirmed + self-reported + none',
    },
  },
]
