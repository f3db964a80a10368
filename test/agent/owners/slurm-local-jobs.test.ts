import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LocalJobs, spoolFolderOf } from '../../../agent/src/owners/slurm-local-jobs.ts'
import { tempDir } from '../../support/temp-dir.ts'

const SPOOL = '/var/spool/slurmd'
/** Of a batch script, as slurmd numbers it. */
const BATCH = 4294967291

function rig() {
  const rootPrefix = tempDir()
  const folder = join(rootPrefix, SPOOL)
  mkdirSync(folder, { recursive: true })
  const jobs = new LocalJobs({ nodeName: 'n1', rootPrefix })
  return {
    folder,
    youngestMs: () => jobs.youngestStartMs(SPOOL),
    begin: (name: string, atMs: number) => {
      writeFileSync(join(folder, name), '')
      utimesSync(join(folder, name), atMs / 1000, atMs / 1000)
    },
    end: (name: string) => rmSync(join(folder, name)),
  }
}

describe('jobs seen in the spool of slurmd', () => {
  test('the youngest counts', async () => {
    const { begin, youngestMs } = rig()
    begin(`n1_7.${BATCH}`, 5_000)
    begin(`n1_8.${BATCH}`, 9_000)
    begin('n1_6.0', 2_000)
    expect(await youngestMs()).toBe(9_000)
  })

  test('a later step does not make a job younger, even when the first has ended', async () => {
    const { begin, end, youngestMs } = rig()
    begin('n1_7.0', 5_000)
    expect(await youngestMs()).toBe(5_000)
    begin('n1_7.1', 8_000)
    end('n1_7.0')
    expect(await youngestMs()).toBe(5_000)
  })

  test('a job that has ended is not here any more', async () => {
    const { begin, end, youngestMs } = rig()
    begin('n1_7.0', 5_000)
    begin('n1_8.0', 6_000)
    await youngestMs()
    end('n1_8.0')
    expect(await youngestMs()).toBe(5_000)
  })

  test.each([
    'n2_7.0',
    'n1_7',
    'n1_x.0',
    'cred_state',
    'job00007',
    'hwloc_topo_7.4294967291.xml',
    'n1_7.0.sock',
  ])('%s is no step of this node', async (name) => {
    const { begin, youngestMs } = rig()
    begin(name, 5_000)
    expect(await youngestMs()).toBeNull()
  })

  test('a step of a heterogeneous job is one', async () => {
    const { begin, youngestMs } = rig()
    begin('n1_7.0.1', 5_000)
    expect(await youngestMs()).toBe(5_000)
  })

  test('a folder that cannot be read shows nothing', async () => {
    const jobs = new LocalJobs({ nodeName: 'n1', rootPrefix: tempDir() })
    expect(await jobs.youngestStartMs('/nowhere')).toBeNull()
  })
})

test.each([
  ['as slurm.conf says', [[['slurmdspooldir', '/x/%n/%h'] as const]], '/x/n1/n1'],
  ['the usual one otherwise', [], SPOOL],
])('the spool folder: %s', (_name, lines, expected) => {
  expect(spoolFolderOf(lines, 'n1')).toBe(expected)
})
