/** What an asker may see, cut to one site: a narrower question, never a wider answer. */
import type { Scope } from '../storage/requests.ts'

/** The scope within a site; the scope as it is where none is named. */
export function scopeWithin(scope: Scope, siteCode: string | undefined): Scope {
  if (siteCode === undefined) return scope
  const isInside = scope.sites === 'all' || scope.sites.includes(siteCode)
  return { ...scope, sites: isInside ? [siteCode] : [] }
}
