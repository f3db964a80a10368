/** Which definitions a search finds: every word of it, in either language, in any of their texts. */
import type { Definition } from '../../../src/api/answers/definition.ts'

export function foundDefinitions(
  items: readonly Definition[],
  asked: string,
): readonly Definition[] {
  const words = asked
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  return items.filter((item) => {
    const text = [item.id, ...[item.zh, item.en].flatMap(wordsOf)].join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

function wordsOf({ formula, name, text }: Definition['zh']): readonly string[] {
  return [name, text, formula ?? '']
}
