/**
 * What the catalogue and the roster make of a unit, a model, a region or a site: the bridge between
 * stored profiles and figures of P. Profiles repeat, so each is matched once.
 */
import { divisionCodeOf } from '@yiben/shared'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { CatalogueMatch } from '../../catalogue/match.ts'
import { pOfUnit } from '../../catalogue/petaflops.ts'
import type { DeviceProfile } from '../../model/inventory.ts'
import type { Site } from '../../model/site.ts'
import type { ModelRates, SitePlace } from '../../rollup/declared.ts'
import type { LedgerLookup } from '../../rollup/ledger.ts'
import type { ModelRate } from '../../rollup/sums.ts'

/** Printed names with memory and power cap: a country has hundreds. */
const PROFILES_MAX = 10_000
const SHARE_WHOLE_PPM = 1_000_000
const NANO_PER_MILLI = 1_000_000n

export class CatalogueLookup {
  readonly #catalogue: Catalogue
  readonly #matches = new Map<string, CatalogueMatch>()
  readonly #vendors: ReadonlyMap<string, string>

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue
    this.#vendors = new Map(catalogue.chips.map((chip) => [chip.model, chip.vendor]))
  }

  match(profile: DeviceProfile): CatalogueMatch {
    const key = JSON.stringify([
      profile.vendor,
      profile.name,
      profile.memoryTotalMib,
      profile.powerCapWatts,
    ])
    const known = this.#matches.get(key)
    if (known !== undefined) return known
    const match = this.#catalogue.match({
      vendor: profile.vendor,
      name: profile.name,
      memoryMib: profile.memoryTotalMib,
      powerCapWatts: profile.powerCapWatts,
    })
    if (this.#matches.size >= PROFILES_MAX) this.#matches.clear()
    this.#matches.set(key, match)
    return match
  }

  /** Nano-TFLOPS of the unit with its share; `null` when unrated. */
  rate(profile: DeviceProfile, sharePpm: number): bigint | null {
    const match = this.match(profile)
    return match.rated ? pOfUnit(match, sharePpm) : null
  }

  modelRate(profile: DeviceProfile): ModelRate {
    const match = this.match(profile)
    return {
      model: match.model ?? profile.name,
      nanoTflops: this.rate(profile, SHARE_WHOLE_PPM),
    }
  }

  hubOf(regionCode: string): string | null {
    const code = divisionCodeOf(regionCode)
    return code === null ? null : (this.#catalogue.place(code)?.hub?.shortZh ?? null)
  }

  clusterOf(regionCode: string): string | null {
    const code = divisionCodeOf(regionCode)
    return code === null ? null : (this.#catalogue.place(code)?.cluster?.nameZh ?? null)
  }

  /** Of provinces that belong to one, by their two digits. */
  hubsByProvince(): Readonly<Record<string, string>> {
    const hubs: Record<string, string> = {}
    for (const { code, hub } of this.#catalogue.regions.provinces) {
      if (hub !== null) hubs[code.slice(0, 2)] = hub.shortZh
    }
    return hubs
  }

  /** Two digits each; empty where no such hub is known. */
  provincesOfHub(hub: string): readonly string[] {
    const { provinces } = this.#catalogue.regions
    return provinces.filter((one) => one.hub?.shortZh === hub).map(({ code }) => code.slice(0, 2))
  }

  /** Of one whole product, as a declaration counts them. */
  ratesOfModel(model: string): ModelRates | null {
    const chip = this.#catalogue.chips.find((one) => one.model === model)
    if (chip === undefined) return null
    return {
      denseNanoTflops: nanoTflopsOrNull(chip.fp16DenseMilliTflops ?? chip.bf16DenseMilliTflops),
      sparseNanoTflops: nanoTflopsOrNull(chip.fp16SparseMilliTflops),
    }
  }

  vendorOfModel(model: string): string | null {
    return this.#vendors.get(model) ?? null
  }

  /** With the sites' terms, all that the one ledger asks. */
  forSites(sites: readonly Site[]): LedgerLookup {
    const places = new Map(sites.map((site) => [site.code, placeOf(site)]))
    return {
      pOf: (profile) => this.rate(profile, SHARE_WHOLE_PPM),
      modelOf: (profile) => this.match(profile).model,
      vendorOfModel: (model) => this.vendorOfModel(model),
      ratesOfModel: (model) => this.ratesOfModel(model),
      hubOf: (regionCode) => this.hubOf(regionCode),
      clusterOf: (regionCode) => this.clusterOf(regionCode),
      placeOf: (siteCode) => places.get(siteCode) ?? null,
    }
  }
}

function placeOf({ terms }: Site): SitePlace {
  const operatorCode = terms.operatorCode ?? ''
  return {
    regionCode: terms.regionCode,
    operatorCode,
    ownerCode: terms.ownerCode ?? operatorCode,
  }
}

function nanoTflopsOrNull(milliTflops: number | null): bigint | null {
  return milliTflops === null ? null : BigInt(milliTflops) * NANO_PER_MILLI
}
