/** A bank is answered once a decision is on the second disk too, and not at all while it cannot be. */
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { SecondDisk } from '../../../collector/src/bank/draw-desk.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { settle } from '../../support/fake-clock.ts'
import { DrawsRig, poolOf } from './draws-rig.ts'

class Disk implements SecondDisk {
  isThere = true
  /** Who waits is let go when it is. */
  gate: Promise<void> = Promise.resolve()

  refuse(): void {
    if (!this.isThere) throw new AppError('second_journal_unavailable', 'it is gone')
  }

  async written(): Promise<void> {
    await this.gate
    this.refuse()
  }
}

async function rig() {
  const draws = new DrawsRig()
  await draws.node(1, 2)
  await draws.deposit()
  const disk = new Disk()
  return { rig: draws, disk, process: draws.process(undefined, disk) }
}

describe('with a second journal', () => {
  test('an answer waits until the decision is there', async () => {
    const { disk, process, rig: draws } = await rig()
    const gate = Promise.withResolvers<void>()
    disk.gate = gate.promise
    let isAnswered = false
    const held = process.hold(poolOf('a'), SCOPE_ALL).then((result) => {
      isAnswered = true
      return result
    })
    for (let turn = 0; turn < 20; turn += 1) await settle()
    expect([(await draws.draw('a')).state, isAnswered]).toEqual(['held', false])
    gate.resolve()
    expect((await held).status).toBe('done')
  })

  test('nothing is granted, nor told again, while it cannot be written', async () => {
    const { disk, process, rig: draws } = await rig()
    const gate = Promise.withResolvers<void>()
    disk.gate = gate.promise
    const held = process.hold(poolOf('a'), SCOPE_ALL)
    for (let turn = 0; turn < 20; turn += 1) await settle()
    disk.isThere = false
    gate.resolve()
    const gone = { code: 'second_journal_unavailable' }
    await expect(held).rejects.toMatchObject(gone)
    // Committed, and on one disk alone: nobody may act on it.
    expect((await draws.draw('a')).state).toBe('held')
    await expect(process.find('a')).rejects.toMatchObject(gone)
    await expect(process.hold(poolOf('a'), SCOPE_ALL)).rejects.toMatchObject(gone)
    await expect(process.post('a')).rejects.toMatchObject(gone)
    await expect(process.hold(poolOf('b'), SCOPE_ALL)).rejects.toMatchObject(gone)
    await expect(draws.draw('b')).rejects.toThrow('there is no draw b')
    const failed = process.desk.calls.rows().find(({ labels }) => labels.outcome === 'failed')
    expect(failed?.count).toBe(3)

    disk.isThere = true
    const again = await process.hold(poolOf('a'), SCOPE_ALL)
    expect(again).toMatchObject({ status: 'done', isRepeat: true, draw: { state: 'held' } })
    expect((await process.post('a')).status).toBe('done')
  })
})
