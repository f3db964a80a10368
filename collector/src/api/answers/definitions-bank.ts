/** What is deposited and lent, and how promises ended. */
import { ACCOUNT_DEFINITION_VERSION, LEDGER_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import type { Definition } from './definition.ts'

const ledger = LEDGER_DEFINITION_VERSION
const account = ACCOUNT_DEFINITION_VERSION

export const DEFINITIONS_OF_BANK: readonly Definition[] = [
  {
    id: 'deposited',
    version: ledger,
    zh: {
      name: '已存入',
      text: '空闲中处于已开立存入之下、当时即被告知的部分：机主已同意，只从证据的前沿开立，从不追溯。事后补报的空闲不算存入。',
      formula: '已存入 ⊆ 空闲',
    },
    en: {
      name: 'Deposited',
      text: 'The part of free under an open deposit, told as it happened: with the owner’s consent, opened at the live edge, never backdated. Free time told late is not deposited.',
      formula: 'deposited ⊆ free',
    },
  },
  {
    id: 'lent',
    version: ledger,
    zh: {
      name: '已借出',
      text: '处于租约之下，且证据不是未知、故障或已分配给他人。不论借方是否在用。',
      formula: null,
    },
    en: {
      name: 'Lent',
      text: 'Under a lease, and the evidence is not unknown, faulty or allocated to somebody else; whether the borrower uses it or not.',
      formula: null,
    },
  },
  {
    id: 'placed_draw',
    version: account,
    zh: {
      name: '向下级支取',
      text: '在本采集器提出、由拥有该卡的下级采集器授予的支取。下级未答复前显示为“询问中”或“过账中”，绝不代其认定结果。其承诺、交付与违约只记入授予者的账，本账不再计。',
      formula: null,
    },
    en: {
      name: 'Placed draw',
      text: 'A draw that is asked for here and granted by the collector below that has the cards. Until that one has answered it is asking or posting; no outcome is ever assumed. What it promises, delivers and breaks is in the accounts of the one that granted it, and in no others.',
      formula: null,
    },
  },
  {
    id: 'promised',
    version: account,
    zh: {
      name: '已承诺',
      text: '已过账支取所约定的卡时，含延长。复式记账：每一毫秒最终归入交付、归还或违约之一。',
      formula: '承诺 = 交付 + 归还 + 违约 + 未证 + 待定',
    },
    en: {
      name: 'Promised',
      text: 'Card time that posted draws agree on, extensions included. Double entry: every millisecond ends as delivered, returned or broken.',
      formula: 'promised = delivered + returned + broken + unproven + pending',
    },
  },
  {
    id: 'delivered',
    version: account,
    zh: {
      name: '已交付',
      text: '承诺时间中，证据表明卡在借方手中可用的部分：在用（忙）与未用（空闲、被占用）分列。',
      formula: '交付 = 在用 + 未用',
    },
    en: {
      name: 'Delivered',
      text: 'Promised time in which the evidence shows the card at the borrower’s hands: active (busy) and idle (free, occupied) apart.',
      formula: 'delivered = active + idle',
    },
  },
  {
    id: 'returned',
    version: account,
    zh: {
      name: '已归还',
      text: '借方提前归还的承诺时间。',
      formula: '约定结束 − 归还时刻',
    },
    en: {
      name: 'Returned',
      text: 'Promised time that the borrower gave back early.',
      formula: 'agreed end − instant of return',
    },
  },
  {
    id: 'broken',
    version: account,
    zh: {
      name: '违约',
      text: '未能交付的承诺时间，按原因分列：召回、否决、掉卡、中断、未证、换卡、未补足、重新配置、身份。',
      formula: 'Σ 各原因',
    },
    en: {
      name: 'Broken',
      text: 'Promised time that was not delivered, by cause: recall, veto, card lost, interrupted, unproven, swap, unfilled, reconfigured, identity.',
      formula: 'Σ over causes',
    },
  },
  {
    id: 'promises_kept',
    version: account,
    zh: {
      name: '履约率',
      text: '每笔支取在其承诺开始的时段计一次。“如约”：每一毫秒都由最初绑定的卡交付或被归还；“换卡如约”：其中有换卡。尚未了结的不计入。',
      formula: '（如约 + 换卡如约）÷ 已了结笔数；另列不含换卡',
    },
    en: {
      name: 'Promises kept',
      text: 'Each draw counts once, in the span in which its promise begins. Kept: every millisecond was delivered or given back by the cards first bound. Kept by swap: with other cards in the place of some. What is still open is left out.',
      formula: '(kept + kept by swap) ÷ draws settled; without swaps beside it',
    },
  },
]
