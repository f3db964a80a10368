/** Every table that can be exported: which route says it, and where in the answer its rows are. */
import { BROKEN_CAUSES } from '../../model/draw.ts'
import { TIME_FIGURES } from '../../rollup/bucket-figures.ts'
import { MOVED_FIGURES } from '../answers/corrections.ts'
import { FIGURE_NAMES } from '../answers/rollup-rows.ts'
import type { RecordKeys } from './columns.ts'

export interface ExportTable {
  readonly name: string
  readonly zh: string
  readonly en: string
  readonly route: string
  /** Path to the rows within the answer; none where it steps through what is null. */
  readonly rows: string
  /** A list within each row that becomes rows of its own. */
  readonly explode?: string
  /** Rows whose list is empty are left out; otherwise they stand once. */
  readonly isExplodedOnly?: boolean
  /** What another table holds. */
  readonly without?: readonly string[]
  /** Of a list that its route cuts: path to how many there are. */
  readonly total?: string
  /** How the route is asked to go on, where that is not by a cursor. */
  readonly pages?: { readonly ask: string; readonly next: string }
  /** Chinese of columns whose word means something else here. */
  readonly chinese?: Readonly<Record<string, string>>
  readonly records?: RecordKeys
  /** Rows asked for at once, where the route allows fewer than others, or gives no pages. */
  readonly pageRows?: number
}

export const FIGURE_NAMES_LIST = [...FIGURE_NAMES.values()]
export const MOVE_NAMES = MOVED_FIGURES.map(([, name]) => name)
export const P_HOUR_NAMES = TIME_FIGURES.map((figure) => {
  return (FIGURE_NAMES.get(figure) ?? figure).replace(/_ms$/, '_ph')
})

const QUALITY = [
  ['implausible', '不合常理', 'Not plausible'],
  ['clones', '疑似克隆', 'Clones'],
  ['epochs', '更换的缓存', 'Replaced spools'],
  ['refused', '被拒记录', 'Refused records'],
  ['holes', '记录空洞', 'Holes'],
  ['silences', '静默', 'Silences'],
  ['clock_offsets', '时钟偏差', 'Clock offsets'],
  ['clock_steps', '时钟跳变', 'Clock steps'],
  ['clock_gaps', '时钟修正', 'Mended clocks'],
  ['suspended_nodes', '暂停的节点', 'Suspended nodes'],
  ['unrated_models', '无额定型号', 'Unrated models'],
  ['weak_identities', '弱身份', 'Weak identities'],
] as const

export const EXPORT_TABLES: readonly ExportTable[] = [
  { name: 'ledger', zh: '一本账', en: 'The one ledger', route: '/v1/ledger', rows: 'rows' },
  {
    name: 'rollups',
    zh: '利用率',
    en: 'Rollups',
    route: '/v1/rollups',
    rows: 'rows',
    explode: 'models',
    records: { 'models.figures': FIGURE_NAMES_LIST, p_hours: P_HOUR_NAMES },
  },
  {
    name: 'sites',
    zh: '机房',
    en: 'Sites',
    route: '/v1/sites',
    rows: 'sites',
    explode: 'declared',
  },
  { name: 'nodes', zh: '节点', en: 'Nodes', route: '/v1/nodes', rows: 'nodes' },
  {
    name: 'node-versions',
    zh: '代理版本',
    en: 'Versions of the agent',
    route: '/v1/nodes/health',
    rows: 'versions',
  },
  {
    name: 'node-problems',
    zh: '探测问题',
    en: 'Problems of probes',
    route: '/v1/nodes/health',
    rows: 'problems',
  },
  {
    name: 'node-cards',
    zh: '节点的卡',
    en: 'Cards of a node',
    route: '/v1/nodes/:id/accelerators',
    rows: 'accelerators',
  },
  {
    name: 'node-probes',
    zh: '节点的探测',
    en: 'Probes of a node',
    route: '/v1/nodes/:id',
    rows: 'facts.probes',
  },
  {
    name: 'accelerators',
    zh: '加速卡',
    en: 'Accelerators',
    route: '/v1/accelerators',
    rows: 'accelerators',
  },
  {
    name: 'accelerator-timeline',
    zh: '加速卡时间线',
    en: 'Timeline of an accelerator',
    route: '/v1/accelerators/:id/timeline',
    rows: 'placements',
    explode: 'segments',
    isExplodedOnly: true,
    without: ['deposits'],
  },
  {
    name: 'accelerator-deposits',
    zh: '加速卡的存入',
    en: 'Deposits of an accelerator',
    route: '/v1/accelerators/:id/timeline',
    rows: 'placements',
    explode: 'deposits',
    isExplodedOnly: true,
    without: ['segments'],
  },
  { name: 'deposits', zh: '存入', en: 'Deposits', route: '/v1/deposits', rows: 'deposits' },
  {
    name: 'deposit-summary',
    zh: '存入汇总',
    en: 'Deposits by site and model',
    route: '/v1/deposits/summary',
    rows: 'groups',
  },
  // The interface gives no more lots for one question.
  {
    name: 'capacity',
    zh: '可支取份额',
    en: 'What can be drawn',
    route: '/v1/capacity',
    rows: 'lots',
    pageRows: 1_000,
    total: 'lots_total',
  },
  {
    name: 'capacity-in-the-way',
    zh: '受阻条件',
    en: 'What stands in the way',
    route: '/v1/capacity',
    rows: 'in_the_way',
  },
  {
    name: 'outlook',
    zh: '七日展望',
    en: 'Outlook',
    route: '/v1/capacity/outlook',
    rows: 'rows',
    explode: 'hours',
    pageRows: 10,
  },
  {
    name: 'draws',
    zh: '支取',
    en: 'Draws',
    route: '/v1/draws',
    rows: 'draws',
    pageRows: 100,
  },
  {
    name: 'draw-cards',
    zh: '支取的卡',
    en: 'Cards of a draw',
    route: '/v1/draws/:id',
    rows: 'cards',
  },
  {
    name: 'draw-leases',
    zh: '支取的租约',
    en: 'Leases of a draw',
    route: '/v1/draws/:id',
    rows: 'leases',
    chinese: { cards: '卡序号' },
  },
  {
    name: 'promises',
    zh: '履约',
    en: 'Promises',
    route: '/v1/promises',
    rows: 'models',
    records: { broken_card_ms: BROKEN_CAUSES },
  },
  { name: 'forecast', zh: '预测成绩', en: 'Forecast', route: '/v1/forecast', rows: 'horizons' },
  {
    name: 'corrections',
    zh: '更正',
    en: 'Corrections',
    route: '/v1/corrections',
    rows: 'corrections',
    records: { moves: MOVE_NAMES },
  },
  {
    name: 'balance',
    zh: '平衡差错',
    en: 'Errors of the balance',
    route: '/v1/balance',
    rows: 'errors',
    total: 'errors_total',
  },
  {
    name: 'journal-entries',
    zh: '日志条目',
    en: 'Entries of the journal',
    route: '/v1/journal/entries',
    rows: 'entries',
    pages: { ask: 'after', next: 'next_after' },
  },
  { name: 'conflicts', zh: '身份冲突', en: 'Conflicts', route: '/v1/conflicts', rows: 'conflicts' },
  { name: 'reports', zh: '月报', en: 'Reports', route: '/v1/reports', rows: 'reports' },
  { name: 'audit', zh: '审计日志', en: 'Audit log', route: '/v1/audit', rows: 'rows' },
  { name: 'tokens', zh: '令牌', en: 'Tokens', route: '/v1/tokens', rows: 'tokens' },
  { name: 'sessions', zh: '会话', en: 'Sessions', route: '/v1/sessions', rows: 'sessions' },
  {
    name: 'second-factors',
    zh: '第二因素',
    en: 'Second factors',
    route: '/v1/second-factors',
    rows: 'second_factors',
  },
  ...QUALITY.map(([list, zh, en]) => ({
    name: `quality-${list.replaceAll('_', '-')}`,
    zh,
    en,
    route: '/v1/quality',
    rows: `${list}.rows`,
    total: `${list}.total`,
  })),
  {
    name: 'owner-statement',
    zh: '所有者对账单',
    en: 'Statement of an owner',
    route: '/v1/accounts/:code/statement',
    rows: 'lines',
    records: { broken_card_ms: BROKEN_CAUSES },
  },
  {
    name: 'owner-statement-sites',
    zh: '所有者对账单的机房',
    en: 'Sites in the statement of an owner',
    route: '/v1/accounts/:code/statement',
    rows: 'sites',
  },
  {
    name: 'borrower-statement',
    zh: '借方对账单',
    en: 'Statement of a borrower',
    route: '/v1/borrowers/:code/statement',
    rows: 'lines',
    records: { broken_card_ms: BROKEN_CAUSES },
  },
  {
    name: 'borrower-statement-sites',
    zh: '借方对账单的机房',
    en: 'Sites in the statement of a borrower',
    route: '/v1/borrowers/:code/statement',
    rows: 'sites',
  },
]
