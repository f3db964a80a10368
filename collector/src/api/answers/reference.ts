/** What names stand for: provinces, hubs and clusters; makers and models with what they count. */
import { VENDORS } from '@yiben/shared'
import { z } from 'zod'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { tflopsNumber } from '../../catalogue/petaflops.ts'
import { hubCodeOf } from './codes.ts'
import { VENDOR_NAMES } from './vendor-names.ts'

const catalogueVersion = z.string()

export const regionsSchema = z
  .object({
    catalogue_version: catalogueVersion,
    provinces: z.array(
      z.object({
        code: z.string().meta({ description: 'GB/T 2260' }),
        name_zh: z.string(),
        name_en: z.string(),
        short_zh: z.string(),
        tile: z.object({ row: z.number().int(), column: z.number().int() }),
        hub: z.string().nullable(),
      }),
    ),
    hubs: z.array(
      z.object({
        key: z.string(),
        resource_code: z.string().nullable(),
        name_zh: z.string(),
        name_en: z.string(),
      }),
    ),
    clusters: z.array(
      z.object({ key: z.string(), name_zh: z.string(), name_en: z.string(), hub: z.string() }),
    ),
  })
  .meta({ id: 'Regions' })
export type RegionsAnswer = z.infer<typeof regionsSchema>

/** Keys are those that ledger and rollups group by. */
export function regionsAnswer({ regions, version }: Catalogue): RegionsAnswer {
  return {
    catalogue_version: version,
    provinces: regions.provinces.map((province) => ({
      code: province.code,
      name_zh: province.nameZh,
      name_en: province.nameEn,
      short_zh: province.shortZh,
      tile: province.tile,
      hub: province.hub?.shortZh ?? null,
    })),
    hubs: regions.hubs.map((hub) => ({
      key: hub.shortZh,
      resource_code: hubCodeOf(hub.shortZh),
      name_zh: hub.nameZh,
      name_en: hub.nameEn,
    })),
    clusters: regions.clusters.map((cluster) => ({
      key: cluster.nameZh,
      name_zh: cluster.nameZh,
      name_en: cluster.nameEn,
      hub: cluster.hub.shortZh,
    })),
  }
}

export const modelsSchema = z
  .object({
    catalogue_version: catalogueVersion,
    vendors: z.array(
      z.object({
        vendor: z.enum(VENDORS),
        name_zh: z.string(),
        name_en: z.string(),
        domestic: z.boolean(),
      }),
    ),
    models: z.array(
      z.object({
        vendor: z.enum(VENDORS),
        model: z.string(),
        domestic: z.boolean(),
        fp16_dense_tflops: z.number().nullable().meta({ description: 'of the whole product' }),
        counted_basis: z
          .enum(['fp16_dense', 'bf16_dense'])
          .nullable()
          .meta({ description: 'what its P counts; BF16 only where no FP16 figure is known' }),
        listed_units: z.number().int().meta({ description: 'entries its tool lists for one' }),
        rated: z.boolean(),
        source: z.string(),
        confidence: z.enum(['datasheet', 'secondary', 'press']),
      }),
    ),
  })
  .meta({ id: 'Models' })
export type ModelsAnswer = z.infer<typeof modelsSchema>

export function modelsAnswer({ chips, version }: Catalogue): ModelsAnswer {
  return {
    catalogue_version: version,
    vendors: VENDORS.map((vendor) => {
      const { domestic, en, zh } = VENDOR_NAMES[vendor]
      return { vendor, name_zh: zh, name_en: en, domestic }
    }),
    models: chips.map((chip) => {
      const isFp16 = chip.fp16DenseMilliTflops !== null
      const rated = isFp16 || chip.bf16DenseMilliTflops !== null
      return {
        vendor: chip.vendor,
        model: chip.model,
        domestic: chip.domestic,
        fp16_dense_tflops: tflopsNumber(chip.fp16DenseMilliTflops),
        counted_basis: rated ? (isFp16 ? 'fp16_dense' : 'bf16_dense') : null,
        listed_units: chip.listedUnits,
        rated,
        source: chip.source,
        confidence: chip.confidence,
      }
    }),
  }
}
