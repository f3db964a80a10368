/**
 * Sites as people and programs get them: where accelerators stand, who runs and owns them, what was
 * declared and stated, beside what is measured and never summed with it.
 */
import { resourceCode } from '@yiben/shared'
import { z } from 'zod'
import type { DeclaredCapacity, Site } from '../../model/site.ts'
import type { SiteFact } from '../../model/site-facts.ts'
import { declaredExcesses } from '../../rollup/declared.ts'
import type { LedgerState, Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import { decimalOut, instantOut, instantText } from '../schemas.ts'
import { declaredFlag, declaredFlagSchema } from './declared-flag.ts'
import { petaText } from './ledger.ts'
import type { CatalogueLookup } from './lookup.ts'
import { siteFactsOf, siteFactsSchema } from './site-facts.ts'

export const DECLARED_BASES = ['fp16_dense', 'fp16_sparse', 'unstated'] as const
const NANO_TFLOPS_PER_MILLI_P = 10n ** 9n

const partySchema = z.object({ code: z.string().nullable(), name: z.string().nullable() })

const keptSchema = z.object({ model: z.string(), cards: z.number().int() })

export const siteSchema = z
  .object({
    code: z.string(),
    resource_code: z.string().nullable().meta({ description: 'our own resource code' }),
    name: z.string(),
    region_code: z.string(),
    hub: z.string().nullable(),
    cluster: z.string().nullable(),
    operator: partySchema,
    owner: partySchema,
    keep: z.array(keptSchema).meta({ description: 'cards that are never deposited here' }),
    valid_from: instantOut,
    declared: z.array(
      z.object({
        model: z.string(),
        cards: z.number().int(),
        p: decimalOut,
        basis: z.enum(DECLARED_BASES),
        author: z.string(),
        declared_at: instantOut,
        flag: declaredFlagSchema.nullable(),
      }),
    ),
    facts: siteFactsSchema.meta({ description: 'stated by the site, not measured' }),
  })
  .meta({ id: 'Site' })
export type SiteAnswer = z.infer<typeof siteSchema>

export const sitesSchema = z.object({ demo: z.boolean(), sites: z.array(siteSchema) })

export interface SitesParts {
  readonly store: Pick<
    Store,
    'listSites' | 'readSitesAt' | 'readDeclared' | 'readSiteFactsAt' | 'readSiteNumbers'
  >
  readonly lookup: CatalogueLookup
  readonly ledger: Pick<LedgerState, 'isDemo'>
}

export interface SitesAsk {
  readonly scope: Scope
  /** `null`: under the terms that were stated last, even where they begin later. */
  readonly asOfMs: number | null
  readonly knownAtMs: number | null
  readonly nowMs: number
}

export async function sitesAnswer(
  parts: SitesParts,
  ask: SitesAsk,
): Promise<z.infer<typeof sitesSchema>> {
  return { demo: parts.ledger.isDemo, sites: await siteAnswers(parts, ask) }
}

/** Every site of the scope, by code. */
export async function siteAnswers(parts: SitesParts, ask: SitesAsk): Promise<SiteAnswer[]> {
  const { store } = parts
  const { asOfMs, nowMs, scope } = ask
  const knownAtMs = ask.knownAtMs ?? nowMs
  const isNewest = asOfMs === null && ask.knownAtMs === null
  const instant = { atMs: asOfMs ?? knownAtMs, knownAtMs }
  const sites = await (isNewest ? store.listSites(scope) : store.readSitesAt(scope, instant))
  const [declared, facts, numbers] = await Promise.all([
    store.readDeclared(scope, knownAtMs),
    store.readSiteFactsAt(scope, instant),
    store.readSiteNumbers(scope),
  ])
  const declaredOf = Map.groupBy(declared, ({ siteCode }) => siteCode)
  const factsOf = Map.groupBy(facts, ({ siteCode }) => siteCode)
  const numberOf = new Map(numbers.map(({ key, number }) => [key, number]))
  return sites.map((site) =>
    siteText(parts.lookup, site, {
      declared: declaredOf.get(site.code) ?? [],
      facts: factsOf.get(site.code) ?? [],
      number: numberOf.get(site.code) ?? null,
    }),
  )
}

interface OfSite {
  readonly declared: readonly DeclaredCapacity[]
  readonly facts: readonly SiteFact[]
  readonly number: number | null
}

function siteText(
  lookup: CatalogueLookup,
  { code, name, terms }: Site,
  { declared, facts, number }: OfSite,
): SiteAnswer {
  return {
    code,
    resource_code: number === null ? null : resourceCode('site', number),
    name,
    region_code: terms.regionCode,
    hub: lookup.hubOf(terms.regionCode),
    cluster: lookup.clusterOf(terms.regionCode),
    operator: { code: terms.operatorCode, name: terms.operatorName },
    owner: {
      code: terms.ownerCode ?? terms.operatorCode,
      name: terms.ownerCode === null ? terms.operatorName : terms.ownerName,
    },
    keep: terms.keep.map(({ cards, model }) => ({ model, cards })),
    valid_from: instantText(terms.validFromMs),
    declared: declared.map((row) => ({
      model: row.model,
      cards: row.cards,
      p: petaText(row.declaredMilliP * NANO_TFLOPS_PER_MILLI_P),
      basis: row.basis,
      author: row.author,
      declared_at: instantText(row.declaredAtMs),
      flag: declaredFlag(declaredExcesses([row], (model) => lookup.ratesOfModel(model))),
    })),
    facts: siteFactsOf(facts),
  }
}
