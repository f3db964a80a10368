import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../agent/src/config.ts'
import { tempDir } from '../../support/temp-dir.ts'

function load(yaml: string) {
  const file = join(tempDir(), 'agent.yaml')
  writeFileSync(file, yaml)
  return loadConfig({ file, environment: {} }).owner
}

function refusalOf(yaml: string): string {
  try {
    load(yaml)
  } catch (error) {
    if (error instanceof AppError) return error.message
    throw error
  }
  throw new Error('the configuration was not refused')
}

const slurm = (lines: string) => `owner:\n  kind: slurm\n  slurm: ${lines}`

describe('owner.kind: slurm', () => {
  test('needs the site’s file alone', () => {
    expect(load(slurm('{ file: /shared/yiben/slurm }'))).toEqual({
      kind: 'slurm',
      file: '/shared/yiben/slurm',
      readers: [],
      intervalMs: 30_000,
      ageMsMax: 120_000,
      nodeName: hostname().replace(/\..*$/, ''),
      confDir: null,
      deviceFiles: [],
      bankAccount: null,
      bankPartition: null,
      bankReservation: null,
    })
  })

  test('takes everything else', () => {
    const lines = `{ file: /s, readers: [n1, n2], interval: 1min, age_max: 5min, node_name: n1,
      conf_dir: /opt/slurm/etc, device_files: [/dev/nvidia1, /dev/nvidia0],
      bank_account: bank, bank_partition: lots, bank_reservation: lot7 }`
    expect(load(slurm(lines))).toMatchObject({
      readers: ['n1', 'n2'],
      intervalMs: 60_000,
      ageMsMax: 300_000,
      nodeName: 'n1',
      confDir: '/opt/slurm/etc',
      deviceFiles: ['/dev/nvidia1', '/dev/nvidia0'],
      bankAccount: 'bank',
      bankPartition: 'lots',
      bankReservation: 'lot7',
    })
  })

  test.each<[string, string, RegExp]>([
    ['no file', 'owner: { kind: slurm }', /owner\.kind is "slurm", so owner\.slurm\.file/],
    [
      'more than one RPC per 15 s',
      slurm('{ file: /s, interval: 29s }'),
      /owner\.slurm\.interval is 29s, outside 30s/,
    ],
    [
      'an age that no answer keeps',
      slurm('{ file: /s, interval: 2min, age_max: 5min }'),
      /owner\.slurm\.age_max is shorter than 3 times/,
    ],
    [
      'another kind',
      'owner: { kind: none, slurm: { file: /s } }',
      /owner\.slurm\.file is for owner\.kind "slurm", which is "none"/,
    ],
    [
      'readers that are no list',
      slurm('{ file: /s, readers: n1 }'),
      /owner\.slurm\.readers is not a list/,
    ],
  ])('is refused with %s', (_name, yaml, words) => {
    expect(refusalOf(yaml)).toMatch(words)
  })
})
