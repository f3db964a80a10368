/** Sessions of people, second factors, and the audit log: what every store promises of them. */
import { describe, expect, test } from 'vitest'
import { AUDIT_START_HASH, type AuditFacts, auditHash } from '../../collector/src/model/audit.ts'
import type { AuditFilter, Login } from '../../collector/src/storage/access-store.ts'
import type { TokenRow } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const DAY = 86_400_000
const MINUTE = 60_000
const PAGE = { cursor: null, limit: 100 }

const TOKEN: TokenRow = {
  tokenId: 'a'.repeat(16),
  kind: 'access',
  secretHash: 'b'.repeat(64),
  siteCode: null,
  role: 'admin',
  regionCode: null,
  cidr: null,
  usesLeft: null,
  createdAtMs: T0,
  expiresAtMs: T0 + DAY,
  revokedAtMs: null,
}

function login(change: Partial<Login> = {}): Login {
  return {
    loginId: '01'.repeat(8),
    cookieHash: '02'.repeat(32),
    method: 'token',
    subject: `token ${TOKEN.tokenId}`,
    tokenId: TOKEN.tokenId,
    label: 'admin',
    role: 'admin',
    siteCode: null,
    regionCode: null,
    factor: 'missing',
    address: '127.0.0.1',
    createdAtMs: T0,
    seenAtMs: T0,
    expiresAtMs: T0 + DAY,
    endedAtMs: null,
    ...change,
  }
}

function facts(change: Partial<AuditFacts> = {}): AuditFacts {
  return {
    atMs: T0,
    actor: TOKEN.tokenId,
    role: 'admin',
    scope: '{"regions":"all","sites":"all"}',
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

const ALL: AuditFilter = {
  actor: null,
  loginId: null,
  route: null,
  exportId: null,
  exportsOnly: false,
  statusMin: null,
  fromMs: null,
  toMs: null,
}

function append(store: Store, rows: readonly AuditFacts[], sealAtMs: number | null = null) {
  return store.appendAudit({ rows, seen: [], sealAtMs })
}

async function numbers(store: Store, filter: Partial<AuditFilter>): Promise<readonly number[]> {
  const { rows } = await store.listAudit({ ...ALL, ...filter }, PAGE)
  return rows.map(({ number }) => number)
}

export function accessSuite(openFleet: OpenFleet): void {
  describe('sessions of people', () => sessionTests(openFleet))
  describe('second factors', () => factorTests(openFleet))
  describe('the audit log', () => auditTests(openFleet))
}

function sessionTests(openFleet: OpenFleet): void {
  test('a login is found by its cookie alone, with what its token is worth now', async () => {
    const { store } = await openFleet()
    await store.createToken(TOKEN, [])
    await store.openLogin(login())
    const token = { expiresAtMs: TOKEN.expiresAtMs, revokedAtMs: null }
    expect(await store.findLogin('02'.repeat(32))).toEqual({ login: login(), token })
    expect(await store.findLogin('01'.repeat(8))).toBeNull()
    await store.revokeToken(TOKEN.tokenId, T0 + 5, [])
    const found = await store.findLogin('02'.repeat(32))
    expect(found?.token).toEqual({ ...token, revokedAtMs: T0 + 5 })
    const other = login({ method: 'oidc', tokenId: null, subject: 'https://id#1' })
    await store.openLogin({ ...other, loginId: '03'.repeat(8), cookieHash: '04'.repeat(32) })
    expect((await store.findLogin('04'.repeat(32)))?.token).toBeNull()
  })

  test('a login that is raised is found by its new cookie alone', async () => {
    const { store } = await openFleet()
    await store.createToken(TOKEN, [])
    await store.openLogin(login())
    const change = { cookieHash: '02'.repeat(32), newCookieHash: '05'.repeat(32) }
    const raise = () => store.raiseLogin({ ...change, factor: 'verified' })
    expect(await raise()).toEqual({ status: 'raised' })
    expect(await raise()).toEqual({ status: 'not_found' })
    expect(await store.findLogin(change.cookieHash)).toBeNull()
    expect((await store.findLogin(change.newCookieHash))?.login.factor).toBe('verified')
  })

  test('a login ends once', async () => {
    const { store } = await openFleet()
    await store.createToken(TOKEN, [])
    await store.openLogin(login())
    expect(await store.endLogin('01'.repeat(8), T0 + 1)).toEqual({ status: 'ended' })
    expect(await store.endLogin('01'.repeat(8), T0 + 2)).toEqual({ status: 'already_ended' })
    expect(await store.endLogin('99'.repeat(8), T0 + 2)).toEqual({ status: 'not_found' })
    expect((await store.findLogin('02'.repeat(32)))?.login.endedAtMs).toBe(T0 + 1)
  })

  test('the list holds who is in now, newest first, page by page', async () => {
    const { store } = await openFleet()
    await store.createToken(TOKEN, [])
    await store.createToken({ ...TOKEN, tokenId: 'c'.repeat(16), revokedAtMs: T0 }, [])
    const rows: Partial<Login>[] = [
      { createdAtMs: T0 },
      { createdAtMs: T0 + 1 },
      { createdAtMs: T0 + 1 },
      { endedAtMs: T0 },
      { expiresAtMs: T0 + 10 },
      { seenAtMs: T0 - DAY },
      { tokenId: 'c'.repeat(16) },
    ]
    for (const [index, row] of rows.entries()) {
      const id = String(index).padStart(16, '0')
      await store.openLogin(login({ ...row, loginId: id, cookieHash: id }))
    }
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await store.listLogins(T0 + 10, T0 - MINUTE, { cursor, limit: 1 })
      seen.push(...page.rows.map(({ loginId }) => loginId))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen.map(Number)).toEqual([2, 1, 0])
  })

  test('that a login was heard of moves forward only', async () => {
    const { store } = await openFleet()
    await store.createToken(TOKEN, [])
    await store.openLogin(login())
    for (const atMs of [T0 + 9, T0 + 5]) {
      await store.appendAudit({
        rows: [],
        seen: [{ loginId: '01'.repeat(8), atMs }],
        sealAtMs: null,
      })
    }
    expect((await store.findLogin('02'.repeat(32)))?.login.seenAtMs).toBe(T0 + 9)
  })
}

function factorTests(openFleet: OpenFleet): void {
  const subject = 'token x'
  const enrolled = { subject, label: 'x', recovery: ['r1', 'r2'], createdAtMs: T0 }
  const sealed = (byte: number) => new Uint8Array([byte, 2, 3])
  const attempt = (atMs: number) => ({ subject, atMs, attemptsMax: 3, lockMs: MINUTE })

  test('one that was never confirmed is replaced, one that was is not', async () => {
    const { store } = await openFleet()
    const enroll = (byte: number) =>
      store.enrollSecondFactor({ ...enrolled, sealedSecret: sealed(byte) })
    expect(await enroll(1)).toEqual({ status: 'enrolled' })
    expect(await enroll(2)).toEqual({ status: 'enrolled' })
    expect((await store.findSecondFactor(subject))?.sealedSecret).toEqual(sealed(2))
    await store.useSecondFactor({ subject, atMs: T0 + 1, proof: { step: 7 } })
    expect(await enroll(3)).toEqual({ status: 'confirmed_already' })
    expect(await store.findSecondFactor(subject)).toMatchObject({
      sealedSecret: sealed(2),
      confirmedAtMs: T0 + 1,
      lastStep: 7,
    })
  })

  test('a step and those before it are taken once', async () => {
    const { store } = await openFleet()
    await store.enrollSecondFactor({ ...enrolled, sealedSecret: sealed(1) })
    const use = async (step: number) =>
      (await store.useSecondFactor({ subject, atMs: T0, proof: { step } })).status
    expect([await use(5), await use(5), await use(4), await use(6)]).toEqual([
      'taken',
      'used',
      'used',
      'taken',
    ])
  })

  test('a recovery code is taken once', async () => {
    const { store } = await openFleet()
    await store.enrollSecondFactor({ ...enrolled, sealedSecret: sealed(1) })
    const use = async (recoveryHash: string) =>
      (await store.useSecondFactor({ subject, atMs: T0, proof: { recoveryHash } })).status
    expect([await use('r1'), await use('r1'), await use('r3')]).toEqual(['taken', 'used', 'used'])
    expect((await store.findSecondFactor(subject))?.recovery).toEqual(['r2'])
  })

  test('tries are counted before they are judged; the last one allowed locks', async () => {
    const { store } = await openFleet()
    expect(await store.trySecondFactor(attempt(T0))).toEqual({ status: 'absent' })
    await store.enrollSecondFactor({ ...enrolled, sealedSecret: sealed(1) })
    const tries = await Promise.all(
      Array.from({ length: 5 }, () => store.trySecondFactor(attempt(T0))),
    )
    // Made at one instant: in which order they come is not told.
    expect(tries.map(({ status }) => status).sort()).toEqual([
      'counted',
      'counted',
      'counted',
      'locked',
      'locked',
    ])
    expect(tries).toContainEqual({ status: 'locked', untilMs: T0 + MINUTE })
    // The lock is over, and the count with it.
    for (let count = 0; count < 2; count += 1) {
      expect((await store.trySecondFactor(attempt(T0 + MINUTE))).status).toBe('counted')
    }
    await store.useSecondFactor({ subject, atMs: T0, proof: { step: 1 } })
    expect(await store.findSecondFactor(subject)).toMatchObject({
      attempts: 0,
      lockedUntilMs: null,
    })
  })

  test('a reset takes it away with an entry, and ends what it let in', async () => {
    const { store } = await openFleet()
    await store.createToken(TOKEN, [])
    await store.openLogin(login({ subject }))
    await store.enrollSecondFactor({ ...enrolled, sealedSecret: sealed(1) })
    const entry = { kind: 'second_factor_reset' as const, atMs: T0, payload: { subject } }
    expect(await store.resetSecondFactor(subject, T0 + 3, [entry])).toEqual({ status: 'reset' })
    expect(await store.resetSecondFactor(subject, T0 + 3, [entry])).toEqual({
      status: 'not_found',
    })
    expect((await store.listSecondFactors(PAGE)).rows).toEqual([])
    expect((await store.findLogin('02'.repeat(32)))?.login.endedAtMs).toBe(T0 + 3)
    const kinds = (await store.readOutbox(100)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'second_factor_reset')).toHaveLength(1)
  })
}

function auditTests(openFleet: OpenFleet): void {
  test('rows are numbered without a gap, each naming the one before it', async () => {
    const { store } = await openFleet()
    expect(await store.auditState()).toEqual({
      head: { number: 0, hash: AUDIT_START_HASH },
      seal: null,
      unsealedSinceMs: null,
    })
    await append(store, [facts(), facts({ status: 403 })])
    const state = await append(store, [facts({ atMs: T0 + 1, purpose: '月报', exportId: 'x' })])
    const rows = await store.readAuditChain(0, 100)
    expect(rows.map(({ number }) => number)).toEqual([1, 2, 3])
    let previous = AUDIT_START_HASH
    for (const row of rows) {
      expect(row.previousHash).toBe(previous)
      expect(row.hash).toBe(auditHash(previous, row.number, row))
      previous = row.hash
    }
    expect(state).toEqual({
      head: { number: 3, hash: previous },
      seal: null,
      unsealedSinceMs: T0,
    })
    expect(await store.readAuditChain(2, 100)).toHaveLength(1)
  })

  test('a seal says in the journal where the chain stands, once', async () => {
    const { store } = await openFleet()
    const { head } = await append(store, [facts()], T0 + 2)
    const state = await append(store, [], T0 + 3)
    expect(state).toEqual({
      head,
      seal: { throughNumber: 1, hash: head.hash, atMs: T0 + 2 },
      unsealedSinceMs: null,
    })
    const seals = (await store.readOutbox(100)).filter(({ kind }) => kind === 'audit_sealed')
    expect(seals).toMatchObject([
      { atMs: T0 + 2, payload: { after: 0, through: 1, head: head.hash } },
    ])
  })

  test('it is asked by actor, session, route, export, failure and time', async () => {
    const { store } = await openFleet()
    await append(store, [
      facts(),
      facts({ actor: 'other', loginId: 'l1' }),
      facts({ route: '/v1/nodes', atMs: T0 + MINUTE }),
      facts({ exportId: 'e1', purpose: 'p', atMs: T0 + 2 * MINUTE }),
      facts({ actor: null, status: 401, atMs: T0 + 3 * MINUTE }),
    ])
    expect(await numbers(store, {})).toEqual([5, 4, 3, 2, 1])
    expect(await numbers(store, { actor: 'other' })).toEqual([2])
    expect(await numbers(store, { loginId: 'l1' })).toEqual([2])
    expect(await numbers(store, { route: '/v1/nodes' })).toEqual([3])
    expect(await numbers(store, { exportId: 'e1' })).toEqual([4])
    expect(await numbers(store, { exportsOnly: true })).toEqual([4])
    expect(await numbers(store, { statusMin: 400 })).toEqual([5])
    expect(await numbers(store, { fromMs: T0 + MINUTE, toMs: T0 + 3 * MINUTE })).toEqual([4, 3])
    expect(await numbers(store, { actor: TOKEN.tokenId, fromMs: T0 + 1 })).toEqual([4, 3])
    const first = await store.listAudit(ALL, { cursor: null, limit: 2 })
    const second = await store.listAudit(ALL, { cursor: first.nextCursor, limit: 2 })
    expect(second.rows.map(({ number }) => number)).toEqual([3, 2])
  })

  test('only sealed rows that are all older than the retention are pruned', async () => {
    const { store } = await openFleet()
    await append(store, [facts(), facts()], T0)
    const { seal } = await append(store, [facts({ atMs: T0 + DAY })], T0 + DAY)
    await append(store, [facts({ atMs: T0 + 2 * DAY })])
    const atMs = T0 + 400 * DAY
    const prune = (olderThanMs: number) => store.pruneAudit({ olderThanMs, atMs })
    expect(await prune(T0)).toBe(0)
    // The second seal's rows are not all older: only the first seal's go.
    expect(await prune(T0 + DAY)).toBe(2)
    expect((await store.readAuditChain(0, 100)).map(({ number }) => number)).toEqual([3, 4])
    expect(await prune(T0 + 3 * DAY)).toBe(1)
    expect(await store.auditStart()).toEqual({ number: 3, hash: seal?.hash })
    const [left] = await store.readAuditChain(0, 100)
    expect(left).toMatchObject({ number: 4, previousHash: seal?.hash })
    expect(await prune(T0 + 3 * DAY)).toBe(0)
    // All gone but what no seal covers: the numbers go on.
    const { head } = await append(store, [facts({ atMs })])
    expect(head.number).toBe(5)
  })

  test('nothing younger than six months is ever pruned, whatever is asked', async () => {
    const { store } = await openFleet()
    await append(store, [facts()], T0)
    const request = { olderThanMs: T0 + 1, atMs: T0 + 183 * DAY }
    await expect(store.pruneAudit(request)).rejects.toThrow()
    expect(await store.readAuditChain(0, 100)).toHaveLength(1)
  })
}
