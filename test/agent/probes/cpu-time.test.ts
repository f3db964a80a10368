/** `/proc/stat` in core-milliseconds; a file that reads otherwise is unknown. */
import { describe, expect, test } from 'vitest'
import { parseCpuTime } from '../../../agent/src/probes/cpu-time.ts'

describe('CPU time of the node', () => {
  test('is busy without idle, waiting and stolen time', () => {
    const text = 'cpu  100 20 30 4000 500 6 4 70 50 0\ncpu0 1 2 3 4\n'
    expect(parseCpuTime(text)).toEqual({ busyMs: 1_600, totalMs: 47_300 })
  })

  test.each(['', 'cpu  1 2', 'cpu  1 2 x 4 5', 'intr 1 2 3 4 5'])('%j is unknown', (text) => {
    expect(parseCpuTime(text)).toBeNull()
  })
})
