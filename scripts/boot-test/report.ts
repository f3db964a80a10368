/** One line per step, and the sum at the end. */

/** Of a failure. */
const LINES_MAX = 40

export class Report {
  #passed = 0
  #failed = 0

  /** A step that fails does not keep the next one from being tried. */
  async step(name: string, run: () => Promise<string | undefined>): Promise<void> {
    try {
      const figure = await run()
      this.#passed += 1
      console.log(`ok      ${name}${figure === undefined ? '' : `: ${figure}`}`)
    } catch (error) {
      this.#failed += 1
      const sentence = error instanceof Error ? error.message : String(error)
      const lines = sentence.trim().split('\n')
      const shown = lines.slice(0, LINES_MAX)
      if (lines.length > LINES_MAX) shown.push(`… and ${lines.length - LINES_MAX} lines more`)
      console.log(`FAILED  ${name}: ${shown.join('\n        ')}`)
    }
  }

  /** The exit code. */
  end(): number {
    console.log(`${this.#passed} passed, ${this.#failed} failed`)
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}

export function expect(what: string, is: unknown, expected: unknown): void {
  if (is !== expected) throw new Error(`${what} is ${String(is)}, not ${String(expected)}`)
}

export function expectMatch(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${pattern} is not in: ${text.slice(-2000)}`)
}
