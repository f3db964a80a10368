import { AppError, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { GroupCommit } from '../../../collector/src/ingest/group-commit.ts'
import { StoreGuard, Unwanted } from '../../../collector/src/ingest/store-guard.ts'
import type { NodeId, SessionGeneration } from '../../../collector/src/model/ids.ts'
import type { IngestCommit, IngestResult } from '../../../collector/src/storage/requests.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

function commit(name: string): IngestCommit {
  const nodeId = name as NodeId
  return {
    nodeId,
    sessionGeneration: 1 as SessionGeneration,
    epoch: '',
    expectedWatermark: 0,
    watermark: 1,
    watermarkHash: '',
    open: {
      nodeId,
      epoch: '',
      bootId: '',
      factsRevision: 0,
      timelineEndMs: 0,
      units: [],
      policy: null,
      cpu: null,
      changeSeq: 0,
    },
    closedRuns: [],
    unitHours: [],
    nodeHours: [],
    closedWindows: [],
    refused: [],
    silencesEnded: [],
    silencesBegun: [],
    dirtyHours: [],
    clockSteps: [],
    leaseRecords: [],
    conflicts: [],
    outbox: [],
  }
}

function rig() {
  const clock = new FakeClock()
  const groups: string[][] = []
  let error: (names: readonly string[]) => Error | null = () => null
  /** Ends the write under way. */
  const ends: (() => void)[] = []
  let isHeld = false
  const store = {
    commitIngest: async (commits: readonly IngestCommit[]): Promise<readonly IngestResult[]> => {
      const names = commits.map((one) => one.nodeId)
      groups.push(names)
      if (isHeld) await new Promise<void>((resolve) => ends.push(resolve))
      const failure = error(names)
      if (failure !== null) throw failure
      return commits.map((_one, position) => ({ status: 'committed', changeSeq: position }))
    },
  }
  const guard = new StoreGuard(clock, silentLogger)
  return {
    clock,
    groups,
    guard,
    commits: new GroupCommit(store, guard),
    hold: () => {
      isHeld = true
    },
    release: () => {
      isHeld = false
      for (const end of ends.splice(0)) end()
    },
    failWith: (next: typeof error) => {
      error = next
    },
  }
}

const wanted = () => true

describe('group commit', () => {
  test('what arrives in one turn is one transaction', async () => {
    const { commits, groups } = rig()
    await Promise.all(['a', 'b', 'c'].map((name) => commits.submit(commit(name), wanted)))
    expect(groups).toEqual([['a', 'b', 'c']])
  })

  test('what arrives while one is written and one is on its way is the next one', async () => {
    const { commits, groups, hold, release } = rig()
    hold()
    const first = commits.submit(commit('a'), wanted)
    await settle()
    const second = ['b', 'c'].map((name) => commits.submit(commit(name), wanted))
    await settle()
    const third = commits.submit(commit('d'), wanted)
    await settle()
    const fourth = commits.submit(commit('e'), wanted)
    await settle()
    expect(groups).toEqual([['a'], ['b', 'c']])
    release()
    await Promise.all([first, ...second, third, fourth])
    expect(groups).toEqual([['a'], ['b', 'c'], ['d', 'e']])
  })

  test('a commit that breaks the rules fails alone', async () => {
    const { commits, groups, failWith } = rig()
    failWith((names) => (names.includes('bad') ? new Error('a run lasts') : null))
    const results = await Promise.allSettled(
      ['a', 'bad', 'c'].map((name) => commits.submit(commit(name), wanted)),
    )
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(groups.length).toBe(4)
  })

  test('a full disk is waited out', async () => {
    const { commits, clock, failWith, guard } = rig()
    failWith(() => new AppError('disk_full', 'full'))
    let isDone = false
    const submitted = commits.submit(commit('a'), wanted).then(() => {
      isDone = true
    })
    await clock.run(60_000)
    expect(isDone).toBe(false)
    expect(guard.isFailing()).toBe(true)
    failWith(() => null)
    await clock.run(15_000)
    await submitted
    expect(guard.isFailing()).toBe(false)
  })

  test('what nobody wants any more is given up', async () => {
    const { commits, clock, failWith } = rig()
    failWith(() => new AppError('disk_full', 'full'))
    let isWanted = true
    const submitted = commits.submit(commit('a'), () => isWanted).catch((error: unknown) => error)
    await settle()
    isWanted = false
    await clock.run(2_000)
    expect(await submitted).toBeInstanceOf(Unwanted)
  })

  test('a failure is forgotten after a while, so that somebody may try again', async () => {
    const { commits, clock, failWith, guard } = rig()
    failWith(() => new AppError('disk_full', 'full'))
    let isWanted = true
    const submitted = commits.submit(commit('a'), () => isWanted).catch(() => null)
    await settle()
    isWanted = false
    await clock.run(2_000)
    await submitted
    expect(guard.isFailing()).toBe(true)
    clock.advance(60_000)
    expect(guard.isFailing()).toBe(false)
  })
})
