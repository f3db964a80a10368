/** Words of the bank's page: what is deposited, what can be drawn, what became of promises. */
import { bankCodesText } from './bank-text-codes.ts'
import { bankEn } from './bank-text-en.ts'
import { bankZh } from './bank-text-zh.ts'

export const bankText = {
  zh: { ...bankZh, ...bankCodesText.zh },
  en: { ...bankEn, ...bankCodesText.en },
}
