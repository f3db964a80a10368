/** The ledger of a data folder. */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Random } from '@yiben/shared'
import { expect, onTestFinished, test } from 'vitest'
import {
  hasLedger,
  LEDGER_FILE,
  openCommandStore,
  openServingStore,
} from '../../../collector/src/storage/open.ts'
import { tempDir } from '../../support/temp-dir.ts'

const clock: Pick<Clock, 'wallMs'> = { wallMs: () => 1_772_323_200_000 }

function options(dataDir: string, fill = 7) {
  const random: Random = {
    fraction: () => 0,
    bytes: (length) => new Uint8Array(length).fill(fill),
  }
  return { dataDir, random, clock: clock as Clock }
}

test('a fresh folder gets a fresh ledger, which stays', async () => {
  const dataDir = join(tempDir(), 'deep', 'data')
  expect(hasLedger(dataDir)).toBe(false)
  const store = openCommandStore({ ...options(dataDir), isDemo: true })
  await store.close()
  expect(hasLedger(dataDir)).toBe(true)
  const serving = await openServingStore({ ...options(dataDir, 9), readers: 1 })
  onTestFinished(() => serving.close())
  expect(await serving.ledgerState()).toEqual({
    generation: 1,
    origin: '07'.repeat(16),
    openedAtMs: 1_772_323_200_000,
    identityKeyNumber: 1,
    identityKey: '07'.repeat(32),
    isDemo: true,
  })
  await expect(openServingStore(options(dataDir))).rejects.toMatchObject({ code: 'disk_locked' })
})

test('a folder that is made for it is nobody else’s to read', async () => {
  const dataDir = join(tempDir(), 'data')
  await openCommandStore(options(dataDir)).close()
  expect(statSync(dataDir).mode & 0o077).toBe(0)
  expect(statSync(join(dataDir, LEDGER_FILE)).isFile()).toBe(true)
})

test('a path that is no folder is refused with its name', () => {
  const file = join(tempDir(), 'file')
  writeFileSync(file, '')
  expect(() => openCommandStore(options(join(file, 'data')))).toThrow(
    expect.objectContaining({ code: 'disk_failed' }),
  )
})
