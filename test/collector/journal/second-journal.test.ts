/**
 * The second journal over a store: what was committed is there before anybody is answered; nothing is
 * answered while it cannot be; nothing stands in it twice, whatever fails in between.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { chainOf, segmentFiles } from '../../../collector/src/journal/second-folder.ts'
import { SecondJournal } from '../../../collector/src/journal/second-journal.ts'
import type { DrawCopy } from '../../../collector/src/storage/draw-requests.ts'
import type { UpkeepStore } from '../../../collector/src/storage/upkeep-store.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const LEDGER = { origin: '0a0b', generation: 3 as never }
const DAY_MS = 86_400_000

/** Copies as the store keeps them. */
class CopyStore
  implements Pick<UpkeepStore, 'keepDrawCopies' | 'readDrawCopies' | 'dropDrawCopies'>
{
  copies: DrawCopy[] = []
  lastNumber = 0
  isKept = false
  reads = 0
  /** Nothing is read before it. */
  gate: Promise<void> = Promise.resolve()

  decide(count = 1): void {
    for (let made = 0; made < count; made += 1) {
      this.lastNumber += 1
      const change = JSON.stringify({ decision: this.lastNumber })
      this.copies.push({ number: this.lastNumber, change })
    }
  }

  async keepDrawCopies(isKept: boolean): Promise<void> {
    this.isKept = isKept
  }

  async readDrawCopies(after: number, limit: number) {
    this.reads += 1
    await this.gate
    const copies = this.copies.filter(({ number }) => number > after).slice(0, limit)
    return { lastNumber: this.lastNumber, copies }
  }

  async dropDrawCopies(through: number): Promise<void> {
    this.copies = this.copies.filter(({ number }) => number > through)
  }
}

function rig() {
  const folder = join(tempDir(), 'second')
  mkdirSync(folder)
  const store = new CopyStore()
  const clock = new FakeClock()
  const open = (ledger = LEDGER) =>
    new SecondJournal({ folder, store, ledger, clock, logger: silentLogger })
  const numbers = () => {
    const { decisions } = chainOf(segmentFiles(folder), LEDGER.origin)
    return decisions.map(({ change, number }) => {
      expect(change).toEqual({ decision: number })
      return number
    })
  }
  return { folder, store, clock, open, numbers }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe('what was decided', () => {
  test('is on the disk when it is answered, in order, each once', async () => {
    const { store, open, numbers } = rig()
    const second = open()
    await second.start()
    expect(store.isKept).toBe(true)
    for (let call = 1; call <= 5; call += 1) {
      store.decide()
      await second.written()
      expect(numbers()).toEqual(upTo(call))
    }
    store.decide(450)
    await second.written()
    expect(numbers()).toEqual(upTo(455))
  })

  test('shares one write with all that waits for the disk', async () => {
    const { store, open, numbers } = rig()
    const second = open()
    await second.start()
    const gate = Promise.withResolvers<void>()
    store.gate = gate.promise
    const before = store.reads
    store.decide()
    const answers = [second.written()]
    for (let call = 0; call < 50; call += 1) {
      store.decide()
      answers.push(second.written())
    }
    gate.resolve()
    await Promise.all(answers)
    expect(numbers()).toEqual(upTo(51))
    expect(store.reads - before).toBeLessThanOrEqual(3)
  })

  test('is appended by the next process where this one was killed before it', async () => {
    const { store, open, numbers } = rig()
    await open().start()
    store.decide(3)
    const next = open()
    await next.start()
    expect(numbers()).toEqual([1, 2, 3])
    store.decide()
    await next.written()
    await open().start()
    expect(numbers()).toEqual([1, 2, 3, 4])
  })

  test('goes from the store once it is there, and from the folder after five weeks', async () => {
    const { folder, store, clock, open, numbers } = rig()
    const second = open()
    await second.start()
    store.decide(20)
    await second.written()
    const run = second.run()
    await clock.run(3_000)
    expect(store.copies).toEqual([])
    await second.stop()
    await run
    for (let start = 0; start < 3; start += 1) await open().start()
    expect(readdirSync(folder)).toHaveLength(4)
    const seconds = (clock.wallMs() - 36 * DAY_MS) / 1_000
    for (const { path } of segmentFiles(folder).slice(0, 3)) utimesSync(path, seconds, seconds)
    await open().start()
    expect(readdirSync(folder)).toHaveLength(2)
    expect(numbers()).toEqual([])
    store.decide()
    await open().start()
    expect(store.copies.map(({ number }) => number)).toEqual([21])
    expect(numbers()).toEqual([21])
  })
})

describe('while it cannot be written', () => {
  test('nothing is answered; when it can, all of it is there', async () => {
    const { folder, store, clock, open, numbers } = rig()
    const second = open()
    await second.start()
    store.decide()
    await second.written()
    // The disk is gone: nothing can be made in its place either.
    renameSync(folder, `${folder}.away`)
    writeFileSync(folder, 'no folder')
    const again = open()
    await again.start()
    store.decide()
    await expect(again.written()).rejects.toMatchObject({ code: 'second_journal_unavailable' })
    expect(() => again.refuse()).toThrow('nothing is granted')
    expect(again.isWriting()).toBe(false)
    const run = again.run()
    onTestFinished(async () => {
      await again.stop()
      await run
    })
    rmSync(folder)
    renameSync(`${folder}.away`, folder)
    await clock.run(2_100)
    await again.written()
    expect(() => again.refuse()).not.toThrow()
    expect(numbers()).toEqual([1, 2])
  })

  test('a disk that does not answer is not waited for', async () => {
    const { store, clock, open, numbers } = rig()
    const second = open()
    await second.start()
    const gate = Promise.withResolvers<void>()
    store.gate = gate.promise
    store.decide()
    const first = second.written()
    const later = second.written()
    const ends = Promise.allSettled([first, later])
    await clock.run(6_000)
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(second.isWriting()).toBe(false)
    gate.resolve()
    await second.written()
    expect(second.isWriting()).toBe(true)
    expect(numbers()).toEqual([1])
  })

  test('a damaged segment is named, and nothing is put behind it', async () => {
    const { folder, store, open } = rig()
    const second = open()
    await second.start()
    store.decide(2)
    await second.written()
    store.decide()
    await second.written()
    const [file] = segmentFiles(folder)
    const bytes = readFileSync(file?.path ?? '')
    bytes[bytes.indexOf('"decision":1')] = 0x20
    writeFileSync(file?.path ?? '', bytes)
    const next = open()
    await next.start()
    expect(() => next.refuse()).toThrow(`${file?.path} is damaged`)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  test('an older ledger than the journal is not granted from', async () => {
    const { store, open } = rig()
    const second = open()
    await second.start()
    store.decide(5)
    await second.written()
    store.lastNumber = 3
    store.copies = store.copies.slice(0, 3)
    const next = open()
    await next.start()
    expect(() => next.refuse()).toThrow('an older copy is in place')
  })

  test('another ledger’s folder is not taken', async () => {
    const { store, open } = rig()
    await open().start()
    store.decide()
    const other = open({ origin: 'ffff', generation: LEDGER.generation })
    await other.start()
    expect(() => other.refuse()).toThrow('of another ledger')
  })
})

test('decisions that are on no disk but the ledger’s are a hole that is told', async () => {
  const { folder, store, open } = rig()
  const second = open()
  await second.start()
  store.decide(2)
  await second.written()
  store.decide(4)
  store.copies = store.copies.filter(({ number }) => number > 5)
  await open().start()
  const { decisions, gaps } = chainOf(segmentFiles(folder), LEDGER.origin)
  expect(decisions.map(({ number }) => number)).toEqual([1, 2, 6])
  expect(gaps).toEqual([[3, 6]])
})
