/** Which node a card has: told by the kernel module alone, never by the order of a list. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isFailure } from '../../../../agent/src/probes/card.ts'
import { deviceFileOf } from '../../../../agent/src/probes/nvidia/device-file.ts'
import { readNvidiaLog } from '../../../../agent/src/probes/nvidia/parse-xml.ts'
import { tempDir } from '../../../support/temp-dir.ts'

const INFORMATION =
  'Model: \t\t NVIDIA H200\nIRQ:   \t\t 250\nBus Location: \t 0000:1a:00.0\nDevice Minor: \t 3\n'

function cardAt(address: string) {
  const gpu = { $: { id: address }, product_name: 'NVIDIA H200' }
  const reading = readNvidiaLog({ nvidia_smi_log: { driver_version: '570.86.15', gpu } })
  const [card] = isFailure(reading) ? [] : reading.devices
  if (card === undefined) throw new Error('no card')
  return card
}

describe('the device node of a card', () => {
  test.each([
    { name: 'the minor number of the driver', text: INFORMATION, node: '/dev/nvidia3' },
    { name: 'a file without one', text: 'Model: NVIDIA H200\n', node: null },
    { name: 'a number cut short', text: 'Device Minor: \t', node: null },
    { name: 'no file', text: null, node: null },
  ])('$name', ({ text, node }) => {
    const root = tempDir()
    const folder = join(root, 'proc/driver/nvidia/gpus/0000:1a:00.0')
    mkdirSync(folder, { recursive: true })
    if (text !== null) writeFileSync(join(folder, 'information'), text)
    expect(deviceFileOf(root, cardAt('00000000:1A:00.0'))).toBe(node)
  })

  test('a card without an address has none', () => {
    expect(deviceFileOf('', cardAt('N/A'))).toBeNull()
  })
})
