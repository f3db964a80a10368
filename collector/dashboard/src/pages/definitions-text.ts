/** Words of the definitions page. */
import type { Same } from '../text/common.ts'

const zh = {
  title: '口径',
  intro:
    '每个数字都连着它的口径：名称、含义、算法和版本。改动口径必换版本，旧报表按旧版本重现。利用率、卡时尚无国家标准，故逐项写明。',
  search: '按名称、含义、算法或代号查找',
  found: '共 {{count}} 条',
  nothing: '没有符合的口径',
  formula: '算法',
  rule: '这是一条规则，没有算式',
  version: '版本',
  link: '到“{{name}}”的链接',
  contents: '目录',
} as const

const en: Same<typeof zh> = {
  title: 'Definitions',
  intro:
    'Every figure leads to what it means: name, words, formula, version. A changed rule gets a new version, and an old report is made again with the old one. No standard defines the utilization of accelerators or the card-hour, so each is written out.',
  search: 'Find by name, words, formula or id',
  found: '{{count}} definitions',
  nothing: 'No such definition',
  formula: 'Formula',
  rule: 'A rule, without a formula',
  version: 'Version',
  link: 'Link to {{name}}',
  contents: 'Contents',
}

export const definitionsText = { zh, en }
