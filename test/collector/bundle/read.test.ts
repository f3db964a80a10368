import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyPairFromSeed, RECORD_BYTES_MAX } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BundleHeader } from '../../../collector/src/bundle/format.ts'
import { type Bundle, readBundle } from '../../../collector/src/bundle/read.ts'
import { BundleWriter } from '../../../collector/src/bundle/write.ts'
import { tempDir } from '../../support/temp-dir.ts'

const KEYS = keyPairFromSeed(1, Buffer.alloc(32, 7))
const HEADER: BundleHeader = {
  format: 1,
  origin: KEYS.publicKey,
  algorithm: 1,
  name: '甲地',
  generation: 1,
  parent: null,
  number: 1,
  previous: null,
  full: true,
  after: { collectors: 0, facts: 0, hours: 0 },
  written_at_ms: 1_795_132_800_000,
  program_version: '0.1.0',
}

async function written(
  records: readonly Uint8Array[],
  { header = HEADER, keys = KEYS, path = join(tempDir(), 'one') } = {},
): Promise<string> {
  const writer = await BundleWriter.create(path, header)
  for (const record of records) await writer.add([record])
  await writer.finish(keys)
  return path
}

async function opened(path: string): Promise<Bundle> {
  const result = await readBundle(path)
  if (result.status !== 'ok') throw new Error(result.sentence)
  return result.bundle
}

async function recordsOf(bundle: Bundle, page = 3): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const records of bundle.pages(page)) all.push(...records)
  await bundle.close()
  return all
}

async function faultOf(path: string): Promise<string> {
  const result = await readBundle(path)
  if (result.status === 'refused') return result.fault
  await result.bundle.close()
  return 'none'
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)

describe('a bundle', () => {
  test('gives back what was written into it, in its order', async () => {
    const records = [bytes(1, 1), bytes(RECORD_BYTES_MAX, 2), bytes(100_000, 3), bytes(9, 4)]
    const path = await written(records)
    const bundle = await opened(path)
    expect(bundle.header).toEqual(HEADER)
    expect(bundle.recordCount).toBe(4)
    expect(await recordsOf(bundle)).toEqual(records)
  })

  test('may be empty', async () => {
    const bundle = await opened(await written([]))
    expect(await recordsOf(bundle)).toEqual([])
  })

  test('says on its first line what it is', async () => {
    const [first, second = ''] = readFileSync(await written([bytes(5, 1)]), 'latin1').split('\n')
    expect(first).toContain('yiben-collector bundle import FILE')
    expect(JSON.parse(second)).toMatchObject({ number: 1, origin: KEYS.publicKey })
  })

  test('cut anywhere is told as cut or as damaged, never taken', async () => {
    const whole = readFileSync(await written([bytes(40, 1), bytes(50, 2)]))
    const path = join(tempDir(), 'cut')
    for (let length = 0; length < whole.length - 1; length += 7) {
      writeFileSync(path, whole)
      truncateSync(path, length)
      expect(['no_bundle', 'truncated', 'damaged']).toContain(await faultOf(path))
    }
    writeFileSync(path, whole.subarray(0, Math.floor(whole.length / 2)))
    expect(await faultOf(path)).toBe('truncated')
  })

  test('with any byte changed, or more behind its end, is refused', async () => {
    const whole = readFileSync(await written([bytes(40, 1), bytes(50, 2)]))
    const path = join(tempDir(), 'changed')
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const changed = Buffer.from(whole)
          changed.writeUInt8((changed.readUInt8(at) + by) % 256, at)
          writeFileSync(path, changed)
          expect(await faultOf(path)).not.toBe('none')
        },
      ),
      { numRuns: 300 },
    )
    writeFileSync(path, Buffer.concat([whole, Buffer.from('x')]))
    expect(await faultOf(path)).toBe('damaged')
  })

  test('signed with another key than it names is refused', async () => {
    const other = keyPairFromSeed(1, Buffer.alloc(32, 8))
    expect(await faultOf(await written([bytes(3, 1)], { keys: other }))).toBe('signature_wrong')
  })

  test('of a later format says so, whatever else it holds', async () => {
    const path = join(tempDir(), 'newer')
    const whole = readFileSync(await written([]))
    const first = whole.subarray(0, whole.indexOf('\n') + 1)
    writeFileSync(path, Buffer.concat([first, Buffer.from('{"format":2,"anything":1}\n')]))
    expect(await faultOf(path)).toBe('format_newer')
  })

  test('with a length no record has is refused before memory is taken for it', async () => {
    const whole = readFileSync(await written([bytes(8, 1)]))
    const at = whole.indexOf(Buffer.from([0, 0, 0, 8]))
    whole.writeUInt32BE(0xffff_ffff, at)
    const path = join(tempDir(), 'long')
    writeFileSync(path, whole)
    expect(await faultOf(path)).toBe('damaged')
  })

  test('that changes between the check and the reading ends with an error', async () => {
    const path = await written([bytes(8, 1), bytes(8, 2)])
    const bundle = await opened(path)
    const changed = readFileSync(path)
    changed.writeUInt8(9, changed.indexOf(Buffer.from(bytes(8, 2))))
    writeFileSync(path, changed)
    await expect(recordsOf(bundle)).rejects.toMatchObject({ code: 'verification_failed' })
    await bundle.close()
  })

  test('that is not there is an error with its name', async () => {
    await expect(readBundle('/nowhere/at-all')).rejects.toMatchObject({
      code: 'config_unreadable',
      message: expect.stringContaining('/nowhere/at-all'),
    })
  })
})
