/** Rows of sites: their terms, what they state of themselves, codes issued, and who may see them. */
import { AppError, assert, RESOURCE_KINDS } from '@yiben/shared'
import { CODE_USES, type IssuedCode } from '../model/issued-code.ts'
import type { DeclaredCapacity, KeptCards, SiteTerms } from '../model/site.ts'
import { SITE_FACT_KINDS, type SiteFact, type SiteFactValue } from '../model/site-facts.ts'
import type { NamedThing } from './site-facts-store.ts'
import {
  bigint,
  integer,
  integerOrNull,
  type Row,
  smallOfBigint,
  storedJson,
  text,
  textOrNull,
  wordOf,
} from './values.ts'

/** A statement is made at the instant of its entry; one without an entry has always been known. */
export const ALWAYS_KNOWN_MS = 0
const BASES = ['fp16_dense', 'fp16_sparse', 'unstated'] as const

export function siteOfChild(siteCode: string, collector: string): AppError {
  const sentence = `The site ${siteCode} is one of the collector ${collector}: change it there.`
  return new AppError('conflict', sentence, { fields: { siteCode } })
}

/** Who deposits: the owner, else the operator; empty while neither has been stated. */
export function ownerOf(terms: SiteTerms | undefined): string {
  return terms?.ownerCode ?? terms?.operatorCode ?? ''
}

/** What is said of a span takes the place of what was said of it before; the rest stays. */
export function withTerms(existing: readonly SiteTerms[], added: SiteTerms): SiteTerms[] {
  const addedTo = added.validToMs ?? Number.POSITIVE_INFINITY
  assert(addedTo > added.validFromMs, 'terms are in force for some time')
  const kept = existing.flatMap((terms): SiteTerms[] => {
    const to = terms.validToMs ?? Number.POSITIVE_INFINITY
    if (to <= added.validFromMs || terms.validFromMs >= addedTo) return [terms]
    const parts: SiteTerms[] = []
    if (terms.validFromMs < added.validFromMs) {
      parts.push({ ...terms, validToMs: added.validFromMs })
    }
    if (to > addedTo) parts.push({ ...terms, validFromMs: addedTo })
    return parts
  })
  return [...kept, added].sort((a, b) => a.validFromMs - b.validFromMs)
}

export function termsOf(row: Row): SiteTerms {
  return {
    operatorCode: textOrNull(row, 'operator_code'),
    operatorName: textOrNull(row, 'operator_name'),
    ownerCode: textOrNull(row, 'owner_code'),
    ownerName: textOrNull(row, 'owner_name'),
    regionCode: text(row, 'region_code'),
    keep: storedJson<readonly KeptCards[]>(text(row, 'keep')),
    validFromMs: integer(row, 'valid_from_ms'),
    validToMs: integerOrNull(row, 'valid_to_ms'),
  }
}

export function declaredOf(row: Row): DeclaredCapacity {
  return {
    siteCode: text(row, 'site_code'),
    model: text(row, 'model'),
    cards: smallOfBigint(row, 'cards'),
    declaredMilliP: bigint(row, 'declared_milli_p'),
    basis: wordOf(row, 'basis', BASES),
    author: text(row, 'author'),
    declaredAtMs: smallOfBigint(row, 'declared_at_ms'),
  }
}

export interface Said {
  name: string
  all: readonly SiteTerms[]
}

export function factOf(row: Row): SiteFact {
  const kind = wordOf(row, 'kind', SITE_FACT_KINDS)
  return {
    siteCode: text(row, 'site_code'),
    author: text(row, 'author'),
    statedAtMs: integer(row, 'stated_at_ms'),
    validFromMs: integer(row, 'valid_from_ms'),
    // Written by `stateFact` alone: the value is of its kind.
    fact: { kind, value: storedJson(text(row, 'value')) } as SiteFactValue,
  }
}

export function isInRegions(regionCode: unknown, regions: readonly string[]): boolean {
  if (typeof regionCode !== 'string') return false
  return regions.some((prefix) => prefix !== '' && regionCode.startsWith(prefix))
}

const KINDS = ['site', 'node'] as const

export function isSame(last: IssuedCode, { value, issuedBy, validFromMs }: IssuedCode): boolean {
  return last.value === value && last.issuedBy === issuedBy && last.validFromMs <= validFromMs
}

export function thingOf(row: Row): NamedThing {
  return {
    kind: wordOf(row, 'kind', KINDS),
    number: integer(row, 'number'),
    key: text(row, 'key'),
  }
}

export function issuedOf(row: Row): IssuedCode {
  return {
    thing: { kind: wordOf(row, 'kind', RESOURCE_KINDS), number: integer(row, 'number') },
    scheme: text(row, 'scheme'),
    use: wordOf(row, 'code_use', CODE_USES),
    value: textOrNull(row, 'value'),
    issuedBy: text(row, 'issued_by'),
    validFromMs: integer(row, 'valid_from_ms'),
    recordedAtMs: integer(row, 'recorded_at_ms'),
    author: text(row, 'author'),
  }
}
