/** The word somebody most likely meant, for refusals that help. Pure. */

/** Further apart than this the words have nothing to do with each other. */
const DISTANCE_MAX = 4

/** ` (did you mean "period"?)`, or nothing when no word is near. */
export function suggestion(word: string, known: readonly string[]): string {
  let nearest: string | null = null
  let smallest = Math.min(DISTANCE_MAX, Math.ceil(word.length / 2)) + 1
  for (const candidate of known) {
    const distance = editDistance(word, candidate)
    if (distance < smallest) {
      smallest = distance
      nearest = candidate
    }
  }
  return nearest === null ? '' : ` (did you mean "${nearest}"?)`
}

/** Levenshtein distance, one row at a time; words are option names, tens of letters long. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (const [column, otherLetter] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (letter === otherLetter ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
