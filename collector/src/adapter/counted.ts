/** Sums of cards that are alike, as facts. What no card has told is `null`. Pure. */
import { SHARE_PPM_WHOLE } from '@yiben/shared'
import type { CardCount, NodeCount } from '../model/card-count.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import { LEDGER_STAGES, type LedgerStage } from '../rollup/ledger.ts'
import { cardsFact, type Facts, rateFact } from './facts.ts'

interface Lookup {
  readonly modelOf: (profile: DeviceProfile) => string | null
  readonly rateOf: (profile: DeviceProfile, sharePpm: number) => bigint | null
}

interface Sum {
  cards: number
  rated: number
  nanoTflops: bigint
}

/** Counted whatever the cards have told: who is silent is counted as silent. */
const ALWAYS_KNOWN: ReadonlySet<LedgerStage> = new Set(['connected', 'unknown', 'untold'])

/** Of one model at one site. */
export function cardRows(lookup: Lookup, alike: readonly CardCount[]): Facts {
  const profiles = alike.map(({ profile }) => profile)
  const [first] = profiles
  const isOneName = profiles.every(({ name }) => name === first?.name)
  return {
    vendor: first?.vendor ?? null,
    model: first === undefined ? null : lookup.modelOf(first),
    printed_name: isOneName ? (first?.name ?? null) : null,
    memory_mib: first?.memoryTotalMib ?? null,
    ...sumsOf(lookup, alike),
  }
}

/** Of one site, whatever stands in it. */
export function siteRows(
  lookup: Lookup,
  counts: readonly CardCount[],
  nodes: readonly NodeCount[],
): Facts {
  const connected = nodes.filter(({ connection }) => connection === 'connected')
  const total = connected.reduce((sum, one) => sum + one.nodes, 0)
  const silent = connected.reduce((sum, one) => sum + one.nodesWithoutCores, 0)
  const cores = connected.reduce((sum, one) => sum + one.cores, 0)
  return {
    ...sumsOf(lookup, counts),
    nodes: total,
    nodes_without_cores: silent,
    cpu_cores: total === silent ? null : cores,
  }
}

function sumsOf(lookup: Lookup, counts: readonly CardCount[]): Facts {
  const registered = { connected: 0, not_connected: 0, lapsed: 0 }
  const sums = new Map<LedgerStage, Sum>(
    LEDGER_STAGES.map((stage) => [stage, { cards: 0, rated: 0, nanoTflops: 0n }]),
  )
  for (const count of counts) {
    registered[count.connection] += count.cards
    if (count.connection !== 'connected') continue
    const rate = lookup.rateOf(count.profile, SHARE_PPM_WHOLE)
    for (const stage of stagesOf(count)) add(sums.get(stage), count.cards, rate)
  }
  const connected = cardsOf(sums, 'connected')
  const told = connected - cardsOf(sums, 'unknown') - cardsOf(sums, 'untold')
  const isRated = connected === 0 || (sums.get('connected')?.rated ?? 0) > 0
  const figures = LEDGER_STAGES.flatMap(
    (stage): readonly (readonly [string, number | bigint | null])[] => {
      const sum = sums.get(stage)
      const isKnown = sum !== undefined && (told > 0 || ALWAYS_KNOWN.has(stage))
      return [
        [cardsFact(stage), isKnown ? sum.cards : null],
        [rateFact(stage), isKnown && isRated ? sum.nanoTflops : null],
      ]
    },
  )
  return {
    ...Object.fromEntries(figures),
    cards_registered: registered.connected + registered.not_connected + registered.lapsed,
    cards_not_connected: registered.not_connected,
    cards_lapsed: registered.lapsed,
    cards_unrated: connected - (sums.get('connected')?.rated ?? 0),
  }
}

/** As the one ledger counts: connected, one state, and deposited where it is. */
function stagesOf({ isDeposited, state }: CardCount): readonly LedgerStage[] {
  if (state === null) return ['connected', 'untold']
  return isDeposited ? ['connected', state, 'deposited'] : ['connected', state]
}

function add(sum: Sum | undefined, cards: number, rate: bigint | null): void {
  if (sum === undefined) return
  sum.cards += cards
  if (rate === null) return
  sum.rated += cards
  sum.nanoTflops += BigInt(cards) * rate
}

function cardsOf(sums: ReadonlyMap<LedgerStage, Sum>, stage: LedgerStage): number {
  return sums.get(stage)?.cards ?? 0
}
