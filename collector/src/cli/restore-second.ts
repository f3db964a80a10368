/**
 * `restore --second-journal DIR`: what was decided on draws after the backup, put into the draft of
 * the restored ledger as it was decided: the same draws, leases, claims, postings, under the same ids.
 * Decisions are taken in their order, from the one behind the backup's last, without a gap; anything
 * that does not fit stops the restore by name. Cards that the backup does not know yet cannot be
 * claimed in it: their draws are named, and come back as they do without a second journal.
 */
import { AppError, errorSentence } from '@yiben/shared'
import { z } from 'zod'
import { chainOf, segmentFiles } from '../journal/second-folder.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'

/** What of a change is looked at here; the store writes the rest as it was. */
const changeSchema = z.looseObject({
  draw: z.looseObject({ request: z.looseObject({ drawId: z.string() }) }),
})

export interface SecondRestored {
  readonly decisions: number
  readonly draws: number
  /** Draws with cards, nodes or sites that came after the backup. */
  readonly unknown: readonly string[]
  readonly tornBytes: number
}

export async function applySecondJournal(
  store: Pick<Store, 'commitDraws' | 'readDrawCopies'>,
  ledger: LedgerState,
  folder: string,
): Promise<SecondRestored> {
  const { lastNumber } = await store.readDrawCopies(0, 1)
  const all = segmentFiles(folder)
  const own = all.filter(({ generation }) => generation === ledger.generation)
  if (own.length === 0) throw nothingOf(ledger, folder, all.at(-1)?.generation)
  const chain = chainOf(own, ledger.origin, lastNumber)
  refuseHoles(chain, own[0]?.path ?? folder, lastNumber)
  const draws = new Set<string>()
  const unknown = new Set<string>()
  let decisions = 0
  for (const { change, number } of chain.decisions) {
    const { drawId } = changeSchema.parse(change).draw.request
    if (unknown.has(drawId)) continue
    // Written by this program's own store: its shape is that of the change it was made of.
    const decided = { ...(change as unknown as DrawChange), mustBeFree: [] }
    const isKnown = await commit(store, decided, number)
    if (isKnown) {
      decisions += 1
      draws.add(drawId)
    } else {
      unknown.add(drawId)
    }
  }
  return { decisions, draws: draws.size, unknown: [...unknown], tornBytes: chain.tornBytes }
}

/** `false`: it names what the backup does not know. */
async function commit(
  store: Pick<Store, 'commitDraws'>,
  change: DrawChange,
  number: number,
): Promise<boolean> {
  const { drawId } = change.draw.request
  let status: string
  try {
    const [result] = await store.commitDraws([change])
    status = result?.status ?? 'not answered'
  } catch (error) {
    if (/FOREIGN KEY/i.test(errorSentence(error))) return false
    throw error
  }
  if (status === 'committed') return true
  const sentence = `decision ${number} of the second journal (draw ${drawId}) does not fit the backup: ${status}`
  throw new AppError('verification_failed', sentence)
}

function nothingOf(ledger: LedgerState, folder: string, newest: number | undefined): AppError {
  const found = newest === undefined ? 'no segment at all' : `segments of generation ${newest} only`
  const sentence = `${folder} holds ${found}: the backup is of generation ${ledger.generation}`
  return new AppError('verification_failed', sentence)
}

/** Every decision behind the backup's last must be there, or nobody knows what was answered. */
function refuseHoles(
  chain: Pick<ReturnType<typeof chainOf>, 'decisions' | 'gaps'>,
  firstPath: string,
  lastNumber: number,
): void {
  const [first] = chain.decisions
  const gap = chain.gaps.find(([, to]) => to > lastNumber + 1)
  const from = lastNumber + 1
  if (gap !== undefined) throw missing(Math.max(gap[0], from), gap[1] - 1, firstPath)
  if (first !== undefined && first.number > from) throw missing(from, first.number - 1, firstPath)
}

function missing(from: number, to: number, path: string): AppError {
  const sentence = `decisions ${from} to ${to} are missing in the second journal beside ${path}: take a newer backup, or restore without it`
  return new AppError('verification_failed', sentence)
}
