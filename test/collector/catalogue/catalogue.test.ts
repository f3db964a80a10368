import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'

const DATA = join(import.meta.dirname, '../../../collector/src/catalogue/data')

test('the version names the day and the content: data that changes takes a new day', () => {
  expect(loadCatalogue().version).toBe('2026-11-20+ad906e442cbf')
})

test('nothing can be changed after it was read', () => {
  const catalogue = loadCatalogue()
  for (const part of [
    catalogue,
    catalogue.chips,
    catalogue.chips[0],
    catalogue.chips[0]?.aliases,
    catalogue.idleBaselines,
    catalogue.idleBaselines[0],
    catalogue.regions,
    catalogue.regions.provinces,
    catalogue.regions.provinces[0]?.tile,
    catalogue.regions.clusters[0]?.startAreaCodes,
  ]) {
    expect(part).toBeDefined()
    expect(Object.isFrozen(part)).toBe(true)
  }
})

describe('a folder of its own', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'yiben-catalogue-'))
    cpSync(DATA, folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test.each(['chips.csv', 'hubs.csv', 'provinces.csv', 'idle-baselines.csv'])(
    'a broken row of %s, or the file missing, stops the program with its name',
    (file) => {
      appendFileSync(join(folder, file), 'x,y\n')
      expect(() => loadCatalogue(folder)).toThrow(`${file} line`)
      rmSync(join(folder, file))
      expect(() => loadCatalogue(folder)).toThrow(AppError)
      expect(() => loadCatalogue(folder)).toThrow(`${file} cannot be read`)
    },
  )

  test('a new baseline gives a new version', () => {
    const row = 'nvidia,NVIDIA X1,24576,1,2,,,3,seen\n'
    appendFileSync(join(folder, 'idle-baselines.csv'), row)
    const changed = loadCatalogue(folder)
    expect(changed.idleBaselines).toHaveLength(42)
    expect(changed.version).not.toBe(loadCatalogue().version)
  })
})
