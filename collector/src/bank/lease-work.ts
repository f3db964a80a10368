/**
 * A draw while one decision is being made on it: what changes of its claims and leases, what is
 * posted and said of it. `finish` gives the whole decision, or `null` where nothing has changed.
 * Nothing in here decides.
 */
import { assert } from '@yiben/shared'
import type { Account, Claim, Draw, Lease, LeaseId, Posting, Residue } from '../model/draw.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import { changeOf } from './draw-hold.ts'
import { assertStep } from './draw-invariants.ts'

export class LeaseWork {
  readonly #before: Draw
  readonly #nowMs: number
  #draw: Draw
  readonly #postings: Posting[] = []
  readonly #residues: Residue[] = []
  readonly #outbox: ((draw: Draw) => OutboxEntry)[] = []
  readonly #mustBeFree: number[] = []
  /** Leases whose node has something new to hear. */
  readonly #toTell = new Set<LeaseId>()

  constructor(draw: Draw, nowMs: number) {
    this.#before = draw
    this.#draw = draw
    this.#nowMs = nowMs
  }

  get draw(): Draw {
    return this.#draw
  }

  setClaim(ordinal: number, change: Partial<Claim>): void {
    const claims = this.#draw.claims.map((claim) =>
      claim.ordinal === ordinal ? { ...claim, ...change } : claim,
    )
    this.#draw = { ...this.#draw, claims }
  }

  addClaim(claim: Claim): void {
    assert(claim.ordinal === this.#draw.claims.length, 'claims are numbered in their order')
    this.#draw = { ...this.#draw, claims: [...this.#draw.claims, claim] }
    this.#mustBeFree.push(claim.ordinal)
  }

  setLease(leaseId: LeaseId, change: Partial<Lease>): void {
    const leases = this.#draw.leases.map((lease) =>
      lease.leaseId === leaseId ? { ...lease, ...change } : lease,
    )
    this.#draw = { ...this.#draw, leases }
  }

  addLease(lease: Lease): void {
    this.#draw = { ...this.#draw, leases: [...this.#draw.leases, lease] }
  }

  /** Its revision rises by one with this decision, however much has changed. */
  tellNode(leaseId: LeaseId): void {
    this.#toTell.add(leaseId)
  }

  post(ordinal: number, span: { fromMs: number; toMs: number }, from: Account, to: Account): void {
    if (span.fromMs >= span.toMs) return
    const { drawId } = this.#draw.request
    this.#postings.push({ drawId, ordinal, ...span, from, to, knownAtMs: this.#nowMs })
  }

  residue(ordinal: number, span: { readonly fromMs: number; readonly toMs: number }): void {
    if (span.fromMs >= span.toMs) return
    this.#residues.push({ drawId: this.#draw.request.drawId, ordinal, ...span })
  }

  /** Made of the draw as the decision leaves it. */
  say(entry: (draw: Draw) => OutboxEntry): void {
    this.#outbox.push(entry)
  }

  /** The store takes back what evidence has moved out of `pending` behind a past end. */
  finish(provenSinceMs = 0): DrawChange | null {
    const draw = settled(this.#told())
    if (draw === this.#before && this.#outbox.length === 0) return null
    const after = { ...draw, version: this.#before.version + 1 }
    assertStep(this.#before, after)
    return {
      ...changeOf(this.#before.version, after),
      mustBeFree: this.#mustBeFree,
      provenSinceMs,
      postings: this.#postings,
      residues: this.#residues,
      outbox: this.#outbox.map((entry) => entry(after)),
    }
  }

  #told(): Draw {
    if (this.#toTell.size === 0) return this.#draw
    const leases = this.#draw.leases.map((lease) =>
      this.#toTell.has(lease.leaseId) ? { ...lease, revision: lease.revision + 1 } : lease,
    )
    return { ...this.#draw, leases }
  }
}

/** A posted draw is over when no card of it is lent or being cleaned any more. */
function settled(draw: Draw): Draw {
  if (draw.state !== 'posted' || draw.claims.some(({ state }) => state !== 'ended')) return draw
  const ends = draw.claims.map(({ endedAtMs }) => endedAtMs).filter((atMs) => atMs !== null)
  return { ...draw, state: 'ended', endedAtMs: Math.max(...ends) }
}
