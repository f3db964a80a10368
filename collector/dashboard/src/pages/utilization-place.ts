/** Where a page of utilization stands: the country, a province, a site, a node, a card. Pure. */

export const LEVELS = ['country', 'region', 'site', 'node', 'accelerator'] as const
export type Level = (typeof LEVELS)[number]

export interface Place {
  readonly level: Level
  /** GB/T 2260, six digits. */
  readonly region: string | null
  readonly site: string | null
  readonly node: string | null
  readonly accelerator: string | null
}

const ROOT = '/utilization'

/** Of what follows `/utilization/` in the address; parts past the card are not read. */
export function placeOf(rest: string | undefined): Place {
  const parts = (rest ?? '').split('/').filter((part) => part !== '')
  const [region = null, site = null, node = null, accelerator = null] = parts.map(decoded)
  const depth = Math.min(parts.length, LEVELS.length - 1)
  return { level: LEVELS[depth] ?? 'country', region, site, node, accelerator }
}

/** The address of a place; `search` is kept, so that the range and the instants are. */
export function hrefOf(parts: readonly string[], search = ''): string {
  const path = [ROOT, ...parts.map(encodeURIComponent)].join('/')
  const query = search.replace(/^\?/, '')
  return query === '' ? path : `${path}?${query}`
}

/** From the country down to the place itself. */
export function partsOf({ region, site, node, accelerator }: Place): readonly string[] {
  const parts: string[] = []
  for (const part of [region, site, node, accelerator]) {
    if (part === null) break
    parts.push(part)
  }
  return parts
}

/** What sums are asked for; a node or a card has none of its own. */
export function filterOf({ region, site }: Place): Readonly<Record<string, string>> {
  if (site !== null) return { site }
  return region === null ? {} : { region }
}

/** The province of a division's code. */
export function provinceOf(regionCode: string): string {
  return `${regionCode.slice(0, 2)}0000`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
