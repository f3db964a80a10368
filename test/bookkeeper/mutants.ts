/** Banks with one fault each, planted where they write, ask or look at the time: each must be found. */

import type { Account, Claim, Draw, Posting } from '../../collector/src/model/draw.ts'
import type { LendingAnswer, NodeLink } from '../../collector/src/model/node-link.ts'
import type { Settlement } from '../../collector/src/storage/account-requests.ts'
import type { DrawChange } from '../../collector/src/storage/draw-requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import type { Spoiling } from './collector.ts'

export interface Mutant {
  readonly name: string
  readonly spoiling: Spoiling
  /** What the bookkeeper says when he finds it. */
  readonly found: RegExp
}

/** `store` with some of its methods replaced. */
function altered(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get: (inner, name) => Reflect.get(methods, name) ?? Reflect.get(inner, name),
  })
}

function alteredChanges(alter: (change: DrawChange) => DrawChange): Spoiling {
  return {
    store: (store) =>
      altered(store, { commitDraws: (changes) => store.commitDraws(changes.map(alter)) }),
  }
}

function alteredClaims(alter: (claim: Claim) => Claim): Spoiling {
  return alteredChanges((change) => ({ ...change, draw: withClaims(change.draw, alter) }))
}

function withClaims(draw: Draw, alter: (claim: Claim) => Claim): Draw {
  return { ...draw, claims: draw.claims.map(alter) }
}

/** What should come into one account comes into another. */
function redirected(from: Account, to: Account): Spoiling {
  const moved = (posting: Posting) => (posting.to === from ? { ...posting, to } : posting)
  return {
    store: (store) =>
      altered(store, {
        commitDraws: (changes) =>
          store.commitDraws(
            changes.map((change) => ({ ...change, postings: change.postings.map(moved) })),
          ),
        commitSettlements: (settlements, outbox) =>
          store.commitSettlements(
            settlements.map((one) => ({ ...one, postings: one.postings.map(moved) })),
            outbox,
          ),
      }),
  }
}

function settledTwice(settlement: Settlement): Settlement {
  const free = settlement.postings.filter(({ to }) => to === 'delivered_idle')
  return { ...settlement, postings: [...settlement.postings, ...free] }
}

function acceptedAnyhow(answer: LendingAnswer, atMs: number): LendingAnswer {
  const isVeto = answer.status === 'declined' && answer.reason === 'veto'
  return isVeto ? { status: 'accepted', sampledAtMs: atMs, isFenced: true } : answer
}

/** Asks about a card once; an acceptance is good for all draws to come. */
function remembering(link: NodeLink): NodeLink {
  const accepted = new Map<string, LendingAnswer>()
  return {
    ask: async (question) => {
      const key = JSON.stringify([question.nodeId, question.unitIds])
      const answer = accepted.get(key) ?? (await link.ask(question))
      if (answer.status === 'accepted') accepted.set(key, answer)
      return answer
    },
    notify: (notice) => link.notify(notice),
  }
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'books free time twice',
    spoiling: {
      store: (store) =>
        altered(store, {
          commitSettlements: (settlements, outbox) =>
            store.commitSettlements(settlements.map(settledTwice), outbox),
        }),
    },
    found: /ms move from (pending|unproven), but lie in delivered_idle/,
  },
  {
    name: 'counts returned time as delivered',
    spoiling: redirected('returned', 'delivered_idle'),
    found: /returned is 0 ms, not/,
  },
  {
    name: 'counts interrupted time as delivered',
    spoiling: redirected('broken_interrupted', 'delivered_idle'),
    found: /broken_interrupted is 0 ms, not/,
  },
  {
    name: 'takes silence for delivery',
    spoiling: redirected('unproven', 'delivered_idle'),
    found: /unproven is 0 ms, not|delivered_idle is \d+ ms, not/,
  },
  {
    name: 'does not break the gap of a swap',
    spoiling: alteredChanges((change) => ({
      ...change,
      postings: change.postings.filter(({ to }) => to !== 'broken_swap'),
    })),
    found: /broken_swap is 0 ms, not/,
  },
  {
    name: 'ends leases by the wall clock',
    spoiling: { nowMs: (clock) => clock.wallMs() },
    found:
      /is (lapsed|cleaning|ended|voided), not|should be|does not begin two seconds|(endedAtMs|recallAtMs) is/,
  },
  {
    name: 'ignores recalls that were announced',
    spoiling: alteredClaims((claim) => ({ ...claim, recallAtMs: null })),
    found: /recallAtMs is null, not/,
  },
  {
    name: 'ends a veto when it hears of it',
    spoiling: alteredChanges((change) => {
      const knownMs = Math.max(0, ...change.outbox.map(({ atMs }) => atMs))
      return {
        ...change,
        draw: withClaims(change.draw, (claim) => {
          const isNew =
            claim.end === 'veto' && claim.state === 'cleaning' && claim.cleanAtMs === null
          return isNew && knownMs > 0
            ? { ...claim, endedAtMs: Math.min(knownMs, claim.untilMs ?? knownMs) }
            : claim
        }),
      }
    }),
    found: /endedAtMs is \d+, not/,
  },
  {
    name: 'lends what is vetoed on its node',
    spoiling: {
      link: (link) => ({
        ask: async (question) => acceptedAnyhow(await link.ask(question), question.startMs),
        notify: (notice) => link.notify(notice),
      }),
    },
    found: /its node has not accepted/,
  },
  {
    name: 'believes an acceptance for ever',
    spoiling: { link: remembering },
    found: /its node has not accepted (of late|the longer)/,
  },
  {
    name: 'lets holds last for ever',
    spoiling: {
      store: (store) =>
        altered(store, {
          readDueDraws: async (...asked) =>
            (await store.readDueDraws(...asked)).filter(({ state }) => state !== 'held'),
          readLiveDraws: async (nodeIds) =>
            (await store.readLiveDraws(nodeIds)).filter(({ state }) => state !== 'held'),
        }),
    },
    found: /is held, not lapsed|though a card of it cannot be lent/,
  },
  {
    name: 'takes a card for clean as soon as its lease is over',
    spoiling: alteredChanges((change) => ({
      ...change,
      draw: withClaims(change.draw, (claim) =>
        claim.state === 'cleaning'
          ? { ...claim, state: 'ended', cleanAtMs: claim.endedAtMs }
          : claim,
      ),
    })),
    found: /state is ended, not cleaning|is posted, not ended/,
  },
  {
    name: 'forgets refusals',
    spoiling: {
      store: (store) =>
        altered(store, {
          findDraw: async (drawId) => {
            const draw = await store.findDraw(drawId)
            return draw?.state === 'refused' ? null : draw
          },
        }),
    },
    found:
      /a refusal becomes a grant|nothing comes of|a bug: .*(changing|overloaded)|keeps changing/,
  },
  {
    name: 'does not tell how leases end',
    spoiling: alteredChanges((change) => ({
      ...change,
      outbox: change.outbox.filter(({ kind }) => kind !== 'lease_ended'),
    })),
    found: /the journal tells .*lease_ended.* 0 times/,
  },
  {
    name: 'books more than is likely to be free',
    spoiling: alteredChanges((change) => ({
      ...change,
      booked: change.booked.map((one) => ({ ...one, cardsMax: one.cardsMax * 100 })),
    })),
    found: /more is booked than is likely to be free/,
  },
  {
    name: 'does not break what was booked and not filled',
    spoiling: redirected('broken_unfilled', 'returned'),
    found: /broken_unfilled is 0 ms, not/,
  },
  {
    name: 'looks for no other card',
    spoiling: { swaps: { replacementsFor: () => Promise.resolve(new Map()) } },
    found: /another card could have taken its place/,
  },
]
