import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SCHEMA_SHA256, WIRE_VERSION } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { generateWire } from '../../../scripts/generate-wire.ts'

const ROOT = new URL('../../../', import.meta.url)

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

describe('the schema of the wire', () => {
  test('is pinned: a change needs a line of history beside the version, and the new hash', () => {
    const hash = createHash('sha256').update(read('shared/proto/link.proto')).digest('hex')
    expect(hash).toBe(SCHEMA_SHA256)
    const history = read('shared/src/wire/version.ts').match(/^ \* (\d+) {2}\S/gm) ?? []
    expect(history).toHaveLength(WIRE_VERSION)
  })

  test('no field number of a message is used twice', () => {
    const messages = read('shared/proto/link.proto')
      .split(/^message /m)
      .slice(1)
    expect(messages.length).toBeGreaterThan(25)
    for (const message of messages) {
      const body = message.slice(0, message.search(/^}/m)).replace(/\/\/.*$/gm, '')
      const numbers = [...body.matchAll(/= (\d+);/g)].map((match) => match[1])
      expect(new Set(numbers).size, message.split(' ', 1)[0]).toBe(numbers.length)
    }
  })

  test('the generated code is what the generator makes of it', () => {
    const generated = generateWire()
    expect(read('shared/src/wire/generated/link.js')).toBe(generated.code)
    expect(read('shared/src/wire/generated/link.d.ts')).toBe(generated.types)
  })
})
