/** Names of what figures are grouped by, in the language of the page; a key without one stays. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { ModelsAnswer, RegionsAnswer } from '../../../src/api/answers/reference.ts'
import type { SiteAnswer } from '../../../src/api/answers/sites.ts'
import { useAnswer } from '../api/client.ts'
import { addTexts, languageOf } from '../text/index.ts'
import { ledgerText } from './ledger-text.ts'

addTexts('ledger', ledgerText)

/** Groupings in which having no key says something. */
const NOWHERE = ['hub', 'cluster', 'model']

export interface Names {
  readonly regions: RegionsAnswer | undefined
  readonly models: ModelsAnswer | undefined
  readonly sites: readonly SiteAnswer[] | undefined
  /** By grouping and key; `null` is what has no such key. */
  of(grouping: string, key: string | null): string
  /** Of a vendor or a model; `null` where the catalogue does not tell. */
  originOf(grouping: string, key: string | null): 'domestic' | 'foreign' | null
  /** Dense FP16 of one product; `null` where there is no figure. */
  tflopsOf(model: string | null): number | null
}

export function useNames(): Names {
  const { t, i18n } = useTranslation()
  const regions = useAnswer<RegionsAnswer>('/v1/regions').data
  const models = useAnswer<ModelsAnswer>('/v1/models').data
  const sites = useAnswer<{ readonly sites: readonly SiteAnswer[] }>('/v1/sites').data?.sites
  const language = languageOf(i18n.language)
  return useMemo(() => {
    const name = (one: { readonly name_zh: string; readonly name_en: string }) =>
      language === 'zh' ? one.name_zh : one.name_en
    const named: Readonly<Record<string, ReadonlyMap<string | null, string>>> = {
      region: new Map(regions?.provinces.map((one) => [one.code, name(one)])),
      hub: new Map(regions?.hubs.map((one) => [one.key, name(one)])),
      cluster: new Map(regions?.clusters.map((one) => [one.key, name(one)])),
      vendor: new Map(models?.vendors.map((one) => [one.vendor, name(one)])),
      site: new Map(sites?.map((site) => [site.code, site.name])),
      operator: new Map(sites?.map(({ operator }) => [operator.code, operator.name ?? ''])),
      owner: new Map(sites?.map(({ owner }) => [owner.code, owner.name ?? ''])),
    }
    const of = (grouping: string, key: string | null) => {
      if (key === null) {
        return NOWHERE.includes(grouping) ? t(`ledger:nowhere.${grouping}`) : t('unstated')
      }
      const known = named[grouping]?.get(key)
      return known === undefined || known === '' ? key : known
    }
    const vendors = new Map(models?.vendors.map((one) => [one.vendor as string, one.domestic]))
    const chips = new Map(models?.models.map((one) => [one.model, one]))
    const originOf = (grouping: string, key: string | null) => {
      if (key === null) return null
      const isDomestic = grouping === 'vendor' ? vendors.get(key) : chips.get(key)?.domestic
      if (isDomestic === undefined) return null
      return isDomestic ? ('domestic' as const) : ('foreign' as const)
    }
    const tflopsOf = (model: string | null) =>
      model === null ? null : (chips.get(model)?.fp16_dense_tflops ?? null)
    return { regions, models, sites, of, originOf, tflopsOf }
  }, [regions, models, sites, language, t])
}
