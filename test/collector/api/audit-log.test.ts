/** The audit log's writer: durable when promised, patient when the disk is full, bounded always. */
import { AppError, silentLogger } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkAudit } from '../../../collector/src/api/audit-check.ts'
import { AuditLog, type AuditStore } from '../../../collector/src/api/audit-log.ts'
import type { AuditFacts } from '../../../collector/src/model/audit.ts'
import type { AuditBatch } from '../../../collector/src/storage/access-store.ts'
import { type FakeClock, settle } from '../../support/fake-clock.ts'
import { LedgerRig } from '../bank/ledger-rig.ts'

const DAY = 86_400_000

function facts(change: Partial<AuditFacts> = {}): AuditFacts {
  return {
    atMs: 1,
    actor: 'a',
    role: 'admin',
    scope: null,
    loginId: null,
    method: 'GET',
    route: '/v1/ledger',
    details: '{}',
    status: 200,
    address: '127.0.0.1',
    exportId: null,
    purpose: null,
    repeats: 1,
    ...change,
  }
}

/** Over a real store, that can be full for a while. */
class Rig {
  readonly rig = new LedgerRig()
  readonly clock: FakeClock = this.rig.clock
  readonly batches: AuditBatch[] = []
  isFull = false
  seals = 0
  readonly log: AuditLog

  constructor() {
    const { store } = this.rig
    const faulty: AuditStore = {
      auditState: () => store.auditState(),
      pruneAudit: (request) => store.pruneAudit(request),
      appendAudit: async (batch) => {
        if (this.isFull) throw new AppError('disk_full', 'The disk is full.')
        this.batches.push(batch)
        return await store.appendAudit(batch)
      },
    }
    this.log = new AuditLog({
      store: faulty,
      clock: this.clock,
      logger: silentLogger,
      retentionMs: 365 * DAY,
      onSealed: () => {
        this.seals += 1
      },
    })
  }

  async rows(): Promise<readonly string[]> {
    return (await this.rig.store.readAuditChain(0, 10_000)).map(({ route }) => route)
  }
}

test('a row that is written is durable when that resolves; a noted one within a second', async () => {
  const rig = new Rig()
  rig.log.note(facts({ route: 'noted' }))
  await settle()
  expect(await rig.rows()).toEqual([])
  await rig.log.write(facts({ route: 'written' }))
  expect(await rig.rows()).toEqual(['noted', 'written'])
  rig.log.note(facts({ route: 'later' }))
  await rig.clock.run(1_000)
  expect(await rig.rows()).toEqual(['noted', 'written', 'later'])
})

test('what is written at the same time shares transactions', async () => {
  const rig = new Rig()
  await Promise.all(Array.from({ length: 100 }, () => rig.log.write(facts())))
  expect(await rig.rows()).toHaveLength(100)
  expect(rig.batches.length).toBeLessThanOrEqual(2)
})

test('refused requests of nobody that are alike become one row with their number', async () => {
  const rig = new Rig()
  const nobody = { actor: null, role: null, status: 401 }
  for (let attempt = 0; attempt < 500; attempt += 1) rig.log.note(facts(nobody))
  rig.log.note(facts({ ...nobody, address: '10.0.0.1' }))
  rig.log.note(facts({ status: 404, details: 'one' }))
  rig.log.note(facts({ status: 404, details: 'other' }))
  rig.log.note(facts())
  rig.log.note(facts())
  await rig.clock.run(1_000)
  const rows = await rig.rig.store.readAuditChain(0, 100)
  expect(rows.map(({ repeats, status }) => [status, repeats])).toEqual([
    [401, 500],
    [401, 1],
    [404, 1],
    [404, 1],
    [200, 1],
    [200, 1],
  ])
})

test('on a full disk writes are refused at once, reads go on, and no row is lost', async () => {
  const rig = new Rig()
  rig.isFull = true
  await expect(rig.log.write(facts({ route: 'written' }))).rejects.toMatchObject({
    code: 'audit_unavailable',
  })
  expect(() => rig.log.refuseUnlogged(true)).toThrow(AppError)
  expect(() => rig.log.refuseUnlogged(false)).not.toThrow()
  rig.log.note(facts({ route: 'noted' }))
  await rig.clock.run(5_000)
  rig.isFull = false
  await rig.clock.run(1_000)
  // What was refused may have been done: its row is there too.
  expect(await rig.rows()).toEqual(['written', 'noted'])
  expect(() => rig.log.refuseUnlogged(true)).not.toThrow()
})

test('a disk that stays full ends reads too, before memory does', async () => {
  const rig = new Rig()
  rig.isFull = true
  let answered = 0
  while (answered < 50_000) {
    try {
      rig.log.refuseUnlogged(false)
    } catch {
      break
    }
    rig.log.note(facts())
    answered += 1
  }
  expect(answered).toBe(10_000)
  for (let refused = 0; refused < 100; refused += 1) rig.log.note(facts({ status: 503 }))
  rig.isFull = false
  await rig.clock.run(1_000)
  expect(await rig.rig.store.readAuditChain(0, 10_000)).toHaveLength(10_000)
})

test('the journal is told every thousand rows, once a day, and at the end', async () => {
  const rig = new Rig()
  await Promise.all(Array.from({ length: 1_000 }, () => rig.log.write(facts())))
  expect(rig.seals).toBe(1)
  await rig.log.write(facts({ atMs: rig.clock.wallMs() }))
  expect(rig.seals).toBe(1)
  await rig.clock.run(DAY + 600_000)
  expect(rig.seals).toBe(2)
  await rig.log.write(facts({ atMs: rig.clock.wallMs() }))
  await rig.log.close()
  expect(rig.seals).toBe(3)
  const { head, seal } = await rig.rig.store.auditState()
  expect(seal).toMatchObject({ throughNumber: head.number, hash: head.hash })
})

test('rows go when they are older than the retention, sealed, and not before', async () => {
  const rig = new Rig()
  await rig.log.write(facts({ atMs: rig.clock.wallMs() }))
  await rig.clock.run(DAY + 600_000)
  await rig.log.write(facts({ atMs: rig.clock.wallMs(), route: 'young' }))
  rig.clock.stepWall(364 * DAY)
  await rig.log.round()
  expect(await rig.rows()).toEqual(['young'])
  expect(await checkAudit(rig.rig.store, 0)).toMatchObject({ prunedThrough: 1, faults: [] })
  await rig.log.close()
})

test('whatever is noted and written, with whatever failures, is there once and in order', async () => {
  const step = fc.constantFrom('note', 'write', 'full', 'free', 'wait')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const rig = new Rig()
      const expected: string[] = []
      for (const [index, what] of steps.entries()) {
        const row = facts({ route: String(index) })
        if (what === 'full' || what === 'free') rig.isFull = what === 'full'
        if (what === 'wait') await rig.clock.run(1_000)
        if (what === 'note') rig.log.note(row)
        if (what === 'write') await rig.log.write(row).catch(() => {})
        if (what === 'note' || what === 'write') expected.push(String(index))
      }
      rig.isFull = false
      await rig.log.close()
      expect(await rig.rows()).toEqual(expected)
      expect((await checkAudit(rig.rig.store, 0)).faults).toEqual([])
      await rig.rig.store.close()
    }),
    { numRuns: 60 },
  )
})
