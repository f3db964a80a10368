/** `yiben-agent probe`: every field with its source or why not, and the bus beside the tools. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runProbe } from '../../../agent/src/cli/probe.ts'
import { fixture } from '../../support/captures.ts'
import { ToolBox } from '../../support/fake-tool.ts'
import { plugCard } from '../../support/plug-card.ts'

const random = { fraction: () => 0, bytes: (length: number) => new Uint8Array(length) }

describe('yiben-agent probe', () => {
  test('tells what is here, what is not and why, and what to do', async () => {
    using box = new ToolBox()
    box.answers('npu-smi', [{ when: 'info', stdout: fixture('ascend/910b4-x2__25.0__load.txt') }])
    plugCard(box.folder, {
      address: '0000:c1:00.0',
      ids: ['19e5', 'd802', '120000'],
      driver: 'devdrv_device_driver',
    })
    plugCard(box.folder, {
      address: '0000:c2:00.0',
      ids: ['19e5', 'd802', '120000'],
      driver: 'devdrv_device_driver',
    })
    plugCard(box.folder, { address: '0000:0c:00.0', ids: ['cabc', '0370', '120000'], driver: null })
    plugCard(box.folder, {
      address: '0000:0d:00.0',
      ids: ['10de', '2324', '030200'],
      driver: 'vfio-pci',
    })
    const request = { vendor: 'ascend', context: box.context(), random }
    const { exitCode, stdout } = await runProbe({ ...request, json: true })
    expect(exitCode).toBe(0)
    const report = JSON.parse(stdout)
    expect(report.vendors).toMatchObject([{ vendor: 'ascend', status: 'read', tool: 'npu-smi' }])
    expect(report.units[1].fields).toMatchObject({
      utilization_pct: { value: 87, source: 'npu-smi', why: null },
      identity: { value: null, why: 'the tool names no id; the slot must do' },
    })
    expect(report.pci.map((card: { verdict: string }) => card.verdict)).toEqual([
      'no_driver',
      'passthrough',
      'read',
      'read',
    ])
    const people = await runProbe({ ...request, json: false })
    expect(people.stdout).toContain('Install the driver of Cambricon for this kernel.')
    // Raw ids do not leave the node, not even by a ticket.
    expect(people.stdout).not.toMatch(/[0-9A-F]{8}-[0-9A-F]{8}/)
  })

  test('a tool that fails is told with its words, and the exit code is 1', async () => {
    using box = new ToolBox()
    box.answers('npu-smi', [
      { when: '*', stdout: 'dcmi module initialize failed. ret is -8005\n', exitCode: 1 },
    ])
    const request = { vendor: 'ascend', context: box.context(), random, json: true }
    const { exitCode, stdout } = await runProbe(request)
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout).vendors[0]).toMatchObject({
      status: 'failed',
      problem: expect.stringContaining('-8005'),
    })
  })

  test('a machine with nothing says so plainly', async () => {
    using box = new ToolBox()
    mkdirSync(join(box.folder, 'sys/bus/pci/devices'), { recursive: true })
    const request = { vendor: 'ascend', context: box.context(), random, json: false }
    const { exitCode, stdout } = await runProbe(request)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('not here')
    expect(stdout).toContain('No accelerator is on the PCI bus')
  })
})
