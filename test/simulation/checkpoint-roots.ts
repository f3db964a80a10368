/**
 * A witness of everything that was ever signed: of one log no size has two roots (J7, R2), and no
 * checkpoint is over fewer entries than one before it. Reads notes as text, as anybody would.
 */

export class CheckpointRoots {
  readonly #roots = new Map<string, string>()
  readonly #sizes = new Map<string, number>()
  #seen = 0

  /** What the notes that are new contradict; each is told once. */
  problems(notes: readonly string[]): string[] {
    const problems: string[] = []
    for (const note of notes.slice(this.#seen)) {
      const [origin = '', size = '', root = ''] = note.split('\n')
      const name = `checkpoint ${size} of ${origin}`
      const before = this.#roots.get(name) ?? root
      if (before !== root) problems.push(`${name} was signed with two roots`)
      this.#roots.set(name, root)
      const sizeBefore = this.#sizes.get(origin) ?? 0
      if (Number(size) < sizeBefore) problems.push(`${name} was signed after one of ${sizeBefore}`)
      this.#sizes.set(origin, Math.max(sizeBefore, Number(size)))
    }
    this.#seen = notes.length
    return problems
  }
}
