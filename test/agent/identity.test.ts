/** Hashes of raw ids and the fingerprint of a machine, over a made-up /sys. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FingerprintSource, hashIdentity, readFingerprint } from '../../agent/src/identity.ts'
import { tempDir } from '../support/temp-dir.ts'

const KEY = { keyNumber: 7, key: Buffer.from('nation') }
const NODE_KEY = Buffer.from('node key')

describe('the hash of an accelerator', () => {
  test('carries the number of its key and its strength', () => {
    const id = { vendor: 'nvidia', strength: 'strong', raw: 'GPU-1' } as const
    expect(hashIdentity(KEY, id, 'node-1')).toMatchObject({ keyNumber: 7, strength: 'strong' })
  })

  test('of a strong id is the same on every node, so that a move is a move', () => {
    const id = { vendor: 'nvidia', strength: 'strong', raw: 'GPU-1' } as const
    expect(hashIdentity(KEY, id, 'node-1')).toEqual(hashIdentity(KEY, id, 'node-2'))
  })

  test.each(['board', 'slot'] as const)('of a %s id differs from node to node', (strength) => {
    const id = { vendor: 'nvidia', strength, raw: '0000:0c:00.0' } as const
    expect(hashIdentity(KEY, id, 'node-1').hash).not.toBe(hashIdentity(KEY, id, 'node-2').hash)
  })

  test('differs wherever key, vendor, strength, node or id differ, also where texts join alike', () => {
    const vendor = fc.constantFrom('nvidia', 'ascend')
    const strength = fc.constantFrom('board', 'slot')
    const id = fc.record({
      vendor,
      strength,
      raw: fc.string(),
      node: fc.string(),
      key: fc.string(),
    })
    fc.assert(
      fc.property(id, id, (one, other) => {
        const hash = ({ vendor, strength, raw, node, key }: typeof one) =>
          hashIdentity(
            { keyNumber: 1, key: Buffer.from(`k${key}`) },
            { vendor, strength, raw },
            node,
          ).hash
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(hash(one) === hash(other)).toBe(isSame)
      }),
    )
  })
})

const UUID = 'sys/class/dmi/id/product_uuid'
const SERIAL = 'sys/class/dmi/id/board_serial'
const CARD = 'sys/class/net/eth0'
const MACHINE = 'etc/machine-id'

/** A machine that offers everything. */
function machine(): string {
  const root = tempDir()
  put(root, UUID, '4C4C4544-0042-3510-8051-B7C04F333333\n')
  put(root, SERIAL, '.7Q5B3.CN747510\n')
  put(root, `${CARD}/address`, '3c:ec:ef:00:00:01\n')
  put(root, `${CARD}/addr_assign_type`, '0\n')
  put(root, `${CARD}/device/vendor`, '0x8086\n')
  put(root, MACHINE, 'a6f2b5c1d4e34d0f9a8b7c6d5e4f3a2b\n')
  return root
}

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function fingerprint(rootPrefix: string, source: FingerprintSource | null = null) {
  return readFingerprint({ rootPrefix, nodeKey: NODE_KEY, source })
}

describe('the fingerprint of a machine', () => {
  test.each([
    { without: [], source: 'product_uuid' },
    { without: [UUID], source: 'serials' },
    { without: [UUID, SERIAL], source: 'network_addresses' },
    { without: [UUID, SERIAL, CARD], source: 'machine_id' },
  ])('rests on $source where $without is missing', ({ without, source }) => {
    const root = machine()
    for (const path of without) rmSync(join(root, path), { recursive: true })
    expect(fingerprint(root)?.source).toBe(source)
  })

  test('is absent where the machine tells nothing', () => {
    expect(fingerprint(tempDir())).toBeNull()
  })

  test.each(['03000200-0400-0500-0006-000700080009', 'To Be Filled By O.E.M.', ''])(
    'does not rest on the placeholder "%s" that many boards share',
    (text) => {
      const root = machine()
      put(root, UUID, `${text}\n`)
      expect(fingerprint(root)?.source).toBe('serials')
    },
  )

  test('stays when a network card or an accelerator is changed', () => {
    const root = machine()
    const before = fingerprint(root)
    put(root, `${CARD}/address`, '3c:ec:ef:00:00:99\n')
    expect(fingerprint(root)).toEqual(before)
  })

  test('differs on another machine and under another key', () => {
    const root = machine()
    const other = machine()
    put(other, UUID, '11111111-0042-3510-8051-B7C04F333333\n')
    expect(fingerprint(other)?.digest).not.toEqual(fingerprint(root)?.digest)
    const rekeyed = readFingerprint({ rootPrefix: root, nodeKey: Buffer.from('x'), source: null })
    expect(rekeyed?.digest).not.toEqual(fingerprint(root)?.digest)
  })

  test('rests on the source of the enrollment, or on none', () => {
    const root = machine()
    expect(fingerprint(root, 'machine_id')?.source).toBe('machine_id')
    rmSync(join(root, UUID))
    expect(fingerprint(root, 'product_uuid')).toBeNull()
  })

  test('takes no drawn address and none of a virtual card', () => {
    const root = machine()
    for (const path of [UUID, SERIAL, `${CARD}/device`]) {
      rmSync(join(root, path), { recursive: true })
    }
    put(root, 'sys/class/net/eth1/address', '02:00:00:00:00:01\n')
    put(root, 'sys/class/net/eth1/addr_assign_type', '1\n')
    put(root, 'sys/class/net/eth1/device/vendor', '0x8086\n')
    expect(fingerprint(root)?.source).toBe('machine_id')
  })
})
