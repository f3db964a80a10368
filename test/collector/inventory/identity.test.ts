import { type Identity, runCode, type UnitFacts } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideIdentities, type IdentityInput } from '../../../collector/src/inventory/identity.ts'
import { identityText, keyUnits } from '../../../collector/src/inventory/identity-key.ts'
import type { AcceleratorId, NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { IdentityClaim, UnitRow } from '../../../collector/src/model/inventory.ts'
import type { Silence } from '../../../collector/src/model/timeline.ts'
import { factsOf, NODE, T0, unitRow } from '../timeline/support.ts'

const OTHER = 'n-00000000000000ff' as NodeId

function strong(id: number): Identity {
  return { keyNumber: 1, hash: id.toString(16).padStart(64, '0'), strength: 'strong' }
}

function slot(id: number): Identity {
  return { ...strong(id + 0xf000), strength: 'slot' }
}

function card(index: number, change: Partial<UnitFacts> = {}): UnitFacts {
  return {
    index,
    kind: 'card',
    parentIndex: null,
    vendor: 'nvidia',
    name: 'H800',
    memoryTotalMib: 81_920,
    powerCapWatts: 700,
    sharePpm: 1_000_000,
    driverVersion: '550.54',
    identities: [strong(index + 1)],
    ...change,
  }
}

/** The ledger's claim on what a unit of this node shows, as `keyUnits` would ask for it. */
function claim(
  unit: UnitFacts,
  row: UnitRow | null,
  change: Partial<IdentityClaim> = {},
): IdentityClaim {
  const [key] = keyUnits(NODE, [unit])[0]?.identities ?? []
  if (key === undefined) throw new Error('every unit has a key')
  return {
    identity: key,
    acceleratorId: row?.acceleratorId ?? (900 as AcceleratorId),
    unit: row,
    provenToMs: T0,
    toldToMs: change.provenToMs ?? T0,
    ...change,
  }
}

function input(units: readonly UnitFacts[], change: Partial<IdentityInput> = {}): IdentityInput {
  return {
    nodeId: NODE,
    facts: factsOf({ units }),
    edgeMs: T0,
    nowMs: T0 + 1000,
    units: [],
    silences: [],
    claims: [],
    ...change,
  }
}

function missing(row: UnitRow, silenceId = 5): Silence {
  return {
    silenceId,
    nodeId: row.nodeId,
    unitId: row.unitId,
    fromMs: T0 - 60_000,
    toMs: null,
    code: runCode('unknown/missing'),
    declaredAtMs: T0 - 60_000,
  }
}

describe('what a node shows', () => {
  test('is new where nobody knows it', () => {
    const decision = decideIdentities(input([card(0)]))
    expect(decision.units).toMatchObject([{ unitId: null, acceleratorId: null, validFromMs: T0 }])
    expect(decision.outbox.map((entry) => entry.kind)).toEqual(['unit_admitted'])
    expect(decision.expectedClaims).toEqual([{ keyNumber: 1, hash: strong(1).hash, unitId: null }])
  })

  test('goes on where it was here before', () => {
    const row = unitRow(1)
    const decision = decideIdentities(
      input([card(0)], { units: [row], claims: [claim(card(0), row)] }),
    )
    expect(decision.units).toMatchObject([{ unitId: 1, acceleratorId: 101 }])
    expect(decision).toMatchObject({ ended: [], conflicts: [], silencesBegun: [], outbox: [] })
  })

  test('keeps its number where its last placement has ended', () => {
    const known = claim(card(0), null, { provenToMs: null })
    const decision = decideIdentities(input([card(0)], { claims: [known] }))
    expect(decision.units).toMatchObject([{ unitId: null, acceleratorId: 900 }])
  })

  test('has moved here where it was last proven elsewhere before (C5)', () => {
    const row = unitRow(9, { nodeId: OTHER })
    const known = claim(card(0), row, { provenToMs: T0 - 7_200_000 })
    const decision = decideIdentities(
      input([card(0)], { claims: [known], silences: [missing(row)] }),
    )
    expect(decision.units).toMatchObject([{ unitId: null, acceleratorId: 109, validFromMs: T0 }])
    // Proven before it was valid there: it never was, so the placement is empty.
    expect(decision.ended).toEqual([{ unitId: 9, validToMs: T0, bookedToMs: T0, reason: 'moved' }])
    expect(decision.silencesEnded).toEqual([{ silenceId: 5, toMs: T0 }])
    expect(decision.conflicts).toEqual([])
  })

  test('a move books the old place up to the first proof here (C5)', () => {
    const row = unitRow(9, { nodeId: OTHER, validFromMs: T0 - 86_400_000 })
    const known = claim(card(0), row, { provenToMs: T0 - 7_200_000 })
    const decision = decideIdentities(input([card(0)], { claims: [known] }))
    expect(decision.ended).toMatchObject([{ validToMs: T0 - 7_200_000, bookedToMs: T0 }])
  })

  test('facts of tomorrow end the old place now, where its node is heard again (C5)', () => {
    const row = unitRow(9, { nodeId: OTHER, validFromMs: T0 - 86_400_000 })
    const known = claim(card(0), row, { provenToMs: T0 - 30_000, toldToMs: T0 - 30_000 })
    const told = input([card(0)], { claims: [known] })
    const facts = { ...told.facts, atMs: T0 + 86_400_000 }
    const decision = decideIdentities({ ...told, facts })
    expect(decision.ended).toMatchObject([
      { validToMs: T0 - 30_000, bookedToMs: told.nowMs, reason: 'moved' },
    ])
    expect(decision.units).toMatchObject([{ validFromMs: facts.atMs }])
  })

  test('a placement of tomorrow keeps the card from nobody who shows it now (C5)', () => {
    const tomorrowMs = T0 + 86_400_000
    const row = unitRow(9, { nodeId: OTHER, validFromMs: tomorrowMs })
    const known = claim(card(0), row, { provenToMs: null, toldToMs: null })
    const decision = decideIdentities(input([card(0)], { claims: [known] }))
    expect(decision.conflicts).toEqual([])
    expect(decision.ended).toMatchObject([
      { unitId: row.unitId, validToMs: tomorrowMs, bookedToMs: tomorrowMs, reason: 'moved' },
    ])
    expect(decision.units).toMatchObject([{ unitId: null, validFromMs: T0 }])
  })

  test('has moved where the old node told only unknown time after; no instant is booked twice (C5)', () => {
    const row = unitRow(9, { nodeId: OTHER, validFromMs: T0 - 86_400_000 })
    const told = { provenToMs: T0 - 600_000, toldToMs: T0 + 300_000 }
    const decision = decideIdentities(input([card(0)], { claims: [claim(card(0), row, told)] }))
    expect(decision.conflicts).toEqual([])
    expect(decision.ended).toMatchObject([
      { validToMs: T0 - 600_000, bookedToMs: T0 + 300_000, reason: 'moved' },
    ])
    expect(decision.units).toMatchObject([{ unitId: null, validFromMs: T0 + 300_000 }])
  })

  test('parts of a card that has moved begin with it', () => {
    const row = unitRow(9, { nodeId: OTHER, validFromMs: T0 - 86_400_000 })
    const told = { provenToMs: T0 - 600_000, toldToMs: T0 + 300_000 }
    const part = card(1, { kind: 'slice', parentIndex: 0, sharePpm: 1_000_000 })
    const known = claim(card(0), row, told)
    const decision = decideIdentities(input([card(0), part], { claims: [known] }))
    expect(decision.units.map((unit) => unit.validFromMs)).toEqual([T0 + 300_000, T0 + 300_000])
  })

  test('has moved where the old node never proved it, however long it named it', () => {
    const row = unitRow(9, { nodeId: OTHER, validFromMs: T0 + 60_000 })
    const told = { provenToMs: null, toldToMs: T0 + 120_000 }
    const decision = decideIdentities(input([card(0)], { claims: [claim(card(0), row, told)] }))
    expect(decision.conflicts).toEqual([])
    expect(decision.ended).toMatchObject([
      { validToMs: T0 + 60_000, bookedToMs: T0 + 120_000, reason: 'moved' },
    ])
  })

  test('is a conflict where it was proven elsewhere after; the first claim keeps counting (C5)', () => {
    const row = unitRow(9, { nodeId: OTHER, validFromMs: T0 - 86_400_000 })
    const known = claim(card(0), row, { provenToMs: T0 + 1 })
    const decision = decideIdentities(input([card(0)], { claims: [known] }))
    expect(decision.conflicts).toEqual([
      { acceleratorId: 109, keptUnitId: 9, otherIndex: 0, fromMs: T0 },
    ])
    expect(decision.ended).toEqual([])
    expect(decision.outbox.map((entry) => entry.kind)).toEqual(['conflict_opened', 'unit_admitted'])
  })

  test('an open conflict is not opened again', () => {
    const kept = unitRow(9, { nodeId: OTHER, isInConflict: true })
    const own = unitRow(2, {
      acceleratorId: kept.acceleratorId,
      isInConflict: true,
      isCounted: false,
    })
    const known = claim(card(0), kept, { provenToMs: T0 + 60_000 })
    const decision = decideIdentities(input([card(0)], { units: [own], claims: [known] }))
    expect(decision.units).toMatchObject([{ unitId: 2 }])
    expect(decision.conflicts).toEqual([])
  })

  test('facts from before a move name the placement that moved', () => {
    const here = unitRow(1, {
      validToMs: T0 - 60_000,
      bookedToMs: T0 + 60_000,
      validToReason: 'moved',
    })
    const there = unitRow(9, { nodeId: OTHER, acceleratorId: here.acceleratorId })
    const known = claim(card(0), there, { provenToMs: T0 + 120_000 })
    const decision = decideIdentities(input([card(0)], { units: [here], claims: [known] }))
    expect(decision.units).toMatchObject([{ unitId: 1 }])
    expect(decision.conflicts).toEqual([])
  })

  test('facts that look ahead of the booked time begin where they say', () => {
    const decision = decideIdentities({
      ...input([card(0)]),
      facts: factsOf({ units: [card(0)], atMs: T0 + 5000 }),
    })
    expect(decision.units[0]?.validFromMs).toBe(T0 + 5000)
  })
})

describe('ids', () => {
  test('the same id twice in one node is refused for the second', () => {
    const twice = [card(0), card(1, { identities: [strong(1), slot(1)] })]
    const keyed = keyUnits(NODE, twice)
    expect(keyed[1]).toMatchObject({ refusedDuplicates: 1 })
    const decision = decideIdentities(input(twice))
    expect(decision.units[1]?.identities.map((identity) => identity.strength)).toEqual(['slot'])
  })

  test('weak ids are scoped to their node, strong ones are not', () => {
    const unit = card(0, { identities: [slot(1), strong(1)] })
    const [here] = keyUnits(NODE, [unit])
    const [there] = keyUnits(OTHER, [unit])
    expect(here?.identities.map((identity) => identity.strength)).toEqual(['strong', 'slot'])
    expect(here?.identities[0]).toEqual(there?.identities[0])
    expect(here?.identities[1]?.hash).not.toBe(there?.identities[1]?.hash)
  })

  test('cards that no tool could identify are told apart by their place', () => {
    const nameless = [card(0, { identities: [] }), card(1, { identities: [] })]
    const keys = keyUnits(NODE, nameless).map((unit) =>
      identityText(unit.identities[0] ?? strong(0)),
    )
    expect(new Set(keys).size).toBe(2)
    expect(keyUnits(NODE, nameless)[0]?.identities[0]?.strength).toBe('slot')
  })

  test('a card known by its slot that now shows a strong id is the same card', () => {
    const weak = card(0, { identities: [slot(1)] })
    const both = card(0, { identities: [strong(1), slot(1)] })
    const row = unitRow(1, { strongestIdentity: 'slot' })
    const decision = decideIdentities(input([both], { units: [row], claims: [claim(weak, row)] }))
    expect(decision.units).toMatchObject([{ unitId: 1 }])
  })

  test('another strong id in the same slot is another card, and the first is missing', () => {
    const weak = card(0, { identities: [slot(1)] })
    const both = card(0, { identities: [strong(77), slot(1)] })
    const row = unitRow(1)
    const decision = decideIdentities(input([both], { units: [row], claims: [claim(weak, row)] }))
    expect(decision.units).toMatchObject([{ unitId: null, acceleratorId: null }])
    expect(decision.silencesBegun).toMatchObject([
      { unitId: 1, fromMs: T0, code: runCode('unknown/missing') },
    ])
  })

  test('another kind of card in a slot without a strong id has replaced the first', () => {
    const weak = card(0, { identities: [slot(1)], name: 'A100' })
    const row = unitRow(1, { strongestIdentity: 'slot' })
    const decision = decideIdentities(input([weak], { units: [row], claims: [claim(weak, row)] }))
    expect(decision.units).toMatchObject([{ unitId: null }])
    expect(decision.ended).toMatchObject([{ unitId: 1, reason: 'replaced', validToMs: T0 }])
  })
})

describe('what a node no longer shows', () => {
  const row = unitRow(1)

  test('is missing from the end of its timeline on', () => {
    const decision = decideIdentities(input([], { units: [row] }))
    expect(decision.silencesBegun).toEqual([
      {
        nodeId: NODE,
        unitId: 1,
        fromMs: T0,
        toMs: null,
        code: runCode('unknown/missing'),
        declaredAtMs: T0 + 1000,
      },
    ])
  })

  test('is missing once', () => {
    const decision = decideIdentities(input([], { units: [row], silences: [missing(row)] }))
    expect(decision.silencesBegun).toEqual([])
  })

  test('goes on when it is shown again', () => {
    const change = { units: [row], silences: [missing(row)], claims: [claim(card(0), row)] }
    const decision = decideIdentities(input([card(0)], change))
    expect(decision.silencesEnded).toEqual([{ silenceId: 5, toMs: T0 }])
    expect(decision.units).toMatchObject([{ unitId: 1 }])
  })

  const part = (index: number, sharePpm: number) =>
    card(index, { kind: 'slice', parentIndex: 0, sharePpm, identities: [strong(index + 50)] })
  const partRow = (id: number, sharePpm: number) =>
    unitRow(id, { kind: 'slice', parentUnitId: row.unitId, sharePpm })

  test('parts of a card that is cut otherwise end where the new ones begin (C6)', () => {
    const old = [partRow(2, 500_000), partRow(3, 500_000)]
    const decision = decideIdentities(
      input([card(0), part(4, 1_000_000)], {
        units: [row, ...old],
        claims: [claim(card(0), row)],
      }),
    )
    expect(decision.ended.map((ended) => [ended.unitId, ended.reason, ended.validToMs])).toEqual([
      [2, 'recut', T0],
      [3, 'recut', T0],
    ])
    expect(decision.units[1]).toMatchObject({ unitId: null, validFromMs: T0 })
  })

  test('a part that keeps its id but not its share is another unit of the same accelerator', () => {
    const old = partRow(2, 500_000)
    const now = part(1, 1_000_000)
    const decision = decideIdentities(
      input([card(0), now], { units: [row, old], claims: [claim(card(0), row), claim(now, old)] }),
    )
    expect(decision.units[1]).toMatchObject({ unitId: null, acceleratorId: old.acceleratorId })
    expect(decision.ended).toMatchObject([{ unitId: 2, reason: 'recut' }])
  })

  test('parts of a card that is missing are missing with it', () => {
    const decision = decideIdentities(input([], { units: [row, partRow(2, 1_000_000)] }))
    expect(decision.silencesBegun.map((silence) => silence.unitId)).toEqual([1, 2])
    expect(decision.ended).toEqual([])
  })
})

test('every current unit is shown, missing or ended, and no unit or accelerator stands twice', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { maxLength: 9 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { maxLength: 9 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { maxLength: 9 }),
      (shown, here, elsewhere) => {
        const rows = here.map((id) => unitRow(id + 1))
        const away = elsewhere
          .filter((id) => !here.includes(id))
          .map((id) =>
            unitRow(id + 100, { nodeId: OTHER, acceleratorId: (id + 101) as AcceleratorId }),
          )
        const cards = shown.map((id) => card(id))
        const holders = [...rows, ...away]
        const claims = cards.flatMap((unit) => {
          const accelerator = unit.index + 101
          const row = holders.find((one) => one.acceleratorId === accelerator)
          return row === undefined ? [] : [claim(unit, row, { provenToMs: T0 + (unit.index % 2) })]
        })
        const decision = decideIdentities(input(cards, { units: rows, claims }))
        const goesOn = decision.units.flatMap((unit) => (unit.unitId === null ? [] : [unit.unitId]))
        const gone = decision.silencesBegun.map((silence) => silence.unitId)
        const all: (UnitId | null)[] = [...goesOn, ...gone]
        expect(new Set(all)).toEqual(new Set(rows.map((row) => row.unitId)))
        expect(all.length).toBe(rows.length)
        const known = decision.units.flatMap((unit) => unit.acceleratorId ?? [])
        expect(new Set(known).size).toBe(known.length)
        const moved = decision.ended.map((ended) => ended.unitId)
        const kept = decision.conflicts.map((conflict) => conflict.keptUnitId)
        const met = away.filter((row) => shown.includes(row.acceleratorId - 101))
        expect(new Set([...moved, ...kept])).toEqual(new Set(met.map((row) => row.unitId)))
      },
    ),
  )
})
