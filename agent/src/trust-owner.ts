/** The agent as its link sees it, with what concerns keys and authorities answered before it. */
import type {
  EpochChange,
  Heartbeat,
  KeyMessage,
  LinkOwner,
  LiveMessage,
  RefusedRecord,
  TimeMeasure,
  Welcome,
} from '@yiben/shared'
import type { NodeTrust } from './trust.ts'
import type { NodeKeys } from './trust-keys.ts'

export interface TrustParts {
  readonly trust: NodeTrust
  readonly keys: NodeKeys
  readonly say: (message: LiveMessage) => void
}

type LeaseMessage = Parameters<NonNullable<LinkOwner['onLeaseMessage']>>[0]

export class TrustOwner implements LinkOwner {
  readonly #agent: LinkOwner
  readonly #parts: TrustParts

  constructor(agent: LinkOwner, parts: TrustParts) {
    this.#agent = agent
    this.#parts = parts
  }

  onKeyMessage(message: KeyMessage): void {
    const { keys, say, trust } = this.#parts
    if (message.kind === 'trust_roots') {
      const version = trust.hear(message.trustRoots)
      if (version !== null) say({ kind: 'trust_known', version })
      return
    }
    const keyChange = keys.hear(message.rotateKey)
    if (keyChange !== null) say({ kind: 'key_change', keyChange })
  }

  takeOtherKey(): boolean {
    return this.#parts.keys.takeOther()
  }

  onWelcome(welcome: Welcome): void {
    this.#parts.keys.welcomed()
    this.#agent.onWelcome(welcome)
  }

  heartbeat(): Heartbeat {
    return this.#agent.heartbeat()
  }

  timelineNowMs(): number | null {
    return this.#agent.timelineNowMs()
  }

  onTime(measure: TimeMeasure): void {
    this.#agent.onTime(measure)
  }

  onRefused(records: readonly RefusedRecord[]): void {
    this.#agent.onRefused(records)
  }

  onNeedFacts(): void {
    this.#agent.onNeedFacts()
  }

  onNewEpoch(change: EpochChange): void {
    this.#agent.onNewEpoch(change)
  }

  onOnline(): void {
    this.#agent.onOnline?.()
  }

  onLeaseMessage(message: LeaseMessage): void {
    this.#agent.onLeaseMessage?.(message)
  }
}
