/**
 * Real hung tools under the real runner, on a clock that stands until the other vendor has been read
 * and runs from then on: however busy the machine, only the hung tool meets its deadline. Nothing
 * becomes a reading, and all can be stopped.
 */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createToolRunner } from '../../../agent/src/exec.ts'
import { VENDOR_ENTRIES } from '../../../agent/src/probes/registry.ts'
import { ProbeRunner, type SampleOutcome } from '../../../agent/src/probes/run-all.ts'
import { createRealWorld } from '../../../shared/src/real-world.ts'
import { fixture } from '../../support/captures.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { ToolBox } from '../../support/fake-tool.ts'

const random = { fraction: () => 0, bytes: (length: number) => new Uint8Array(length) }

describe('a hung nvidia-smi beside a good npu-smi', () => {
  test.each([
    {
      name: 'sleeps for ever and ignores SIGTERM',
      script: "trap '' TERM\nwhile :; do sleep 1000; done",
      isSilent: true,
    },
    { name: 'prints 100 MB', script: 'exec head -c 100000000 /dev/zero', isSilent: false },
    { name: 'prints garbage for ever', script: 'exec yes ","', isSilent: false },
  ])('$name: one vendor fails, the other is read', async ({ script, isSilent }) => {
    using box = new ToolBox()
    box.script('nvidia-smi', script)
    box.answers('npu-smi', [{ when: 'info', stdout: fixture('ascend/910b4-x2__25.0__load.txt') }])
    const clock = new FakeClock()
    const exec = createToolRunner({
      clock,
      toolPath: [box.toolPath],
      env: { PATH: '/usr/bin:/bin' },
    })
    const runner = new ProbeRunner({
      entries: VENDOR_ENTRIES,
      context: box.context({ exec, clock, nvmlLibrary: null }),
      random,
      basePeriodMs: 10_000,
    })
    const seen: SampleOutcome[] = []
    const of = (vendor: string) => seen.filter((outcome) => outcome.vendor === vendor)
    const first = runner.sampleAll((outcome) => seen.push(outcome))
    const second = runner.sampleAll((outcome) => seen.push(outcome))
    let isDone = false
    const both = Promise.all([first, second]).finally(() => {
      isDone = true
    })
    while (!isDone) {
      if (of('ascend').some(({ isSuccess }) => isSuccess)) await clock.run(1_000)
      await setImmediate()
    }
    await both
    expect(of('nvidia').map(({ isSuccess }) => isSuccess)).not.toContain(true)
    expect(of('ascend').map(({ isSuccess }) => isSuccess)).toContain(true)
    // Nobody waited for a tool that does not come back.
    const order = seen.map(({ vendor }) => vendor)
    if (isSilent) expect(order.indexOf('ascend')).toBeLessThan(order.indexOf('nvidia'))
    await runner.release()
    exec.stop()
    expect(runner.isHung).toBe(false)
  })
})

describe('release', () => {
  test('kills the tool of a sample under way, and samples go on after', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'exec sleep 1000')
    const { clock } = createRealWorld()
    const context = box.context({ clock, nvmlLibrary: null })
    const entries = VENDOR_ENTRIES.filter(({ vendor }) => vendor === 'ascend')
    const runner = new ProbeRunner({ entries, context, random, basePeriodMs: 10_000 })
    const outcomes: SampleOutcome[] = []
    const sample = runner.sampleAll((outcome) => outcomes.push(outcome))
    await runner.release()
    await sample
    expect(outcomes).toMatchObject([{ isSuccess: false }])
    box.answers('npu-smi', [{ when: 'info', stdout: fixture('ascend/910b4-x2__25.0__load.txt') }])
    const [inventory] = await Promise.all([runner.inventoryOf('ascend')])
    expect(inventory).toMatchObject({ isSuccess: true })
  })
})
