/** A program that is started on a full disk. */
import { AppError, type Logger, openWithSpace, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../support/fake-clock.ts'

function starting(failures: readonly ('disk_full' | 'disk_failed')[]) {
  const clock = new FakeClock()
  const stopping = new AbortController()
  const told: string[] = []
  const note = (_fields: object, message: string) => void told.push(message)
  const log: Logger = { ...silentLogger, error: note, info: note }
  const left = [...failures]
  const open = () => {
    const code = left.shift()
    if (code !== undefined) throw new AppError(code, 'as told')
    return 'opened'
  }
  const opened = openWithSpace({ open, clock, log, signal: stopping.signal })
  return { clock, stopping, told, opened }
}

describe('opening what lies on a disk', () => {
  test('waits for space, and says so once', async () => {
    const { clock, told, opened } = starting(['disk_full', 'disk_full', 'disk_full'])
    await clock.run(10_000)
    expect(await opened).toBe('opened')
    expect(told).toEqual([
      'the disk is full: waiting for space to start',
      'the disk has space again: starting',
    ])
  })

  test('says nothing where there is space', async () => {
    const { told, opened } = starting([])
    expect(await opened).toBe('opened')
    expect(told).toEqual([])
  })

  test('ends at once when told to stop meanwhile', async () => {
    const { clock, stopping, opened } = starting(new Array(1_000).fill('disk_full'))
    await clock.run(1)
    stopping.abort()
    expect(await opened).toBeNull()
  })

  test('does not wait for what space cannot mend', async () => {
    await expect(starting(['disk_failed']).opened).rejects.toMatchObject({ code: 'disk_failed' })
  })
})
