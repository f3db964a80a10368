import { describe, expect, test } from 'vitest'
import {
  type CatalogueMatchOptions,
  runCatalogueMatch,
} from '../../../collector/src/cli/catalogue.ts'

function answer(options: Partial<CatalogueMatchOptions>): unknown {
  const defaults = { name: '', memoryMib: null, powerCapW: null, json: true }
  const { exitCode, stdout } = runCatalogueMatch({ ...defaults, ...options })
  expect(exitCode).toBe(0)
  return JSON.parse(stdout)
}

describe('catalogue match', () => {
  test('prints what one listed entry is', () => {
    const stdout = runCatalogueMatch({
      name: 'Iluvatar BI-V150',
      memoryMib: 32_768,
      powerCapW: null,
      json: true,
    }).stdout
    expect(stdout).toBe(
      '{"vendor":"iluvatar","model":"BI-V150 (TianGai 150)","domestic":true,' +
        '"fp16_dense_tflops":96,"listed_units":2,"rated":true,"confidence":"secondary"}\n',
    )
  })

  test.each([
    [
      { name: 'Iluvatar BI-V150', memoryMib: 65_536 },
      { fp16_dense_tflops: 192, listed_units: 1 },
    ],
    [
      { name: 'MXC500', powerCapW: 450 },
      { vendor: 'metax', fp16_dense_tflops: 280 },
    ],
    [
      { name: 'MXC500', powerCapW: 350 },
      { vendor: 'metax', fp16_dense_tflops: 240 },
    ],
    [
      { name: 'Ascend910', memoryMib: 65_536 },
      { fp16_dense_tflops: 376, domestic: true },
    ],
    [{ name: 'AMD Instinct MI250' }, { fp16_dense_tflops: 181.05, listed_units: 2 }],
    [
      { name: 'K100', vendor: 'hygon' },
      { fp16_dense_tflops: 100, confidence: 'press' },
    ],
    [
      { name: 'K100', vendor: 'nvidia' },
      { vendor: 'nvidia', model: null, rated: false },
    ],
    [{ name: 'MLU590' }, { model: 'MLU590', fp16_dense_tflops: null, rated: false }],
  ])('%j', (options, expected) => {
    expect(answer(options)).toMatchObject(expected)
  })

  test('a BF16 rate is labelled and never printed as FP16', () => {
    expect(answer({ name: '910B1' })).toEqual({
      vendor: 'ascend',
      model: 'Ascend 910B1',
      domestic: true,
      fp16_dense_tflops: null,
      listed_units: 1,
      rated: true,
      confidence: 'secondary',
      basis: 'bf16_dense',
      bf16_dense_tflops: 378.9,
    })
  })

  test('a name that matches nothing is answered, unrated', () => {
    expect(answer({ name: 'something new' })).toEqual({
      vendor: null,
      model: null,
      domestic: null,
      fp16_dense_tflops: null,
      listed_units: null,
      rated: false,
      confidence: null,
    })
  })

  test('for people the same answer stands on several lines', () => {
    const options = { name: 'NVIDIA H200', memoryMib: null, powerCapW: null }
    const { stdout } = runCatalogueMatch({ ...options, json: false })
    expect(stdout.split('\n').length).toBeGreaterThan(7)
    expect(JSON.parse(stdout)).toEqual(answer(options))
  })

  test.each([
    [{ name: '  ' }, 'NAME'],
    [{ name: 'X', memoryMib: -1 }, '--memory-mib'],
    [{ name: 'X', memoryMib: Number.NaN }, '--memory-mib'],
    [{ name: 'X', powerCapW: 0 }, '--power-cap-w'],
    [{ name: 'X', vendor: 'Nvidia' }, '--vendor'],
  ])('%j is wrong usage', (options, sentence) => {
    expect(() => answer(options)).toThrow(sentence)
    expect(() => answer(options)).toThrow(expect.objectContaining({ code: 'usage_invalid' }))
  })
})
