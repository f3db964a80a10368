/** The HTTP interface over a real store in memory, asked without a socket, one token per role. */
import { ALGORITHM_ED25519, keyPairFromSeed, silentLogger } from '@yiben/shared'
import type { App } from '../../../collector/src/api/app.ts'
import {
  type ApiContext,
  type CollectorControl,
  type ContextParts,
  createContext,
} from '../../../collector/src/api/context.ts'
import { buildApi } from '../../../collector/src/api/server.ts'
import { Bank, type DepositExplanation } from '../../../collector/src/bank/bank.ts'
import { lotKeyOf } from '../../../collector/src/bank/lots.ts'
import { Recovery } from '../../../collector/src/bank/recovery.ts'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import { mintToken, type TokenRequest } from '../../../collector/src/inventory/administration.ts'
import type { ClockAccusation } from '../../../collector/src/inventory/clock-judge.ts'
import { logFace, witnessKeys } from '../../../collector/src/journal/cosigning.ts'
import { Notary } from '../../../collector/src/journal/notary.ts'
import { Sequencer } from '../../../collector/src/journal/sequencer.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { Roller } from '../../../collector/src/rollup/roller.ts'
import { ROLES, type Role } from '../../../collector/src/storage/requests.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts'
import { testAccess } from '../../support/test-access.ts'
import { LedgerRig, QUICK } from '../bank/ledger-rig.ts'

import { witnessOf } from '../journal/witness.ts'
import { LendingParts } from './lending-parts.ts'

const DAY_MS = 86_400_000
const CATALOGUE = loadCatalogue()
const IDENTITY = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
/** A regulator's, whose cosignatures are taken. */
export const WITNESS = witnessOf('regulator.example/w1', 5)

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies are what the test looks at
  readonly body: any
}

/** Stands in for the running parts: what they were told, and what they say of themselves. */
class FakeControl implements CollectorControl {
  bank: Bank | null = null
  readonly revoked: NodeId[] = []
  readonly decided: (readonly NodeId[])[] = []
  accusation: ClockAccusation | null = null
  isSuspect = false
  reconciling: Recovery | null = null
  lending: LendingParts | null = null

  depositsSuspended(): boolean {
    return this.isSuspect
  }
  clockAccusation(): ClockAccusation | null {
    return this.accusation
  }
  recovery(): ReturnType<CollectorControl['recovery']> {
    if (this.reconciling === null) throw new Error('nothing was restored')
    return this.reconciling
  }
  draws(): ReturnType<CollectorControl['draws']> {
    return this.#lending.draws
  }
  bookings(): ReturnType<CollectorControl['bookings']> {
    return this.#lending.bookings
  }
  recall(request: Parameters<CollectorControl['recall']>[0]) {
    return this.#lending.leases.recall(request)
  }
  async explainDeposits(nodeId: NodeId): Promise<readonly DepositExplanation[]> {
    return (await this.bank?.explain(nodeId)) ?? []
  }
  nodeRevoked(nodeId: NodeId): void {
    this.revoked.push(nodeId)
  }
  placementsDecided(nodeIds: readonly NodeId[]): void {
    this.decided.push(nodeIds)
  }

  get #lending(): LendingParts {
    if (this.lending === null) throw new Error('nothing lends here')
    return this.lending
  }
}

export class ApiRig {
  readonly rig: LedgerRig
  readonly random = new FakeRandom(7)
  readonly context: ApiContext
  readonly tokens = new Map<Role, string>()
  readonly sequencer: Sequencer
  readonly notary: Notary
  readonly bank: Bank
  readonly roller: Roller
  readonly suspended: Set<string>
  readonly control: FakeControl
  readonly lending: LendingParts
  #app: App | null = null

  private constructor(
    context: ApiContext,
    parts: { readonly suspended: Set<string>; readonly control: FakeControl },
    rig: LedgerRig,
  ) {
    this.context = context
    this.suspended = parts.suspended
    this.control = parts.control
    this.rig = rig
    const common = { store: rig.store, clock: rig.clock, logger: silentLogger }
    this.sequencer = new Sequencer({ ...common, onAppended: () => context.entries.appended() })
    this.notary = new Notary({
      ...common,
      ledger: context.ledger,
      identity: IDENTITY,
      memory: new MemoryCheckpoints(),
    })
    this.bank = new Bank({
      ...common,
      lots: context.lots,
      settings: QUICK,
      random: this.random,
      liveness: {
        isSuspended: () => false,
        depositsSuspended: () => false,
        clockAccusation: () => null,
        clockOffsetMs: () => 0,
      },
    })
    this.control.bank = this.bank
    this.lending = new LendingParts(rig, context)
    this.control.lending = this.lending
    this.control.reconciling = new Recovery({ ...common, publicKey: IDENTITY.publicKey })
    this.roller = new Roller(common)
  }

  static async start(
    change: Partial<ContextParts> | ((rig: LedgerRig) => Partial<ContextParts>) = {},
  ): Promise<ApiRig> {
    const rig = new LedgerRig()
    const suspended = new Set<string>()
    const control = new FakeControl()
    const ledger = await rig.store.ledgerState()
    const context = createContext({
      store: rig.store,
      clock: rig.clock,
      random: new FakeRandom(8),
      logger: silentLogger,
      catalogue: CATALOGUE,
      ledger,
      face: logFace(ledger, IDENTITY, witnessKeys([WITNESS.verifierKey])),
      settings: {
        timeZone: 'Asia/Shanghai',
        settledLagMs: 120_000,
        requestsPerMinute: 100_000,
        followersMax: 4,
      },
      readiness: () => ({ isReady: true, reasons: [], notes: [] }),
      isSuspended: (nodeId) => suspended.has(nodeId),
      lotKey: lotKeyOf(IDENTITY),
      access: testAccess(),
      control,
      vitals: async () => [],
      onOutbox: () => {},
      ...(typeof change === 'function' ? change(rig) : change),
    })
    const api = new ApiRig(context, { suspended, control }, rig)
    api.#app = await buildApi({ context })
    for (const role of ROLES) api.tokens.set(role, await api.token({ role }))
    return api
  }

  get app(): App {
    if (this.#app === null) throw new Error('not started')
    return this.#app
  }

  async token(request: Partial<TokenRequest>): Promise<string> {
    const minted = mintToken(
      {
        role: 'admin',
        siteCode: null,
        regionCode: null,
        cidr: null,
        uses: null,
        ttlMs: 30 * DAY_MS,
        ...request,
      },
      {
        random: this.random,
        identity: { algorithm: 1, publicKey: '0c'.repeat(32) },
        by: 'test',
        nowMs: this.rig.now,
      },
    )
    await this.rig.store.createToken(minted.row, minted.outbox)
    return minted.text
  }

  /** Everything that is due in bank, rollup and journal. */
  async settle(): Promise<void> {
    await this.bank.drain()
    await this.lending.leases.drain()
    await this.roller.drain()
    await this.sequencer.drain()
    await this.notary.drain()
  }

  get(url: string, as: Role | { readonly token: string } | null = 'admin'): Promise<Answer> {
    return this.ask('GET', url, as)
  }

  async ask(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    url: string,
    as: Role | { readonly token: string } | null,
    payload?: object,
  ): Promise<Answer> {
    const token = as === null ? null : typeof as === 'string' ? this.tokens.get(as) : as.token
    const answer = await this.app.inject({
      method,
      url,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      ...(payload === undefined ? {} : { payload }),
    })
    const isJson = String(answer.headers['content-type'] ?? '').includes('json')
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: isJson ? answer.json() : null,
    }
  }

  async close(): Promise<void> {
    this.context.entries.close()
    await this.app.close()
    await this.rig.store.close()
  }
}
