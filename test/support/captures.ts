/**
 * Captured tool outputs: the project's own few, and all of those in a folder beside the checkout
 * where there is one. No list is kept: what lies in a folder is run.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const OWN = join(import.meta.dirname, '../captures')
const SHARED = join(import.meta.dirname, '../../../shared/accelerators/captures')

export interface Capture {
  readonly name: string
  readonly text: string
  readonly expected: Readonly<Record<string, unknown>>
  readonly command: string | null
}

/** One of our own, by its path under `test/captures`. */
export function fixture(path: string): string {
  return readFileSync(join(OWN, path), 'utf8')
}

export const HAS_SHARED_CAPTURES = existsSync(SHARED)

/** Every capture of a vendor: our own first, then those beside the checkout. */
export function capturesOf(vendor: string): Capture[] {
  return [join(OWN, vendor), join(SHARED, vendor)].flatMap(capturesIn)
}

function capturesIn(folder: string): Capture[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      const path = join(folder, name)
      const expected: unknown = JSON.parse(
        readFileSync(path.replace(/\.txt$/, '.expect.json'), 'utf8'),
      )
      if (!isRecord(expected)) throw new Error(`${name}: the expectation is no object`)
      const { command } = expected
      return {
        name: basename(name, '.txt'),
        text: readFileSync(path, 'utf8'),
        expected,
        command: typeof command === 'string' ? command : null,
      }
    })
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
