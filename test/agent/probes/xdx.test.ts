/** xdxsmi as a probe: cards that can be named and watched, and never be proven free. */
import { describe, expect, test } from 'vitest'
import { xdx } from '../../../agent/src/probes/xdx.ts'
import { fixture } from '../../support/captures.ts'
import { ToolBox } from '../../support/fake-tool.ts'
import { plugCard, putFile } from '../../support/plug-card.ts'

const LOG = fixture('xdx/r1900-x2__1.6.21__idle.txt')

describe('xdxsmi', () => {
  test('lists cards by their places and offers no sign of idleness', async () => {
    using box = new ToolBox()
    box.answers('xdxsmi', [{ when: 'out', stdout: LOG }])
    putFile(box.folder, 'sys/bus/pci/devices/0000:2a:00.0/drm/renderD129/dev', '226:129\n')
    const inventory = await xdx.create(box.context()).inventory()
    expect(inventory).toMatchObject({ tool: 'xdxsmi', toolVersion: '1.6.21' })
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      {
        key: 'xdx:0000:2a:00.0',
        name: 'R1900',
        memoryTotalBytes: 16384 * 1024 * 1024,
        identities: [],
        deviceFile: '/dev/dri/renderD129',
        offers: { utilization: false, memory: false, processes: false, health: false, power: true },
      },
      { key: 'xdx:0000:2b:00.0', deviceFile: null, offers: { power: false } },
    ])
  })

  test('a sample holds power and temperature, and nothing that was not printed', async () => {
    using box = new ToolBox()
    box.answers('xdxsmi', [{ when: 'out', stdout: LOG }])
    const sample = await xdx.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings[0]).toMatchObject({
      utilization: { compute: null },
      memoryUsedBytes: null,
      powerWatts: 40.5,
      temperatureCelsius: 36,
      processes: null,
      health: { status: 'unknown' },
    })
    // What must be known of a card goes before its first reading.
    expect(box.calls('xdxsmi')).toEqual(['out', 'out', 'out'])
  })

  test('a version that does not know the first call is asked by the second', async () => {
    using box = new ToolBox()
    box.answers('xdxsmi', [
      { when: 'out', stdout: 'Usage: xdxsmi [options]\n', exitCode: 1 },
      { when: '-q', stdout: LOG },
    ])
    expect(await xdx.create(box.context()).sample()).toMatchObject({ status: 'ok' })
  })

  test('the degree sign may be lost', () => {
    const parsed = xdx.parse(LOG.replaceAll('°', ''), null)
    expect(parsed.devices.map((device) => device.temperature_c)).toEqual([36, 34])
  })

  test('a line cut at the end of the text is not read', () => {
    const cut = LOG.slice(0, LOG.indexOf('40.5 W') + 2)
    expect(xdx.parse(cut, null).devices).toMatchObject([{ name: 'R1900', power_w: null }])
  })

  test.each([
    { name: 'no device', stdout: 'No devices were found\n', code: 'tool_failed' },
    {
      name: 'blocks of another tool',
      stdout: 'GPU 0\n    Product Name : A100\n',
      code: 'tool_failed',
    },
    { name: 'nothing', stdout: '', code: 'tool_failed' },
    {
      name: 'another maker’s tool',
      stdout: '==============NVSMI LOG==============\n\nGPU 00000000:01:00.0\n',
      code: 'tool_wrong_vendor',
    },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('xdxsmi', [{ when: '*', stdout, exitCode: 1 }])
    const probe = xdx.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    plugCard(box.folder, { address: '0000:0c:00.0', ids: ['10de', '2324', '030200'], driver: null })
    expect(await probe.detect()).toEqual({ status: 'absent' })
    plugCard(box.folder, { address: '0000:2a:00.0', ids: ['1eed', '15a3', '030000'], driver: null })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })
})
