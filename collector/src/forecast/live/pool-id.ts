/** A pool of the running collector: cards of one kind at one site. Its id names both. */

export interface PoolName {
  readonly siteCode: string
  readonly kindKey: string
}

export function poolIdOf(siteCode: string, kindKey: string): string {
  return JSON.stringify([siteCode, kindKey])
}

export function poolNameOf(poolId: string): PoolName {
  const [siteCode, kindKey] = JSON.parse(poolId) as [string, string]
  return { siteCode, kindKey }
}
