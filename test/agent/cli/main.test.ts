/** The program as people start it: real processes, exit codes and where words go. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../support/temp-dir.ts'

const MAIN = join(import.meta.dirname, '../../../agent/src/main.ts')

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

function agent(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })
}

describe('yiben-agent', () => {
  test.each([
    ['--help', 'Commands:'],
    ['run --help', 'deposit.enabled'],
    ['status --help', '--json'],
    ['reclaim --help', 'PCI address'],
    ['pause --help', '--for'],
    ['baseline propose --help', '--json'],
    ['doctor --help', '--state-dir'],
    ['enroll --help', '--token'],
    ['probe --help', '--vendor'],
    ['parse --help', '--command'],
    ['--version', '0.1.0'],
  ])('%s prints what it is for and exits with 0', async (args, words) => {
    const { exitCode, stdout } = await agent(args.split(' '))
    expect(stdout).toContain(words)
    expect(exitCode).toBe(0)
  })

  test.each([
    ['an unknown command', ['fly']],
    ['an unknown option', ['status', '--fly']],
    ['a missing token', ['enroll', '--collector', 'https://localhost:1']],
    ['a duration without a unit', ['pause', '--for', '5']],
    ['a vendor nobody knows', ['parse', '--vendor', 'acme', '/dev/null']],
  ])('%s is wrong usage: exit code 2', async (_, args) => {
    const { exitCode, stdout, stderr } = await agent(args)
    expect(exitCode).toBe(2)
    expect(`${stdout}${stderr}`).not.toBe('')
  })

  test('without an agent `status` fails with a sentence: exit code 1', async () => {
    const { exitCode, stderr } = await agent(['status', '--run-dir', tempDir()])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^yiben-agent: connection_failed: No agent is running at /)
  })

  test('`run` on a machine that was never enrolled says how to enroll it', async () => {
    const folder = tempDir()
    const { exitCode, stderr } = await agent(['run', '--state-dir', folder, '--run-dir', folder])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('state_missing')
    expect(stderr).toContain('yiben-agent enroll --collector URL --token TOKEN')
  })

  test('`doctor` tells each thing with what to do, also as JSON', async () => {
    const folder = join(tempDir(), 'none')
    const { exitCode, stdout } = await agent([
      'doctor',
      '--json',
      '--state-dir',
      folder,
      '--run-dir',
      folder,
    ])
    const { checks } = JSON.parse(stdout)
    expect(exitCode).toBe(1)
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'state folder', verdict: 'problem' }),
    )
    for (const { verdict, whatToDo } of checks) {
      if (verdict !== 'ok') expect(whatToDo).toMatch(/\.$/)
    }
  })
})
