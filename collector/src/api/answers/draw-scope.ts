/**
 * Which draws an asker knows of. A draw is where its cards are, or where it is booked; one without
 * either (a refusal) is known to those who see every site. Who sees some of its sites is shown those
 * cards and no others; who changes a draw has to see all of them.
 */
import type { Claim, Draw } from '../../model/draw.ts'
import type { Scope } from '../../storage/requests.ts'
import type { ApiContext } from '../context.ts'

/** Codes; `all` for a token that is bound to nothing. */
export type SeenSites = ReadonlySet<string> | 'all'

export async function seenSites(
  { store }: Pick<ApiContext, 'store'>,
  { scope }: { readonly scope: Scope },
): Promise<SeenSites> {
  if (scope.regions === 'all' && scope.sites === 'all') return 'all'
  return new Set((await store.listSites(scope)).map(({ code }) => code))
}

export function isSeen(sites: SeenSites, siteCode: string | null): boolean {
  return sites === 'all' || (siteCode !== null && sites.has(siteCode))
}

export function seenClaims(sites: SeenSites, claims: readonly Claim[]): readonly Claim[] {
  return claims.filter(({ siteCode }) => isSeen(sites, siteCode))
}

/** Some of it may be shown. */
export function isDrawSeen(sites: SeenSites, draw: Draw): boolean {
  return sites === 'all' || sitesOf(draw).some((siteCode) => sites.has(siteCode))
}

/** All of it may be decided on. */
export function isDrawWithin(sites: SeenSites, draw: Draw): boolean {
  if (sites === 'all') return true
  const codes = sitesOf(draw)
  return codes.length > 0 && codes.every((siteCode) => sites.has(siteCode))
}

function sitesOf({ claims, request: { what }, state }: Draw): readonly string[] {
  if (claims.length > 0) return claims.map(({ siteCode }) => siteCode)
  const isBooking = state !== 'refused' && what.kind === 'pool' && what.siteCode !== null
  return isBooking && what.siteCode !== null ? [what.siteCode] : []
}
