/** The owner's script: which file is run, with what, and what becomes of it when it fails. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRealWorld, silentLogger } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createToolRunner } from '../../../agent/src/exec.ts'
import { HandoverDesk } from '../../../agent/src/leases/handover-desk.ts'
import {
  createHandoverScript,
  type ScriptCall,
  scriptProblem,
} from '../../../agent/src/leases/handover-script.ts'
import type { HandoverCall } from '../../../agent/src/leases/lease-book.ts'
import { startAgent } from '../../support/agent-rig.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeProbe, fakeCard } from '../../support/fake-probe.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { HOUR, line, signed, T0 } from './support.ts'

const { clock: realClock } = createRealWorld()

function scriptIn(folder: string, body: string, mode = 0o755): string {
  const path = join(folder, 'handover.sh')
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, mode)
  return path
}

const CALL: ScriptCall = {
  event: 'lend',
  leaseId: 'e-1',
  account: 'tenant-7',
  devices: ['0000:01:00.0', '0000:02:00.0'],
  untilMs: T0,
}

describe('a script', () => {
  test.each<[string, (folder: string) => string, RegExp]>([
    ['that is no absolute path', () => 'handover.sh', /absolute/],
    ['that is not there', (folder) => join(folder, 'none'), /cannot be looked at/],
    ['that is a folder', (folder) => folder, /is not a file/],
    ['nobody may execute', (folder) => scriptIn(folder, ':', 0o644), /chmod 0755/],
    ['the group may write', (folder) => scriptIn(folder, ':', 0o775), /chmod go-w/],
    ['others may write', (folder) => scriptIn(folder, ':', 0o757), /chmod go-w/],
    [
      'in a folder others may write',
      (folder) => {
        mkdirSync(join(folder, 'open'))
        chmodSync(join(folder, 'open'), 0o777)
        return scriptIn(join(folder, 'open'), ':')
      },
      /folder others may write/,
    ],
    [
      'behind a link to one that others may write',
      (folder) => {
        symlinkSync(scriptIn(folder, ':', 0o777), join(folder, 'link'))
        return join(folder, 'link')
      },
      /chmod go-w/,
    ],
  ])('%s is not run', async (_, make, reason) => {
    const path = make(tempDir())
    expect(scriptProblem(path)).toMatch(reason)
    const script = createHandoverScript(path, createToolRunner({ clock: realClock, toolPath: [] }))
    expect(await script(CALL)).toMatch(/is not run/)
  })

  test('that only its owner may write is told what happened', async () => {
    const folder = tempDir()
    const path = scriptIn(folder, `env | grep YIBEN_ | sort > ${join(folder, 'told')}`)
    expect(scriptProblem(path)).toBeNull()
    const tools = createToolRunner({ clock: realClock, toolPath: [] })
    onTestFinished(() => tools.stop())
    const account = 'a b;$(id)\n'
    expect(await createHandoverScript(path, tools)({ ...CALL, account })).toBeNull()
    expect(readFileSync(join(folder, 'told'), 'utf8').trim().split('\n')).toEqual([
      // Nothing that a shell would take for more than a name.
      'YIBEN_ACCOUNT=a_b___id__',
      'YIBEN_DEVICES=0000:01:00.0,0000:02:00.0',
      'YIBEN_EVENT=lend',
      'YIBEN_LEASE=e-1',
      'YIBEN_UNTIL=2026-10-01T22:00:00.000Z',
    ])
  })

  test('that fails says why', async () => {
    const path = scriptIn(tempDir(), 'echo "no such partition" >&2; exit 3')
    const tools = createToolRunner({ clock: realClock, toolPath: [] })
    onTestFinished(() => tools.stop())
    expect(await createHandoverScript(path, tools)(CALL)).toBe(
      'The handover script ended with 3: no such partition',
    )
  })
})

function deskRig(calls: HandoverCall[]) {
  const clock = new FakeClock()
  const made: string[] = []
  const done: [string, string | null][] = []
  const answers: (string | null)[] = []
  const desk = new HandoverDesk({
    clock,
    log: silentLogger,
    script: async ({ event, leaseId }) => {
      made.push(`${event} ${leaseId}`)
      return answers.shift() ?? null
    },
    calls: () => calls,
    devicesOf: (ids) => ids,
    nowMs: () => T0,
    done: (call, problem) => {
      calls.splice(calls.indexOf(call), 1)
      done.push([`${call.event} ${call.leaseId}`, problem])
    },
  })
  return { clock, made, done, answers, desk }
}

function callOf(event: HandoverCall['event'], leaseId: string, untilMs = T0 + HOUR): HandoverCall {
  return { event, leaseId, account: 'tenant-7', unitIds: ['u0'], untilMs }
}

describe('calls', () => {
  test('are made one after the other, and those of one lease in order', async () => {
    const calls = [callOf('lend', 'e-1'), callOf('return', 'e-1'), callOf('lend', 'e-2')]
    const { clock, made, desk, done } = deskRig(calls)
    desk.wake()
    desk.wake()
    await clock.run(1)
    expect(made).toEqual(['lend e-1', 'return e-1', 'lend e-2'])
    expect(done.every(([, problem]) => problem === null)).toBe(true)
    expect(clock.pendingTimers()).toBe(0)
  })

  test('to lend are tried once, for a lease that is over not at all', async () => {
    const { clock, made, desk, done, answers } = deskRig([
      callOf('lend', 'e-1'),
      callOf('extend', 'e-2', T0),
    ])
    answers.push('no')
    desk.wake()
    await clock.run(HOUR)
    expect(made).toEqual(['lend e-1'])
    expect(done).toEqual([
      ['lend e-1', 'no'],
      ['extend e-2', null],
    ])
  })

  test('that end a lease are tried again, ever more rarely, and hold up no other lease', async () => {
    const { clock, made, desk, done, answers } = deskRig([
      callOf('expire', 'e-1'),
      callOf('lend', 'e-2'),
    ])
    answers.push('down', null, 'down', 'down')
    desk.wake()
    await clock.run(4_999)
    expect(made).toEqual(['expire e-1', 'lend e-2'])
    expect(desk.problems).toEqual(['down'])
    await clock.run(1)
    await clock.run(10_000)
    expect(made.slice(2)).toEqual(['expire e-1', 'expire e-1'])
    await clock.run(20_000)
    expect(done.at(-1)).toEqual(['expire e-1', null])
    expect(desk.problems).toEqual([])
    expect(clock.pendingTimers()).toBe(0)
  })

  test('that never succeed are given up after a day', async () => {
    const { clock, made, desk, done, answers } = deskRig([callOf('veto', 'e-1')])
    answers.push(...Array.from({ length: 1000 }, () => 'down'))
    desk.wake()
    await clock.run(23 * HOUR)
    expect(done).toEqual([])
    await clock.run(3 * HOUR)
    expect(done).toEqual([['veto e-1', 'down']])
    expect(made).toHaveLength(155)
  })

  test('cut short by the end of the agent have refused nothing', async () => {
    const { clock, desk, done, answers } = deskRig([callOf('lend', 'e-1')])
    answers.push('killed')
    desk.wake()
    desk.stop()
    await clock.run(HOUR)
    expect(done).toEqual([])
  })
})

describe('a lease that is handed over by a script', () => {
  async function lend(answer: string | null) {
    const made: ScriptCall[] = []
    const rig = startAgent({
      probes: [new FakeProbe([fakeCard('GPU-01')])],
      script: async (call) => {
        made.push(call)
        return call.event === 'lend' ? answer : null
      },
    })
    await rig.run(60_000)
    const startMs = rig.clock.wallMs() + 2_000
    const epoch = rig.spool.state().epoch
    const leaseNotice = signed({ units: [0], epoch, startMs, endMs: startMs + HOUR })
    rig.agent.onLeaseMessage({ kind: 'lease_notice', leaseNotice })
    await rig.run(5_000)
    const told = () =>
      rig.records().flatMap((one) => (one.kind === 'lease' ? [line(one.lease)] : []))
    return { rig, made, told }
  }

  test('has it told of the cards by the addresses their owner knows', async () => {
    const { rig, made, told } = await lend(null)
    expect(made).toMatchObject([{ event: 'lend', account: 'tenant-7', devices: ['0000:01:00.0'] }])
    rig.agent.reclaim([])
    await rig.run(1)
    expect(made.map(({ event }) => event)).toEqual(['lend', 'veto'])
    expect(told()[0]).toBe('taken 1 [0]')
    await rig.stop()
  })

  test('ends where the script refuses it, and the script is told that it has', async () => {
    const { rig, made, told } = await lend('no such user')
    expect(told()[0]).toBe('taken 1 [0]')
    expect(told()[1]).toContain('ended 1 [0] handover_failed')
    expect(made.map(({ event }) => event)).toEqual(['lend', 'recall'])
    expect(rig.agent.status().units[0]?.lease).toBeNull()
    await rig.stop()
  })
})
