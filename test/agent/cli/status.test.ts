import { describe, expect, test } from 'vitest'
import { describeStatus } from '../../../agent/src/cli/status.ts'
import { startAgent } from '../../support/agent-rig.ts'
import { busyReading, FakeProbe, fakeCard } from '../../support/fake-probe.ts'
import { signed } from '../leases/support.ts'

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

  test('says to whom a card is lent, until when, and that it has been recalled', async () => {
    const rig = startAgent({ probes: [new FakeProbe([fakeCard('GPU-01'), fakeCard('GPU-02')])] })
    await rig.run(60_000)
    const startMs = rig.clock.wallMs() + 2_000
    const epoch = rig.spool.state().epoch
    const leaseNotice = signed({ epoch, startMs, endMs: startMs + 3_600_000 })
    rig.agent.onLeaseMessage({ kind: 'lease_notice', leaseNotice })
    const lines = () =>
      describeStatus(JSON.parse(JSON.stringify(rig.agent.status())))
        .split('\n')
        .filter((line) => /^\d /.test(line))
    const [first] = lines()
    expect(first).toMatch(/lent from 2026-11-20T00:01:02Z to tenant-7 until 2026-11-20T01:01:02Z/)
    await rig.run(2_000)
    rig.agent.reclaim(['1'], 60_000)
    const [still, recalled] = lines()
    expect(still).toMatch(/lent to tenant-7 until 2026-11-20T01:01:02Z/)
    expect(recalled).toMatch(/until 2026-11-20T00:02:02Z, when it is taken back/)
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
