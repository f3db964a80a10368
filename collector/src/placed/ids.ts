/**
 * Names of what is below: lots and draws of collectors that report here, or below one that does.
 *
 *   a lot       `<its id at its owner>@<child>@<child>…`: each collector that hands it up adds the id
 *               that it gave the child it came from, so that the way down can be read off it
 *   a draw      `up:<parent>:<hash>` at the collector that it is placed at, made of the parent's key and
 *               of the id that the draw has there: the same whenever it is asked again, another one for
 *               every other parent, and no id that a bank of its own may choose
 */
import { createHash } from 'node:crypto'
import { ASK_HOPS_MAX } from '@yiben/shared'
import type { DrawId, NamedCards } from '../model/draw.ts'

const LABEL = 'yiben.placed-draw.v1'
const PREFIX = 'up:'
const MARK = '@'
/** As a roster mints them: nothing else is sent down the line. */
const CHILD_ID = /^c-[0-9a-f]{16}$/
const PARENT_HEX_CHARACTERS = 12
/** 160 bits: nobody finds two ids of draws that come out alike. */
const ID_HEX_CHARACTERS = 40

/** Where a draw's cards are asked for. */
export type Placement =
  | { readonly status: 'own' }
  | { readonly status: 'below'; readonly path: readonly string[] }
  | { readonly status: 'spans' }
  /** Of no collector that there could be. */
  | { readonly status: 'nowhere' }

export function drawIdBelow(parentKey: string, drawId: DrawId): DrawId {
  const parent = hashOf([LABEL, parentKey]).slice(0, PARENT_HEX_CHARACTERS)
  return `${PREFIX}${parent}:${hashOf([LABEL, parentKey, drawId]).slice(0, ID_HEX_CHARACTERS)}`
}

/** No bank of this collector's own may name a draw so. */
export function isFromAbove(drawId: DrawId): boolean {
  return drawId.startsWith(PREFIX)
}

export function lotFrom(childId: string, lotId: string): string {
  return `${lotId}${MARK}${childId}`
}

/** By its lots; a pool is of this collector's own cards. */
export function placementOf(what: { readonly kind: 'pool' } | NamedCards): Placement {
  if (what.kind === 'pool') return { status: 'own' }
  const paths = what.lots.map(({ lotId }) => lotId.split(MARK).slice(1).reverse())
  const [first = []] = paths
  const isOne = paths.every((path) => path.join(MARK) === first.join(MARK))
  if (!isOne) return { status: 'spans' }
  if (first.length === 0) return { status: 'own' }
  const isPath = first.length <= ASK_HOPS_MAX && first.every((childId) => CHILD_ID.test(childId))
  return isPath ? { status: 'below', path: first } : { status: 'nowhere' }
}

/** As the collector that has the cards knows it. */
export function lotAtOwner(lotId: string): string {
  return lotId.split(MARK)[0] ?? ''
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
