import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ToolCall, ToolResult } from '../../agent/src/probes/probe.ts'
import { stopReasonOf } from '../../agent/src/stop-reason.ts'
import { tempDir } from '../support/temp-dir.ts'

function exited(stdout: string, exitCode = 0): ToolResult {
  return { status: 'exited', exitCode, stdout, stderr: '', durationMs: 9, cpuMs: null }
}

const noJobs = () => Promise.resolve(exited('No jobs running.\n'))

test('an agent is stopped to be upgraded while its program is kept beside itself, and not before or after', async () => {
  const home = join(tempDir(), 'yiben-agent')
  const node = join(home, 'bin/node')
  expect(await stopReasonOf(node, noJobs)).toBe('stop')
  mkdirSync(join(home, 'bin'), { recursive: true })
  expect(await stopReasonOf(node, noJobs)).toBe('stop')
  mkdirSync(`${home}.keep`)
  expect(await stopReasonOf(node, noJobs)).toBe('stop')
  mkdirSync(`${home}.old`)
  expect(await stopReasonOf(node, noJobs)).toBe('upgrade')
})

describe('what systemd says it is about to do', () => {
  const failed = (status: 'missing' | 'timeout'): ToolResult => ({
    ...{ status, sentence: '', durationMs: 0 },
  })

  test.each<{ name: string; said: ToolResult; reason: string }>([
    { name: 'a reboot', said: exited('  311 reboot.target start waiting\n'), reason: 'reboot' },
    { name: 'another kernel', said: exited('311 kexec.target  start waiting\n'), reason: 'reboot' },
    {
      name: 'a reboot that was taken back',
      said: exited('311 reboot.target stop waiting\n'),
      reason: 'stop',
    },
    { name: 'nothing of the kind', said: exited('No jobs listed.\n'), reason: 'stop' },
    { name: 'no word, without D-Bus', said: exited('', 1), reason: 'stop' },
    { name: 'no word in time', said: failed('timeout'), reason: 'stop' },
    { name: 'no word, without systemd', said: failed('missing'), reason: 'stop' },
  ])('$name: $reason', async ({ said, reason }) => {
    const calls: ToolCall[] = []
    const told = await stopReasonOf('/nowhere/bin/node', (call) => {
      calls.push(call)
      return Promise.resolve(said)
    })
    expect(told).toBe(reason)
    expect(calls).toMatchObject([{ tool: 'systemctl', deadlineMs: 1_000 }])
  })
})
