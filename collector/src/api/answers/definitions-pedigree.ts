/** What stands beside every figure: when, how final, counted how often. */
import { LEDGER_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import type { Definition } from './definition.ts'

const version = LEDGER_DEFINITION_VERSION

export const DEFINITIONS_OF_PEDIGREE: readonly Definition[] = [
  {
    id: 'as_of',
    version,
    zh: { name: '所述时刻', text: '数字所说的时刻。', formula: null },
    en: { name: 'As of', text: 'The time that a figure speaks of.', formula: null },
  },
  {
    id: 'known_at',
    version,
    zh: {
      name: '知悉时刻',
      text: '账本在该时刻所知道的。同一个“所述时刻”配不同的“知悉时刻”，可分别得到更正前后的数；打印过的报表存有它，可原样重现。',
      formula: null,
    },
    en: {
      name: 'Known at',
      text: 'What the ledger knew then. One as_of with two known_at gives the figure before and after a correction; a printed report keeps its own and is reproduced exactly.',
      formula: null,
    },
  },
  {
    id: 'finality',
    version,
    zh: {
      name: '定稿程度',
      text: '暂记：所涉小时尚未封存；已封存：每小时在其结束后 2 小时封存；初报：该民用月已过，自次月 1 日起；终报：自次月 9 日起。以后到达的数据作为更正记入所属小时，并列入下一次报表。',
      formula: null,
    },
    en: {
      name: 'Finality',
      text: 'Provisional: some hour of it is not sealed. Sealed: each hour is, 2 h after its end. Preliminary: its civil month is over, from day 1 of the next. Final: from day 9. What comes later is a correction in the hour it belongs to, and stands in the next report.',
      formula: null,
    },
  },
  {
    id: 'conflict',
    version,
    zh: {
      name: '身份冲突',
      text: '同一卡号在两个节点上都有已证明的重叠时间。两方主张并列显示，只计一次，在有人裁定并记入日志之前不可存入。',
      formula: null,
    },
    en: {
      name: 'Identity conflict',
      text: 'The same card id with overlapping proven time on two nodes. Both claims are shown, one counts, and neither is depositable until a person resolves it with a journal entry.',
      formula: null,
    },
  },
  {
    id: 'implausible',
    version,
    zh: {
      name: '不合常理',
      text: '节点所报中诚实节点不会有的内容：整小时空闲却如满载耗电、忙碌却如空卡耗电、在用的卡读数与 1 小时、1 天或 1 周前连续两次逐位相同、两节点的卡读数逐位相同、能耗超过功率上限所容、显存或功率上限不合型号、卡数超过一台机器所能容纳。不改账上任何数字；前述第一、第三种在有人说明理由、写入日志核销之前，不新开存入。',
      formula: null,
    },
    en: {
      name: 'Not plausible',
      text: 'What no honest node tells: quiet for an hour on the power of a working card, busy on that of an empty one, readings of a card in use that repeat to the last figure after an hour, a day or a week, twice, the same hour from cards of two nodes, more energy than the power cap lets through, memory or power cap of another model, more cards than a machine has. It changes no figure; for the first and third no deposit of the card is opened until a person clears it, with a reason, in the journal.',
      formula: null,
    },
  },
  {
    id: 'resource_code',
    version,
    zh: {
      name: '资源编码',
      text: '本系统自己的编码：方案 Y、类别（H 枢纽、S 站点、N 节点、A 加速卡）、八位 36 进制序号、ISO 7064 MOD 37,36 校验字符。它不是国家统一编码；国家节点所发的编码另行登记，总量与可用分列。',
      formula: null,
    },
    en: {
      name: 'Resource code',
      text: 'Our own: scheme Y, kind (H hub, S site, N node, A accelerator), eight base-36 digits, a check character by ISO 7064 MOD 37,36. It is not the national unified code; codes that a national node has issued are kept beside it, total and available apart.',
      formula: null,
    },
  },
]
