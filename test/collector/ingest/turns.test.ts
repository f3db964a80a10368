/** Backlogs take turns, so that what is told now does not wait for them. */
import { describe, expect, test } from 'vitest'
import { Turns } from '../../../collector/src/ingest/turns.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** Parts that begin are told, and end when the test says so. */
class Parts {
  readonly begun: string[] = []
  readonly #ends = new Map<string, () => void>()
  readonly #turns: Turns

  constructor(turns: Turns) {
    this.#turns = turns
  }

  run(name: string, records: number): Promise<string> {
    return this.#turns.run(records, () => {
      this.begun.push(name)
      return new Promise<string>((resolve) => this.#ends.set(name, () => resolve(name)))
    })
  }

  end(name: string): void {
    this.#ends.get(name)?.()
  }
}

async function settle(clock: FakeClock): Promise<void> {
  for (let at = 0; at < 50; at += 1) {
    clock.advance(1)
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
  }
}

describe('the turns of backlogs', () => {
  test('only so many records are in the works, and whoever came first goes first', async () => {
    const clock = new FakeClock()
    const turns = new Turns(clock)
    const parts = new Parts(turns)
    const told = Array.from({ length: 20 }, (_, at) => parts.run(`p${at}`, 1_024))
    expect(parts.begun).toEqual([])
    await settle(clock)
    expect(parts.begun).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7'])
    expect(turns.waiting).toBe(12)
    parts.end('p3')
    await settle(clock)
    expect(parts.begun.slice(8)).toEqual(['p8'])
    for (let at = 0; at < 20; at += 1) {
      parts.end(`p${at}`)
      await settle(clock)
    }
    expect(await Promise.all(told)).toEqual(Array.from({ length: 20 }, (_, at) => `p${at}`))
    expect(turns.waiting).toBe(0)
  })

  test('between two large parts the event loop is free; small ones begin together', async () => {
    const due: (() => void)[] = []
    const clock = new FakeClock()
    clock.after = (_, run) => {
      due.push(run)
      return { cancel: () => undefined }
    }
    const begunAfter = async (records: number, count: number) => {
      const parts = new Parts(new Turns(clock))
      for (let at = 0; at < count; at += 1) void parts.run(`p${at}`, records)
      const begun: number[] = []
      for (let run = due.shift(); run !== undefined; run = due.shift()) {
        run()
        await Promise.resolve()
        await Promise.resolve()
        begun.push(parts.begun.length)
      }
      return begun
    }
    expect(await begunAfter(1_024, 3)).toEqual([1, 2, 3])
    expect(await begunAfter(100, 25)).toEqual([11, 22, 25])
  })

  test('a part that fails gives its turn back', async () => {
    const clock = new FakeClock()
    const turns = new Turns(clock)
    const failed = turns.run(100_000, () => Promise.reject(new Error('the disk is full')))
    const next = turns.run(100_000, () => Promise.resolve('through'))
    const told = expect(failed).rejects.toThrow('the disk is full')
    await settle(clock)
    await told
    expect(await next).toBe('through')
  })
})
