/** A probe made of a description: what it learns first, remembers, and never mixes up. */
import { describe, expect, test } from 'vitest'
import {
  type CardDevice,
  type CardReading,
  sparseCard,
  unreadable,
} from '../../../agent/src/probes/card.ts'
import { HEALTH_OK, identitiesFrom } from '../../../agent/src/probes/card-traits.ts'
import type { CardVendor } from '../../../agent/src/probes/card-vendor.ts'
import { changedCards } from '../../../agent/src/probes/inventory-calls.ts'
import { ToolProbe } from '../../../agent/src/probes/tool-probe.ts'
import { ToolBox } from '../../support/fake-tool.ts'

interface Device extends CardDevice {
  readonly mode?: string
}

/** A line per card: number, address, utilization, and an id where it is asked for. */
function read(text: string): CardReading<Device> {
  const devices = text.split('\n').flatMap((line): Device[] => {
    const [index, pci_bdf, load, uuid = null] = line.split(' ')
    if (pci_bdf === undefined) return []
    const told = { pci_bdf, uuid, utilization_pct: Number(load), memory_used_mib: 1 }
    return [{ ...sparseCard(Number(index), told), processes: [] }]
  })
  if (devices.length === 0) return unreadable('No card.')
  return { tool: 'smi', toolVersion: '1', driverVersion: null, devices }
}

/** How a card is split is told by the inventory alone, and remembered. */
function description(): CardVendor<Device> {
  const modes = new Map<string | null, string>()
  return {
    vendor: 'xdx',
    tools: ['smi'],
    read,
    inventory: async (session) => {
      const answer = await session.ask(['ids'])
      const devices = answer.status === 'ok' ? answer.output.devices : []
      for (const { pci_bdf } of devices.slice(0, 1)) modes.set(pci_bdf, 'parts')
      return answer
    },
    sample: async (session) =>
      changedCards(await session.ask(['cards']), (devices) =>
        devices.map((device) => {
          const mode = modes.get(device.pci_bdf)
          return mode === undefined ? device : { ...device, mode }
        }),
      ),
    identitiesOf: ({ uuid }) => identitiesFrom({ strong: uuid }),
    offersOf: () => ({
      utilization: true,
      memory: true,
      processes: true,
      health: true,
      power: false,
    }),
    healthOf: () => HEALTH_OK,
    splitOf: ({ mode = null }) => mode,
  }
}

const CARDS = '0 0000:01:00.0 7\n1 0000:02:00.0 9\n'
const IDS = '0 0000:01:00.0 7 first\n1 0000:02:00.0 9 second\n'

function smi(box: ToolBox, { cards = CARDS, ids = IDS } = {}): void {
  box.answers('smi', [
    { when: 'cards', stdout: cards },
    { when: 'ids', stdout: ids },
  ])
}

const probeOf = (box: ToolBox) => new ToolProbe(description(), box.context())

describe('a sample', () => {
  test('before any inventory has one made first, because it may tell how a card is split', async () => {
    using box = new ToolBox()
    smi(box)
    expect(await probeOf(box).sample()).toMatchObject({
      readings: [
        { key: 'first', processes: null },
        { key: 'second', processes: { computeCount: 0 } },
      ],
      problems: [{ key: 'first' }],
    })
  })

  test('that had an inventory made first is stamped when it was taken at last', async () => {
    using box = new ToolBox()
    smi(box)
    const clock = { ...box.context().clock, monotonicMs: () => box.calls('smi').length }
    const probe = new ToolProbe(description(), box.context({ clock }))
    // Before the third call: two went ahead of it.
    expect(await probe.sample()).toMatchObject({ observedAtMs: 2 })
    expect(await probe.sample()).not.toHaveProperty('observedAtMs')
  })

  test('after an inventory is one call', async () => {
    using box = new ToolBox()
    smi(box)
    const probe = probeOf(box)
    await probe.inventory()
    await probe.sample()
    expect(box.calls('smi')).toEqual(['ids', 'cards'])
  })

  test('knows a card by its place, whatever number it has now', async () => {
    using box = new ToolBox()
    smi(box)
    const probe = probeOf(box)
    await probe.inventory()
    smi(box, { cards: '0 0000:02:00.0 9\n1 0000:01:00.0 7\n' })
    expect(await probe.sample()).toMatchObject({
      readings: [
        { key: 'second', utilization: { compute: 0.09 } },
        { key: 'first', utilization: { compute: 0.07 } },
      ],
    })
  })

  test('of a card at an unknown place learns anew', async () => {
    using box = new ToolBox()
    smi(box)
    const probe = probeOf(box)
    await probe.inventory()
    smi(box, { cards: '0 0000:03:00.0 5\n', ids: '0 0000:03:00.0 5 third\n' })
    expect(await probe.sample()).toMatchObject({ readings: [{ key: 'third' }] })
  })

  test('of two cards that claim one id knows both by their places', async () => {
    using box = new ToolBox()
    smi(box, { ids: IDS.replace('second', 'first') })
    expect(await probeOf(box).sample()).toMatchObject({
      readings: [{ key: 'xdx:0000:01:00.0' }, { key: 'xdx:0000:02:00.0' }],
    })
  })
})

describe('a tool', () => {
  test.each([
    { name: 'that prints nothing', script: 'exit 0', code: 'tool_output_unreadable' },
    { name: 'that ends with a failure', script: 'exit 3', code: 'tool_failed' },
    {
      name: 'without its library',
      script:
        'echo "smi: error while loading shared libraries: libx.so.1: cannot open shared object file" >&2\nexit 127',
      code: 'library_missing',
    },
  ])('$name is a failure, never an empty node', async ({ script, code }) => {
    using box = new ToolBox()
    box.script('smi', script)
    expect(await probeOf(box).sample()).toMatchObject({ status: 'failed', code })
  })

  test('that is not there is absent', async () => {
    using box = new ToolBox()
    expect(await probeOf(box).detect()).toEqual({ status: 'absent' })
    expect(await probeOf(box).inventory()).toMatchObject({ code: 'tool_missing' })
  })
})
