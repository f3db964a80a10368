import { type Calendar, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { Possession } from '../../../agent/src/owners/owner.ts'
import { createOwner } from '../../../agent/src/owners/registry.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'

/** 22:00 to 24:00 UTC, every day. */
const EVENINGS: Calendar = {
  timeZone: 'UTC',
  weekly: [
    { days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], fromMinute: 1320, toMinute: 1440 },
  ],
  holidays: [],
  workdays: [],
  exceptions: [],
}
const INSIDE_MS = Date.UTC(2026, 2, 1, 23)
const OUTSIDE_MS = Date.UTC(2026, 2, 1, 12)
const UNIT = { parentKey: null, vendor: 'nvidia', deviceFile: null, ids: [] } as const
const UNITS = [
  { ...UNIT, key: 'GPU-1', pciAddress: null },
  { ...UNIT, key: 'GPU-2', pciAddress: '0000:0c:00.0' },
]

type Arguments = [Parameters<typeof createOwner>[0], Parameters<typeof createOwner>[1]]
const CONTEXT: Parameters<typeof createOwner>[2] = {
  clock: new FakeClock(),
  random: new FakeRandom(1),
  log: silentLogger,
  run: async () => ({ status: 'missing', sentence: 'no tool' }),
  rootPrefix: '',
}

async function ask(config: Arguments, atMs: number): Promise<Possession | undefined> {
  const owner = createOwner(...config, CONTEXT)
  const answer = await owner.possession({ atMs, units: UNITS })
  expect([...answer.keys()]).toEqual(['GPU-1', 'GPU-2'])
  expect(owner.kind).toBe(config[0].kind)
  await owner.stop()
  return answer.get('GPU-1')
}

const KUBERNETES = {
  kind: 'kubernetes',
  socketPath: '/nowhere/kubelet.sock',
  periodMs: 5_000,
  bankNamespace: null,
  resources: [],
  apiServer: null,
} as const
const CONTRACT = { kind: 'contract', calendar: EVENINGS, toBank: true } as const

describe('possession', () => {
  test.each<[string, Arguments, number, Possession['status']]>([
    ['nothing stated', [{ kind: 'unstated' }, EVENINGS], INSIDE_MS, 'unproven'],
    ['none, no calendar', [{ kind: 'none' }, null], INSIDE_MS, 'unproven'],
    ['none, outside the calendar', [{ kind: 'none' }, EVENINGS], OUTSIDE_MS, 'unproven'],
    ['none, inside the calendar', [{ kind: 'none' }, EVENINGS], INSIDE_MS, 'nobody'],
    ['contract, inside its calendar', [CONTRACT, null], INSIDE_MS, 'given'],
    ['contract, outside its calendar', [CONTRACT, null], OUTSIDE_MS, 'nobody'],
    ['kubernetes, no kubelet', [KUBERNETES, null], INSIDE_MS, 'unproven'],
  ])('%s: %s', async (_name, config, atMs, status) => {
    expect((await ask(config, atMs))?.status).toBe(status)
  })

  test('what is given by contract says by whom and to whom', async () => {
    expect(await ask([CONTRACT, null], INSIDE_MS)).toEqual({
      status: 'given',
      by: 'contract',
      toBank: true,
    })
  })

  test.each<[Arguments, RegExp]>([
    [[{ kind: 'unstated' }, null], /owner\.kind/],
    [[{ kind: 'none' }, null], /deposit\.calendar/],
  ])('what is unproven says what to configure', async (config, words) => {
    const possession = await ask(config, INSIDE_MS)
    expect(possession).toMatchObject({ sentence: expect.stringMatching(words) })
  })
})
