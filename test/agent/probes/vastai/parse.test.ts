/** Outputs of vasmi by their structure: optional keys, counted columns, several loops. */
import { describe, expect, test } from 'vitest'
import { vastai } from '../../../../agent/src/probes/vastai/vendor.ts'
import { fixture } from '../../../support/captures.ts'

const DMON = fixture('vastai/sg100-x2-dies__3.1.3__load.txt')
const PMON_HEADER =
  'LoopTimes,AIC,DevId,PCIe_Bus_Id,PID,VPID,Command,Container_Name,Enc,Dec,Gfx,Gfx_Mem,Gfx_Mem_Usage,Reserved_Mem\n'

function devicesOf(text: string) {
  return vastai.parse(text, null).devices
}

describe('pmon', () => {
  test('a command may hold commas; sizes carry their unit; DevId may be Null', () => {
    const text = `${PMON_HEADER}1,0,Null,0000:18:00.0,77,1,sh -c a,b, c,va_a,0,0,0,2.00GB,1.5,0.00B
1,0,Null,0000:18:00.0,78,2,b,va_a,0,0,0,512.00KB,0.1,0.00B
1,1,4,0000:3b:00.0,79,3,c,va_b,0,0,0,Null,0,0.00B
`
    expect(devicesOf(text)).toMatchObject([
      {
        index: 0,
        aic: 0,
        dev_id: null,
        pci_bdf: '0000:18:00.0',
        processes: [
          { pid: 77, name: 'sh -c a, b, c', memory_mib: 2048 },
          { pid: 78, name: 'b', memory_mib: 0.5 },
        ],
      },
      { index: 1, aic: 1, dev_id: 4, processes: [{ pid: 79, memory_mib: null }] },
    ])
  })

  test('of several loops the last of each die counts; a cut row is left out', () => {
    const row = (loop: number, pid: number) =>
      `${loop},0,0,0000:18:00.0,${pid},1,a,va,0,0,0,1.00MB,0.1,0.00B\n`
    const text = PMON_HEADER + row(1, 5) + row(2, 6) + row(2, 7).slice(0, -4)
    expect(devicesOf(text)).toMatchObject([{ processes: [{ pid: 6 }] }])
  })
})

describe('dmon', () => {
  test('the last of several loops counts', () => {
    const later = DMON.replace('60.7', '63.0').replace('<1/1>', '<2/2>')
    const both = DMON.replace('<1/1>', '<1/2>') + later
    expect(devicesOf(both).map((device) => device.temperature_c)).toEqual([63, 61.3, 58.9, 59.2])
  })

  test('without its header line it is refused', () => {
    expect(vastai.parse(DMON.replace(/^AIC .*\n/m, ''), null)).toMatchObject({
      devices: [],
      error: { class: 'unreadable' },
    })
  })

  test('a row of another width is left out', () => {
    const text = DMON.replace('  1   14.8', '  1  14.8').replace(
      '  0     15.2 |      0  ',
      '  0     15.2 |',
    )
    expect(devicesOf(text).map((device) => device.dev_id)).toEqual([1, 4, 7])
  })

  test('a die below a card that could not be read has no card', () => {
    const text = DMON.replace('  0     15.2 |', '  0 |')
    expect(devicesOf(text).slice(0, 2)).toMatchObject([
      { dev_id: 0, aic: null, board_power_w: null },
      { dev_id: 1, aic: null, board_power_w: null },
    ])
  })
})

describe('JSON', () => {
  test('every key is optional, figures may be numbers', () => {
    const text = JSON.stringify({ elem: [{ vals: { Util: 7, 'AI-Util': { value: '3 %' } } }, {}] })
    expect(devicesOf(text)).toMatchObject([
      // Of the engines the one for AI is the compute engine.
      { index: 0, pci: null, serial: null, utilization_pct: 3, memory_total_mib: null },
      { index: 1, utilization_pct: null, processes: null },
    ])
  })

  test('the address of a summary stands among its values', () => {
    const vals = {
      devBusId: { value: '3B:00.0' },
      P_Cap: { value: '75' },
      P_Cur: { value: '14.9' },
    }
    expect(devicesOf(JSON.stringify({ elem: [{ vals }] }))).toMatchObject([
      { pci_bdf: '0000:3b:00.0', board_power_cap_w: 75, power_w: 14.9 },
    ])
  })
})
