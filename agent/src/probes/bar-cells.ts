/**
 * Pairs of figures in the cells of tables with bars: `0MiB / 32512MiB`, `106 W/ 250 W`. Blanks stand
 * between the parts, and between a figure and its unit, or not.
 */
import { readQuantity } from './text.ts'

/** A part may be the word `N/A`, which has a slash of its own. */
const PAIR = /^(N\/A|[^/]*)\/\s*(N\/A|[^/]*)$/

export interface FigurePair {
  readonly used: number | null
  readonly total: number | null
}

/** In use and in all; a masked or absent part is `null`, and so are both of what is no pair. */
export function readPair(cell: string | undefined, unit: string): FigurePair {
  const [, used, total] = PAIR.exec(cell?.trim() ?? '') ?? []
  return { used: readQuantity(used, unit), total: readQuantity(total, unit) }
}
