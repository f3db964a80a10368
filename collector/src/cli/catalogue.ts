/**
 * `yiben-collector catalogue match NAME`: what the catalogue makes of a printed device name. The
 * answer is JSON either way, on one line with `--json`. A name that matches nothing is an answer
 * too (`model` null, `rated` false), so the exit code is 0; a wrong argument throws
 * `usage_invalid`.
 */
import { AppError, VENDORS, type Vendor } from '@yiben/shared'
import { loadCatalogue } from '../catalogue/catalogue.ts'
import type { CatalogueMatch } from '../catalogue/match.ts'
import { tflopsNumber } from '../catalogue/petaflops.ts'

export interface CatalogueMatchOptions {
  readonly name: string
  readonly memoryMib: number | null
  readonly powerCapW: number | null
  /** A word of `VENDORS`; absent searches every maker. */
  readonly vendor?: string | undefined
  readonly json: boolean
}

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
}

export function runCatalogueMatch(options: CatalogueMatchOptions): CommandResult {
  if (options.name.trim() === '') {
    throw new AppError('usage_invalid', 'NAME must not be empty')
  }
  const match = loadCatalogue().match({
    vendor: vendorOf(options.vendor),
    name: options.name,
    memoryMib: positiveOrNull(options.memoryMib, '--memory-mib'),
    powerCapWatts: positiveOrNull(options.powerCapW, '--power-cap-w'),
  })
  const answer = answerOf(match)
  return { exitCode: 0, stdout: `${JSON.stringify(answer, null, options.json ? 0 : 2)}\n` }
}

/** A rate in another basis than FP16 is labelled and stays out of the FP16 key. */
function answerOf(match: CatalogueMatch): Readonly<Record<string, unknown>> {
  const answer = {
    vendor: match.vendor,
    model: match.model,
    domestic: match.domestic,
    fp16_dense_tflops: tflopsNumber(match.fp16DenseMilliTflops),
    listed_units: match.listedUnits,
    rated: match.rated,
    confidence: match.confidence,
  }
  if (match.basis !== 'bf16_dense') return answer
  const bf16 = tflopsNumber(match.bf16DenseMilliTflops)
  return { ...answer, basis: match.basis, bf16_dense_tflops: bf16 }
}

function vendorOf(word: string | undefined): Vendor | null {
  if (word === undefined) return null
  const vendor = VENDORS.find((one) => one === word)
  if (vendor === undefined) {
    throw new AppError('usage_invalid', `--vendor must be one of ${VENDORS.join(', ')}`)
  }
  return vendor
}

function positiveOrNull(value: number | null, option: string): number | null {
  if (value === null || (Number.isFinite(value) && value > 0)) return value
  throw new AppError('usage_invalid', `${option} must be a positive number`)
}
