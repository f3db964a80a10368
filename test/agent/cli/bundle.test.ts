/** `doctor --bundle`: one file with everything support needs, and nothing it must not see. */
import { readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleText, recordTools, writeBundle } from '../../../agent/src/cli/bundle.ts'
import { readMachineReport } from '../../../agent/src/cli/machine-report.ts'
import { VENDOR_ENTRIES } from '../../../agent/src/probes/registry.ts'
import { fixture } from '../../support/captures.ts'
import { ToolBox } from '../../support/fake-tool.ts'
import { plugCard } from '../../support/plug-card.ts'
import { tempDir } from '../../support/temp-dir.ts'

const random = { fraction: () => 0, bytes: (length: number) => new Uint8Array(length) }
const DIE = '42C711D4 20B03704 4A10C8D4 14CC040A D2102003'

async function bundleOf(box: ToolBox): Promise<string> {
  const recorded = recordTools(box.runner())
  const context = box.context({ exec: recorded.exec, nvmlLibrary: null })
  const report = await readMachineReport({ entries: VENDOR_ENTRIES, context, random })
  const checks = [
    { name: 'agent', verdict: 'ok', sentence: `On ${hostname()}.`, whatToDo: null } as const,
  ]
  const facts = { kernel: '6.1.0-31-amd64' }
  return bundleText({ checks, report, calls: recorded.calls, facts, atMs: 0 })
}

describe('the support bundle', () => {
  test('holds every tool output with how it ended, ids and names masked, figures as printed', async () => {
    using box = new ToolBox()
    plugCard(box.folder, {
      address: '0000:c1:00.0',
      ids: ['19e5', 'd802', '120000'],
      driver: 'devdrv_device_driver',
    })
    box.answers('npu-smi', [
      { when: 'info', stdout: fixture('ascend/910b4-x2__25.0__load.txt') },
      {
        when: 'info -t board -i 0 -c 0',
        stdout: `\tNPU ID                         : 0\n\tVDie ID                        : ${DIE}\n`,
      },
    ])
    const text = await bundleOf(box)
    expect(text).toMatch(/^===== npu-smi info \(exit code 0, \d+ ms\)$/m)
    expect(text).toMatch(/^===== npu-smi info -t board -i 1 -c 0 \(exit code 64, \d+ ms\)$/m)
    expect(text).toContain('28412')
    expect(text).not.toContain(DIE)
    expect(text).toContain(`On ${'x'.repeat(hostname().length)}.`)
    expect(text).toContain('kernel: 6.1.0-31-amd64')
    expect(text).toMatch(/0000:c1:00\.0 +ascend +Ascend 910B/)
  })

  test('a tool that hangs or floods is in it by how it ended', async () => {
    using box = new ToolBox()
    box.script('npu-smi', 'exec head -c 100000000 /dev/zero')
    expect(await bundleOf(box)).toMatch(/^===== npu-smi info \(npu-smi printed more than/m)
  })

  test('is for its owner alone, and never takes the place of a file', () => {
    const path = join(tempDir(), 'bundle.txt')
    writeBundle(path, 'one\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(() => writeBundle(path, 'two\n')).toThrow(/cannot be written/)
    expect(readFileSync(path, 'utf8')).toBe('one\n')
  })
})
