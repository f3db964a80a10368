/** Words of exported files, Chinese and English: what is not a column of an answer. */
export type Language = 'zh' | 'en'

const WORDS = {
  // of every file
  about: ['说明', 'About'],
  item: ['项目', 'Item'],
  value: ['内容', 'Value'],
  export_id: ['导出编号', 'Export id'],
  table: ['表', 'Table'],
  made_at: ['导出时间 (UTC)', 'Made at (UTC)'],
  who: ['导出人', 'By'],
  role: ['角色', 'Role'],
  purpose: ['用途', 'Purpose'],
  question: ['查询条件', 'Question'],
  rows: ['行数', 'Rows'],
  total: ['全部行数', 'Rows in all'],
  as_of: ['所述时刻', 'As of'],
  known_at: ['知悉时刻', 'Known at'],
  finality: ['定稿程度', 'Finality'],
  definition_version: ['定义版本', 'Definition version'],
  catalogue_version: ['目录版本', 'Catalogue version'],
  p_basis: ['算力口径', 'Basis of P'],
  basis: ['FP16 稠密 (PFLOPS)', 'FP16 dense (PFLOPS)'],
  demo: ['演示数据', 'Demo'],
  demo_banner: ['演示数据：均非真实', 'DEMO: nothing of this is real'],
  no: ['否', 'no'],
  columns: ['列', 'Columns'],
  // of a report
  whole: ['总表', 'Summary'],
  by_region: ['分地区', 'By region'],
  by_site: ['分机房', 'By site'],
  by_hub: ['分枢纽', 'By hub'],
  by_operator: ['分运营者', 'By operator'],
  by_vendor: ['分厂商', 'By vendor'],
  by_model: ['分型号', 'By model'],
  ranking: ['排名', 'Ranking'],
  side: ['首末', 'Top or bottom'],
  place: ['名次', 'Place'],
  top: ['首位', 'top'],
  bottom: ['末位', 'bottom'],
  adjustments: ['更正', 'Corrections'],
  unrated: ['无额定型号', 'Unrated models'],
  definitions: ['定义', 'Definitions'],
  country: ['全国', 'the whole country'],
  region: ['地区', 'Region'],
  month: ['月份', 'Month'],
  report_id: ['报告编号', 'Report id'],
  issued_at: ['出具时刻', 'Issued at'],
  author: ['出具人', 'Author'],
  stock: ['月末一本账', 'The one ledger at the end of the month'],
  time: ['当月卡时与利用', 'Time and use of the month'],
  accounts: ['存取与履约', 'Promises and where they went'],
  id: ['编号', 'Id'],
  version: ['版本', 'Version'],
  called: ['名称', 'Name'],
  text: ['释义', 'Meaning'],
  formula: ['公式', 'Formula'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>
export type Word = keyof typeof WORDS

export function word(name: Word, language: Language): string {
  return WORDS[name][language === 'zh' ? 0 : 1]
}
