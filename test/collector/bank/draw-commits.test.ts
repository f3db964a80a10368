/** Decisions written together, and calls on one draw that wait for each other. */
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { DrawCommits } from '../../../collector/src/bank/draw-commits.ts'
import { changeOf } from '../../../collector/src/bank/draw-hold.ts'
import { DrawTurns } from '../../../collector/src/bank/draw-turns.ts'
import type { DrawChange, DrawCommitResult } from '../../../collector/src/storage/draw-requests.ts'
import { settle } from '../../support/fake-clock.ts'
import { heldDraw } from './draw-maker.ts'

type Commit = (changes: readonly DrawChange[]) => Promise<readonly DrawCommitResult[]>

const change = (drawId: string) => changeOf(0, heldDraw([0], { drawId }))
const allCommitted: Commit = async (changes) => changes.map(() => ({ status: 'committed' }))

function recording(commit: Commit = allCommitted) {
  const groups: string[][] = []
  const store = {
    commitDraws: (changes: readonly DrawChange[]) => {
      groups.push(changes.map(({ draw }) => draw.request.drawId))
      return commit(changes)
    },
  }
  return { groups, commits: new DrawCommits(store) }
}

describe('decisions', () => {
  test('of one turn are written together, those that come meanwhile next', async () => {
    const gate = Promise.withResolvers<void>()
    const { commits, groups } = recording(async (changes) => {
      await gate.promise
      return allCommitted(changes)
    })
    const first = [commits.commit(change('a')), commits.commit(change('b'))]
    await settle()
    const later = [commits.commit(change('c')), commits.commit(change('d'))]
    gate.resolve()
    await Promise.all([...first, ...later])
    expect(groups).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  test('are answered each by itself', async () => {
    const { commits } = recording(async (changes) =>
      changes.map(({ draw }) =>
        draw.request.drawId === 'b' ? { status: 'taken', ordinals: [0] } : { status: 'committed' },
      ),
    )
    const results = await Promise.all(['a', 'b', 'c'].map((id) => commits.commit(change(id))))
    expect(results.map(({ status }) => status)).toEqual(['committed', 'taken', 'committed'])
  })

  test('that are no longer true when their turn comes are not written', async () => {
    const { commits, groups } = recording()
    const results = await Promise.all([
      commits.commit(change('a'), () => false),
      commits.commit(change('b')),
    ])
    expect(results).toEqual([{ status: 'stale' }, { status: 'committed' }])
    expect(groups).toEqual([['b']])
  })

  test('that break the store take only themselves down', async () => {
    const { commits } = recording((changes) =>
      changes.some(({ draw }) => draw.request.drawId === 'b')
        ? Promise.reject(new Error('a bug'))
        : allCommitted(changes),
    )
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((id) => commits.commit(change(id))),
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('fail together where the store cannot write, and are not tried again', async () => {
    const { commits, groups } = recording(() =>
      Promise.reject(new AppError('disk_full', 'the disk is full')),
    )
    const results = await Promise.allSettled(['a', 'b'].map((id) => commits.commit(change(id))))
    expect(results).toMatchObject([
      { reason: { code: 'disk_full' } },
      { reason: { code: 'disk_full' } },
    ])
    expect(groups).toHaveLength(1)
  })

  test('are refused when too many wait', async () => {
    const { commits } = recording(() => new Promise(() => {}))
    const one = change('a')
    void commits.commit(one)
    await settle()
    for (let waiting = 0; waiting < 8_192; waiting += 1) void commits.commit(one)
    await expect(commits.commit(one)).rejects.toMatchObject({ code: 'overloaded' })
  })
})

describe('calls on one draw', () => {
  test('come one after the other, also after one that fails', async () => {
    const turns = new DrawTurns()
    const gate = Promise.withResolvers<string>()
    const order: string[] = []
    const first = turns.take('a', () => gate.promise)
    const second = turns.take('a', async () => {
      order.push('second')
      throw new Error('failed')
    })
    const third = turns.take('a', async () => order.push('third'))
    const other = turns.take('b', async () => order.push('other'))
    await other
    expect(order).toEqual(['other'])
    gate.resolve('first')
    expect(await first).toBe('first')
    await expect(second).rejects.toThrow('failed')
    await third
    expect(order).toEqual(['other', 'second', 'third'])
  })

  test('wait in a queue that has an end', async () => {
    const turns = new DrawTurns()
    const gate = Promise.withResolvers<void>()
    const waiting = Array.from({ length: 16 }, () => turns.take('a', () => gate.promise))
    await expect(turns.take('a', () => gate.promise)).rejects.toMatchObject({ code: 'overloaded' })
    gate.resolve()
    await Promise.all(waiting)
    await turns.take('a', () => Promise.resolve())
  })

  test('are waited for by who stops', async () => {
    const turns = new DrawTurns()
    const gate = Promise.withResolvers<void>()
    let isSettled = false
    const work = turns.take('a', () => gate.promise)
    const settled = turns.settled().then(() => {
      isSettled = true
    })
    await settle()
    expect(isSettled).toBe(false)
    gate.resolve()
    await Promise.all([work, settled])
    expect(isSettled).toBe(true)
  })
})
