/**
 * A declared figure above the catalogue's for the cards named in it, as people read it: how far
 * above, and which basis it fits. A flag is a question to the operator, never a correction.
 */
import { z } from 'zod'
import type { DeclaredCapacity } from '../../model/site.ts'
import { DECLARED_TOLERANCE_PPM, type DeclaredExcess } from '../../rollup/declared.ts'

export const declaredFlagSchema = z
  .object({
    declarations: z.number().int().meta({ description: 'flagged ones; the largest is told' }),
    site_code: z.string(),
    model: z.string(),
    ratio: z.number().min(0).nullable().meta({ description: 'declared / catalogue' }),
    fits_basis: z.literal('fp16_sparse').nullable(),
    sentence: z.string(),
    sentence_zh: z.string(),
  })
  .meta({
    description: `declared P more than ${Number(DECLARED_TOLERANCE_PPM) / 10_000} % above the catalogue's for the declared cards`,
  })
type DeclaredFlag = z.infer<typeof declaredFlagSchema>

const BASIS_WORDS: Readonly<Record<DeclaredCapacity['basis'], { en: string; zh: string }>> = {
  fp16_dense: { en: 'as dense FP16', zh: '注明为 FP16 稠密口径' },
  fp16_sparse: { en: 'as sparse FP16', zh: '注明为 FP16 稀疏口径' },
  unstated: { en: 'without a basis', zh: '未注明口径' },
}

/** Of declarations in one row, the largest excess first; `null` where there is none. */
export function declaredFlag(excesses: readonly DeclaredExcess[]): DeclaredFlag | null {
  const [worst] = excesses
  if (worst === undefined) return null
  return {
    declarations: excesses.length,
    site_code: worst.declared.siteCode,
    model: worst.declared.model,
    ratio: worst.ratioPpm === null ? null : worst.ratioPpm / 1_000_000,
    fits_basis: worst.fitsSparse ? 'fp16_sparse' : null,
    sentence: sentenceEn(worst),
    sentence_zh: sentenceZh(worst),
  }
}

function sentenceEn(excess: DeclaredExcess): string {
  const { declared } = excess
  const basis = declared.basis === 'fp16_sparse' ? 'sparse' : 'dense'
  const cards = grouped(BigInt(declared.cards))
  const catalogue = roundedP(excess.catalogueNanoTflops)
  return [
    `${declared.siteCode} declares ${roundedP(excess.declaredNanoTflops)} P ${BASIS_WORDS[declared.basis].en} for ${cards} ${declared.model};`,
    `on the ${basis} FP16 basis the catalogue has ${catalogue} P for them`,
    `(declared / catalogue = ${timesText(excess)}).`,
    fitEn(excess),
  ].join(' ')
}

function fitEn({ fitsSparse, sparseNanoTflops }: DeclaredExcess): string {
  if (fitsSparse && sparseNanoTflops !== null) {
    return `The figure fits the sparse basis, ${roundedP(sparseNanoTflops)} P.`
  }
  return 'It fits no FP16 basis of the catalogue.'
}

function sentenceZh(excess: DeclaredExcess): string {
  const { declared } = excess
  const basis = declared.basis === 'fp16_sparse' ? '稀疏' : '稠密'
  return [
    `${declared.siteCode} 申报 ${grouped(BigInt(declared.cards))} 张 ${declared.model} 共 ${roundedP(excess.declaredNanoTflops)} P（${BASIS_WORDS[declared.basis].zh}）；`,
    `目录按 FP16 ${basis}口径为 ${roundedP(excess.catalogueNanoTflops)} P（申报 ÷ 目录 = ${timesText(excess)}）。`,
    fitZh(excess),
  ].join('')
}

function fitZh({ fitsSparse, sparseNanoTflops }: DeclaredExcess): string {
  if (fitsSparse && sparseNanoTflops !== null) {
    return `该数与稀疏口径的 ${roundedP(sparseNanoTflops)} P 相符。`
  }
  return '该数与目录中任何 FP16 口径都不相符。'
}

function timesText({ ratioPpm }: DeclaredExcess): string {
  return ratioPpm === null ? '–' : (ratioPpm / 1_000_000).toFixed(2)
}

/** `1,171.4`: one decimal, rounded half up, none where it is zero. */
function roundedP(nanoTflops: bigint): string {
  const tenths = (nanoTflops + 5n * 10n ** 10n) / 10n ** 11n
  const tenth = tenths % 10n
  return `${grouped(tenths / 10n)}${tenth === 0n ? '' : `.${tenth}`}`
}

function grouped(whole: bigint): string {
  return whole.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}
