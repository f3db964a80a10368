/** What must not leave the node leaves no output, and figures and columns stay as they were. */
import { describe, expect, test } from 'vitest'
import { maskOutput } from '../../../agent/src/probes/mask.ts'
import { VENDOR_ENTRIES, vendorEntry } from '../../../agent/src/probes/registry.ts'
import { capturesOf, fixture } from '../../support/captures.ts'

const NOTHING = { parsed: null, words: [] }

describe('masking', () => {
  test.each([
    ['GPU-5bd4b7ad-1c9e-4a55-9d2f-0123456789ab', 'GPU-00000000-0000-0000-0000-000000000000'],
    [
      '42C711D4 20B03704 4A10C8D4 14CC040A D2102003',
      '00000000 00000000 00000000 00000000 00000000',
    ],
    ['Serial Number                  : 1020A12345', 'Serial Number                  : 0000000000'],
    ['<serial>1651234567890</serial>', '<serial>0000000000000</serial>'],
    ['"Unique ID": "0x7137d9b2a08a4841"', '"Unique ID": "000000000000000000"'],
    ['Serial Number : N/A', 'Serial Number : N/A'],
    ['mac 0c:42:a1:00:11:22, ip 10.20.30.40', 'mac 00:00:00:00:00:00, ip 00.00.00.00'],
    ['Driver Version: 5.0.21.26', 'Driver Version: 5.0.21.26'],
    ['PCI 0000:c1:00.0, 2823 / 32768 MiB, 87 %', 'PCI 0000:c1:00.0, 2823 / 32768 MiB, 87 %'],
  ])('%s', (text, masked) => {
    expect(maskOutput(text, NOTHING)).toBe(masked)
  })

  test('names of processes and of the machine are crossed out where they stand as a word', async () => {
    const text = fixture('ascend/910b4-x2__25.0__load.txt')
    const parsed = (await vendorEntry('ascend')?.parse(text, 'npu-smi info')) ?? null
    const names = parsed?.devices.flatMap(({ processes }) => processes as { name: string }[]) ?? []
    expect(names.length).toBeGreaterThan(0)
    const masked = maskOutput(`on gpu-node-17:\n${text}`, { parsed, words: ['gpu-node-17'] })
    for (const { name } of names) expect(masked).not.toContain(name)
    expect(masked).not.toContain('gpu-node-17')
    expect(masked.split('\n').map(({ length }) => length)).toEqual(
      `on gpu-node-17:\n${text}`.split('\n').map(({ length }) => length),
    )
  })

  test.each(VENDOR_ENTRIES)('$vendor: the figures read the same after masking', async (entry) => {
    for (const { text, command } of capturesOf(entry.vendor)) {
      const parsed = await entry.parse(text, command)
      const masked = maskOutput(text, { parsed, words: [] })
      const again = await entry.parse(masked, command)
      const figures = (output: typeof parsed) =>
        output.devices.map((device) => [
          device.pci_bdf,
          device.memory_total_mib,
          device.memory_used_mib,
          device.utilization_pct,
          device.power_w,
          device.temperature_c,
          Array.isArray(device.processes) ? device.processes.length : device.processes,
        ])
      expect(figures(again)).toEqual(figures(parsed))
      for (const { uuid, serial } of parsed.devices) {
        for (const id of [uuid, serial].filter((one) => typeof one === 'string')) {
          if (/[1-9]/.test(id) && id.length >= 4) expect(masked).not.toContain(id)
        }
      }
    }
  })
})
