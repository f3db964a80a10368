/** `yiben-agent parse` as people and tests use it. */
import { describe, expect, test } from 'vitest'
import { runParse } from '../../../agent/src/cli/parse.ts'
import { fixture } from '../../support/captures.ts'

const REQUEST = { vendor: 'ascend', command: 'npu-smi info', json: true }
const TABLE = fixture('ascend/910b4-x2__25.0__load.txt')

describe('yiben-agent parse', () => {
  test('prints the devices with the keys of the captures', async () => {
    const { exitCode, stdout } = await runParse({ ...REQUEST, text: TABLE })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      vendor: 'ascend',
      tool: 'npu-smi',
      tool_version: '25.0.rc1.1',
      devices: [
        { npu_id: 0, uuid: null, serial: null, pci_bdf: '0000:c1:00.0', processes: [] },
        { npu_id: 1, utilization_pct: 87 },
      ],
    })
  })

  test('prints a table for people, with a dash where the text does not tell', async () => {
    const { exitCode, stdout } = await runParse({ ...REQUEST, text: TABLE, json: false })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('ascend: npu-smi 25.0.rc1.1, 2 devices')
    expect(stdout).toMatch(/^0 +0 +910B4 +- +0000:c1:00\.0 +2823 +32768 +0 +93\.6 +32 +OK +0$/m)
  })

  test('a text that reports a failure is understood: an error, no devices', async () => {
    const text = 'dcmi module initialize failed. ret is -8005\n'
    const { exitCode, stdout } = await runParse({ ...REQUEST, text })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'tool_failed', class: 'init_failed', vendor_code: -8005 },
      devices: [],
    })
  })

  test('the command line fills in what the text leaves out', async () => {
    const text = '\tHealth Status                  : OK\n\tError Code                     : NA\n'
    const { stdout } = await runParse({
      ...REQUEST,
      command: 'npu-smi info -t health -i 3 -c 1',
      text,
    })
    expect(JSON.parse(stdout).devices).toMatchObject([{ npu_id: 3, chip_id: 1, health: 'OK' }])
  })

  test('a text that is not understood exits with 1', async () => {
    const { exitCode, stdout } = await runParse({ ...REQUEST, text: 'hello' })
    expect(exitCode).toBe(1)
    expect(JSON.parse(stdout).error.code).toBe('tool_output_unreadable')
  })

  test('a vendor nobody knows exits with 2 and names those that are known', async () => {
    const { exitCode, stdout } = await runParse({ ...REQUEST, vendor: 'acme', text: '' })
    expect(exitCode).toBe(2)
    expect(stdout).toContain('nvidia, ascend')
  })
})
