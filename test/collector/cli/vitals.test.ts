/** Vitals of the store and of the machine: told where they are known, left out where they are not. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { noteBackup, readBackupNote } from '../../../collector/src/backup-note.ts'
import { type HostVitalsParts, hostVitals } from '../../../collector/src/cli/host-vitals.ts'
import { StoreVitals } from '../../../collector/src/cli/store-vitals.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

type Asked = Pick<
  Store,
  'readOutbox' | 'journalHead' | 'listConflicts' | 'countFindings' | 'readOpenPlaced'
>

function answering(change: Partial<Asked> = {}): Asked {
  return {
    readOutbox: async () => [],
    journalHead: async () => ({ seq: 12, hash: '0'.repeat(64) }),
    listConflicts: async () => ({ rows: [], nextCursor: null }),
    countFindings: async () => ({ findings: 0, cards: 0 }),
    readOpenPlaced: async () => [],
    ...change,
  }
}

describe('what only the store knows', () => {
  test('is told with the age of the oldest entry that waits for its number', async () => {
    const clock = new FakeClock()
    const oldest = { outboxId: 1, kind: 'declared', atMs: clock.wallMs() - 2_500, payload: {} }
    const store = answering({ readOutbox: async () => [oldest] as never })
    const vitals = await new StoreVitals(store, clock).read()
    expect(vitals.map((one) => [one.name, 'value' in one ? one.value : null])).toEqual([
      ['yiben_journal_seq', 12],
      ['yiben_journal_lag_seconds', 2.5],
      ['yiben_conflicts_open', 0],
      ['yiben_findings_open', 0],
    ])
  })

  test('says how many draws wait for a child, and for how long those that begin', async () => {
    const clock = new FakeClock()
    const open = [
      { steps: [{ kind: 'hold' }], told: null, placedAtMs: clock.wallMs() - 4_000 },
      { steps: [{ kind: 'post' }], told: { state: 'held' }, placedAtMs: clock.wallMs() - 9_000 },
      { steps: [{ kind: 'return' }], told: { state: 'posted' }, placedAtMs: 0 },
    ]
    const store = answering({ readOpenPlaced: async () => open as never })
    const vitals = await new StoreVitals(store, clock).read()
    const told = vitals.filter(({ name }) => name.startsWith('yiben_placed_'))
    expect(told.map((one) => ['labels' in one && one.labels, 'value' in one && one.value])).toEqual(
      [
        [{ state: 'asking' }, 1],
        [{ state: 'posting' }, 1],
        [{ state: 'other' }, 1],
        [false, 9],
      ],
    )
  })

  test('is left out where the store fails, and bugs are not hidden by that', async () => {
    const failing = (error: Error) =>
      new StoreVitals(answering({ journalHead: () => Promise.reject(error) }), new FakeClock())
    expect(await failing(new AppError('store_unavailable', 'dead')).read()).toEqual([])
    await expect(failing(new Error('a bug')).read()).rejects.toThrow('a bug')
  })

  test('is not waited for behind a long report, nor asked for twice meanwhile', async () => {
    const clock = new FakeClock()
    const slow = Promise.withResolvers<never[]>()
    let asked = 0
    const store = answering({
      readOutbox: () => {
        asked += 1
        return slow.promise
      },
    })
    const vitals = new StoreVitals(store, clock)
    for (let scrapes = 0; scrapes < 3; scrapes += 1) {
      const reading = vitals.read()
      clock.advance(2_000)
      expect(await reading).toEqual([])
    }
    expect(asked).toBe(1)
    slow.resolve([])
    expect(await vitals.read()).not.toEqual([])
    await vitals.read()
    expect(asked).toBe(2)
    expect(clock.pendingTimers()).toBe(0)
  })
})

describe('the machine', () => {
  async function namesIn(dataDir: string) {
    const vitals = await hostVitals({ dataDir, generation: 1, certificates: () => null })
    return vitals.map(({ name }) => name.replace('yiben_', ''))
  }

  test('tells of space and of the files that are there', async () => {
    const dataDir = tempDir()
    expect(await namesIn(dataDir)).toEqual(['disk_free_bytes', 'disk_size_bytes'])
    writeFileSync(join(dataDir, 'ledger.sqlite'), 'x'.repeat(10))
    const vitals = await hostVitals({ dataDir, generation: 1, certificates: () => null })
    expect(vitals).toContainEqual(
      expect.objectContaining({ name: 'yiben_ledger_file_bytes', value: 10 }),
    )
  })

  test('tells nothing of a folder that is not there', async () => {
    expect(await namesIn(join(tempDir(), 'gone'))).toEqual([])
  })

  test('tells when the certificate and its authority end, where they are known, as it is now', async () => {
    let shown: ReturnType<HostVitalsParts['certificates']> = null
    const parts = { dataDir: tempDir(), generation: 1, certificates: () => shown }
    const ends = async () => {
      const told = await hostVitals(parts)
      const ours = told.filter(({ name }) => name.includes('tls'))
      return ours.map((vital) => [vital.name, 'value' in vital ? vital.value : null])
    }
    expect(await ends()).toEqual([])
    shown = { endMs: 1_800_000_000_500, authorityEndMs: null, listEndMs: null }
    expect(await ends()).toEqual([['yiben_tls_certificate_end_timestamp_seconds', 1_800_000_000.5]])
    shown = {
      endMs: 1_900_000_000_000,
      authorityEndMs: 2_000_000_000_000,
      listEndMs: 1_795_000_000_000,
    }
    expect(await ends()).toEqual([
      ['yiben_tls_certificate_end_timestamp_seconds', 1_900_000_000],
      ['yiben_tls_authority_end_timestamp_seconds', 2_000_000_000],
      ['yiben_tls_client_crl_end_timestamp_seconds', 1_795_000_000],
    ])
  })
})

describe('a backup', () => {
  const NOTE = { generation: 1, atMs: 1_795_000_000_000, bytes: 4_096 }

  test('that was noted is told, of the ledger that it is of', async () => {
    const dataDir = tempDir()
    noteBackup(dataDir, NOTE)
    expect(readBackupNote(dataDir)).toEqual(NOTE)
    const vitals = (generation: number) =>
      hostVitals({ dataDir, generation, certificates: () => null })
    expect(await vitals(1)).toContainEqual(
      expect.objectContaining({ name: 'yiben_backup_timestamp_seconds', value: 1_795_000_000 }),
    )
    // What lies there of a ledger that has moved to PostgreSQL says nothing of the one that is served.
    const moved = await hostVitals({
      ...{ dataDir, generation: 1, isLedgerHere: false, certificates: () => null },
    })
    expect(moved.filter(({ name }) => /backup|ledger/.test(name))).toEqual([])
    const restored = await vitals(2)
    expect(restored.filter(({ name }) => name.includes('backup'))).toEqual([])
  })

  test.each([
    ['is not there', null],
    ['is cut off', '{"generation": 1, "at'],
    ['is of another shape', '[]'],
  ])('is not known where its note %s', (_name, text) => {
    const dataDir = tempDir()
    if (text !== null) writeFileSync(join(dataDir, 'backup.json'), text)
    expect(readBackupNote(dataDir)).toBeNull()
  })

  test('that cannot be noted is a failure of the note alone', () => {
    const dataDir = tempDir()
    mkdirSync(join(dataDir, 'backup.json.new'))
    expect(() => noteBackup(dataDir, NOTE)).toThrow(AppError)
  })
})
