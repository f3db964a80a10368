import { describe, expect, test } from 'vitest'
import { describeStatus } from '../../../agent/src/cli/status.ts'
import { startAgent } from '../../support/agent-rig.ts'
import { busyReading, FakeProbe, fakeCard } from '../../support/fake-probe.ts'

describe('status as text', () => {
  test('has a line per card with its state, and why it is not deposited and since when', async () => {
    const busy = fakeCard('GPU-02')
    busy.reading = busyReading('GPU-02')
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01'), busy])] })
    await rig.run(20 * 60_000)
    const text = describeStatus(JSON.parse(JSON.stringify(rig.agent.status())))
    const lines = text.split('\n')
    expect(lines.find((line) => line.startsWith('0 '))).toMatch(/free\/proven.*may be deposited/)
    expect(lines.find((line) => line.startsWith('1 '))).toMatch(
      /busy\/active.*90 %.*no, for 20 min/,
    )
    expect(text).toMatch(/collector {2}none: online/)
    await rig.stop()
  })

  test('says plainly that there is no card, and that the agent is paused', async () => {
    const rig = startAgent({ probes: [new FakeProbe([])] })
    await rig.run(60_000)
    await Promise.all([rig.agent.pause(3_600_000), rig.run(2_000)])
    const text = describeStatus(JSON.parse(JSON.stringify(rig.agent.status())))
    expect(text).toContain('No accelerator has been found on this node.')
    expect(text).toMatch(/paused {5}for .*, until 2026-11-20T01:01:00Z/)
    await rig.stop()
  })
})
